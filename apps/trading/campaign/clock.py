"""The time of a campaign: minutes pass at once, and two processes may disagree about it.

One number in shared memory moves every process that was forked after it, and the practice venue
is told the same number. Nothing sleeps: a sweeper that waits for a minute finds it gone.
"""

from __future__ import annotations

import mmap
import struct
import time
from datetime import UTC, datetime

from django.utils import timezone

machine_time = time.time  # the real one, whatever is installed later
_NUMBER = struct.Struct("d")


class WorldClock:
    """Seconds that the world is ahead of the machine, shared with every forked process."""

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, _NUMBER.size)
        self._skew = 0.0

    @property
    def ahead(self) -> float:
        seconds: float = _NUMBER.unpack_from(self._memory)[0]
        return seconds

    def set(self, ahead: float) -> None:
        """Time passes for everybody; never back."""
        if ahead < self.ahead:
            raise ValueError("the world's time does not go back")
        _NUMBER.pack_into(self._memory, 0, ahead)

    def time(self) -> float:
        """UTC seconds as this process sees them."""
        return machine_time() + self.ahead + self._skew

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.time(), tz=UTC)

    def install(self, skew: float = 0.0) -> None:
        """Make it this process's clock, `skew` seconds beside the world's."""
        self._skew = skew
        time.time = self.time
        time.time_ns = lambda: int(self.time() * 1e9)
        timezone.now = self.now
