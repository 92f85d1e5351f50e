"""Processes of a run: forked from the warm parent, watched to their end, whatever that is."""

from __future__ import annotations

import json
import os
import select
import signal
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

LONGEST = 60.0  # real seconds that any process of a run may take

Note = Callable[[str, Any], None]
Work = Callable[[Note], Any]


@dataclass(slots=True)
class Ending:
    """What became of a process. `notes`: what it told on its way, in order."""

    role: str
    result: Any = None
    error: str = ""
    killed: bool = False
    hung: bool = False
    cpu: float = 0.0  # seconds
    notes: list[tuple[str, Any]] = field(default_factory=list)

    def told(self, topic: str) -> list[Any]:
        return [value for name, value in self.notes if name == topic]


class Child:
    """A running process of a run."""

    def __init__(self, role: str, work: Work) -> None:
        """Fork now. The parent holds no thread and no connection that the child could spoil."""
        self.role = role
        self._began = time.monotonic()
        self._from, into = os.pipe()
        sys.stdout.flush()
        sys.stderr.flush()
        self.pid = os.fork()
        if self.pid == 0:
            os.close(self._from)
            _live(work, into)
        os.close(into)

    def ending(self) -> Ending:
        """Wait for it; one that takes too long is ended and called hung."""
        text, hung = self._read()
        if hung:
            os.kill(self.pid, signal.SIGKILL)
        os.close(self._from)
        _, status, used = os.wait4(self.pid, 0)
        end = Ending(self.role, killed=os.WIFSIGNALED(status) and not hung, hung=hung)
        end.cpu = used.ru_utime + used.ru_stime
        for line in text.split(b"\n"):
            if not line.endswith(b"]"):
                continue  # a line that its writer did not finish
            topic, value = json.loads(line)
            if topic == "result":
                end.result = value
            elif topic == "error":
                end.error = value
            else:
                end.notes.append((topic, value))
        return end

    def _read(self) -> tuple[bytes, bool]:
        parts: list[bytes] = []
        while True:
            left = self._began + LONGEST - time.monotonic()
            ready = select.select([self._from], [], [], max(left, 0.0))[0]
            if not ready:
                return b"".join(parts), True
            part = os.read(self._from, 65536)
            if not part:
                return b"".join(parts), False
            parts.append(part)


def _live(work: Work, into: int) -> None:
    """The whole life of the child; it never returns into the parent's code."""

    def note(topic: str, value: Any) -> None:
        os.write(into, json.dumps([topic, value]).encode() + b"\n")

    try:
        note("result", work(note))
    except BaseException:  # noqa: BLE001 told to the parent, whatever it is
        note("error", traceback.format_exc()[-2000:])
    finally:
        sys.stderr.flush()
        os._exit(0)
