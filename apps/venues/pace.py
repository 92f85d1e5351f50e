"""A venue's documented pace, kept by all processes together.

Venues count requests by address or key, whichever process sends them. The local bucket comes first
and costs nothing; then one step in the store takes a turn from what worker, engine and guard share.
While the store is away each process goes on alone at a part of the pace, so that a stop can always
be carried out.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import redis
import structlog
from django.conf import settings

logger = structlog.get_logger(__name__)

LONGEST_WAIT = 0.5  # seconds a call waits for its turn before it is refused
BURST_FOR = 2.0  # seconds of pace that may be spent at once
ALONE = 1 / 3  # of the pace: worker, engine and guard may all be alone
STORE_WITHIN = 0.05  # seconds the store may take before it counts as away
PLACE = "venues:pace:"
ASK_AGAIN = 1.0  # seconds until a store that was away is asked again

# The instant up to which turns are given out, in microseconds of the store's own clock.
_SCRIPT = """
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local taken = math.max(tonumber(redis.call('GET', KEYS[1]) or '0'), now) + ARGV[1]
local wait = taken - ARGV[2] - now
if wait > tonumber(ARGV[3]) then return -1 end
redis.call('SET', KEYS[1], string.format('%.0f', taken), 'PX', math.ceil((taken - now) / 1000) + 1)
return math.ceil(math.max(wait, 0))
"""
_patience = LONGEST_WAIT


def patient(seconds: float) -> None:
    """This process waits longer for its turns than others may. For who must come through: nobody
    else can take turns further ahead than LONGEST_WAIT."""
    global _patience
    _patience = seconds


class Bucket:
    """A token bucket: `rate` calls a second, short bursts allowed. Thread-safe."""

    def __init__(self, rate: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.rate, self._clock = rate, clock
        self.size = max(1.0, rate * BURST_FOR)
        self._tokens, self._at = self.size, clock()
        self._guard = threading.Lock()

    def reserve(self) -> float | None:
        """Seconds to wait before calling, or None when the wait would be too long."""
        with self._guard:
            now = self._clock()
            self._tokens = min(self.size, self._tokens + (now - self._at) * self.rate)
            self._at = now
            wait = max(0.0, (1.0 - self._tokens) / self.rate)
            if wait > _patience:
                return None
            self._tokens -= 1.0
            return wait


class Pace:
    """One venue's. Thread-safe."""

    def __init__(
        self, venue: str, rate: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._place, self._clock = f"{PLACE}{venue}", clock
        self._local, self._alone = Bucket(rate, clock), Bucket(rate * ALONE, clock)
        self._step = 1e6 / rate  # microseconds from one turn to the next
        self._ahead = max(1.0, rate * BURST_FOR) * self._step

    def reserve(self) -> float | None:
        """Seconds to wait before calling, or None when the wait would be too long."""
        wait = self._local.reserve()
        if wait is None:
            return None
        shared = self._shared()
        return None if shared is None else max(wait, shared)

    def _shared(self) -> float | None:
        if _store_away_until > self._clock():
            return self._alone.reserve()
        try:
            turn: Any = _turns()(
                keys=[self._place],
                args=[self._step, self._ahead, _patience * 1e6],
            )
        except redis.RedisError as e:
            _store_lost(self._clock(), type(e).__name__)
            return self._alone.reserve()
        return None if turn < 0 else int(turn) / 1e6


_store_away_until = 0.0


def _store_lost(now: float, problem: str) -> None:
    global _store_away_until
    if now - _store_away_until > ASK_AGAIN:
        logger.warning("venues.pace_store_down", problem=problem)
    _store_away_until = now + ASK_AGAIN


@lru_cache(maxsize=1)
def _turns() -> Any:
    """The script on a client of its own: an order does not wait a second for a store that hangs."""
    client = redis.Redis.from_url(
        settings.REDIS_URL, socket_timeout=STORE_WITHIN, socket_connect_timeout=STORE_WITHIN
    )
    return client.register_script(_SCRIPT)


def forget() -> None:
    """For tests, and after a fork."""
    global _store_away_until, _patience
    _store_away_until, _patience = 0.0, LONGEST_WAIT
    _turns.cache_clear()
