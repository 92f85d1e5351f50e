"""The instance's append-only journal: one checksummed JSON record a line, replayed at start.

A line is `<crc32 of the rest, 8 hex digits> <json>\\n`; records carry a sequence number without
gaps. A torn last line (power loss, kill -9) is cut off; damage anywhere else is refused, because a
ledger with a hole is no witness.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import orjson

from apps.practice.domain.events import Fact, fact_from_record, fact_to_record


class JournalDamaged(RuntimeError):
    """A record inside the journal is wrong; the instance must not start on it."""


class JournalBusy(RuntimeError):
    """Another process holds this journal."""


class Journal:
    """Appends facts to one file; `sync` makes them durable, shared by whoever waits."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._file = open(path, "a+b", buffering=0)  # noqa: SIM115 - lives as long as the instance
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._file.close()
            raise JournalBusy(f"{path} is in use by another practice venue") from None
        self._sequence = 0
        self._synced = 0
        self._syncing: asyncio.Task[None] | None = None

    def replay(self) -> list[Fact]:
        """All facts from the start; cuts a torn last line. Call once, before any append."""
        self._file.seek(0)
        data, facts, good = self._file.read(), [], 0
        for line in data.splitlines(keepends=True):
            record = _parse(line)
            if record is None or record.pop("n", None) != self._sequence + 1:
                if good + len(line) < len(data):
                    raise JournalDamaged(f"{self.path}: record {self._sequence + 1} is damaged")
                break
            self._sequence += 1
            good += len(line)
            facts.append(fact_from_record(record))
        if good < len(data):
            os.ftruncate(self._file.fileno(), good)
        self._synced = self._sequence
        return facts

    def append(self, facts: Iterable[Fact]) -> None:
        """Hand the facts to the operating system: they survive this process from here on."""
        lines = []
        for fact in facts:
            self._sequence += 1
            body = orjson.dumps({"n": self._sequence, **fact_to_record(fact)})
            lines.append(b"%08x %b\n" % (zlib.crc32(body), body))
        if lines:
            self._file.write(b"".join(lines))

    async def sync(self) -> None:
        """Wait until everything appended so far is on the disk; concurrent callers share one."""
        wanted = self._sequence
        while self._synced < wanted:
            if self._syncing is None or self._syncing.done():
                self._syncing = asyncio.create_task(self._sync())
            await asyncio.shield(self._syncing)

    async def _sync(self) -> None:
        reached = self._sequence
        await asyncio.to_thread(os.fdatasync, self._file.fileno())
        self._synced = reached

    def close(self) -> None:
        if not self._file.closed:
            os.fsync(self._file.fileno())
            self._file.close()


def _parse(line: bytes) -> dict[str, Any] | None:
    """The record of a line, or None when it is torn or altered."""
    if len(line) < 11 or not line.endswith(b"\n"):
        return None
    body = line[9:-1]
    if line[:8] != b"%08x" % zlib.crc32(body):
        return None
    record: dict[str, Any] = orjson.loads(body)
    return record
