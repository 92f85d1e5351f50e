"""Steps with their durations, for people watching; always on stderr."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator


class Progress:
    """Prints `  name ........ result (1.2 s)` as each step ends."""

    WIDTH = 22

    def __init__(self, write: Callable[[str], object]) -> None:
        self._write = write
        self._began = time.monotonic()
        self.seconds: dict[str, float] = {}

    @contextlib.contextmanager
    def step(self, name: str) -> Iterator[list[str]]:
        """Time a step; words appended to the yielded list are printed as its result."""
        began = time.monotonic()
        result: list[str] = []
        try:
            yield result
        except BaseException:
            self._write(f"  {name.ljust(self.WIDTH, '.')} failed")
            raise
        self.seconds[name] = time.monotonic() - began
        said = " ".join(result) or "done"
        self._write(f"  {name.ljust(self.WIDTH, '.')} {said} ({self.seconds[name]:.1f} s)")

    def say(self, line: str) -> None:
        self._write(line)

    @property
    def total(self) -> float:
        """Seconds since the first line."""
        return time.monotonic() - self._began
