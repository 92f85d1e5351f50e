"""The campaign's broker: messages are lines of a file, and whoever plays decides who gets them.

It stands where Celery hands a task to its broker, in every process of a run. What a process sent
before it died stays sent; what is lost, doubled or late is up to the seed.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from celery.app.task import Task

UNREAD = frozenset({"trading.page_push"})  # for open pages only; nobody looks


@dataclass(frozen=True, slots=True)
class Letter:
    """A task's name and its arguments."""

    task: str
    arguments: Mapping[str, Any]

    def __str__(self) -> str:
        told = {name: value for name, value in self.arguments.items() if name != "workspace_id"}
        return f"{self.task.removeprefix('trading.')}({','.join(map(str, told.values()))})"


class PostOffice:
    """One file that all processes append to; the parent reads on from where it was."""

    def __init__(self, path: Path) -> None:
        self._out = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_TRUNC, 0o600)
        self._in = path.open("rb")

    def install(self) -> None:
        """From now on this process and its children send here."""
        office = self

        def apply_async(
            self: Any, args: Any = None, kwargs: Any = None, **_options: object
        ) -> None:
            if args:
                raise TypeError(f"{self.name} was sent with arguments that have no names")
            office.send(Letter(self.name, kwargs or {}))

        Task.apply_async = apply_async  # type: ignore[method-assign,assignment]

    def send(self, letter: Letter) -> None:
        """In one write, so that letters of two processes never mix."""
        if letter.task not in UNREAD:
            line = json.dumps([letter.task, dict(letter.arguments)])
            os.write(self._out, line.encode() + b"\n")

    def collect(self) -> list[Letter]:
        """What was sent since the last time, in order."""
        return list(self._lines())

    def _lines(self) -> Iterator[Letter]:
        for line in self._in.readlines():
            task, arguments = json.loads(line)
            yield Letter(task, arguments)
