"""Nonces that rise over all processes: worker, engine and guard share a key, and two requests
with one nonce, or one that is late, are refused as a replay ("duplicate nonce").

Milliseconds of UTC, and one more where that was given out already. The store decides in one step;
without it nothing is sent, because a nonce of our own making could shut out somebody else's order.
"""

from __future__ import annotations

import hashlib
import time

import redis
import structlog

from apps.core import ratelimit
from apps.venues.domain.errors import NonceUnavailable

logger = structlog.get_logger(__name__)

KEPT = 2 * 86_400  # seconds; longer than any clock is off
_SCRIPT = """
local last = tonumber(redis.call('GET', KEYS[1]) or '0')
local next = math.max(tonumber(ARGV[1]), last + 1)
redis.call('SET', KEYS[1], string.format('%.0f', next), 'EX', ARGV[2])
return string.format('%.0f', next)
"""


def nonce_place(venue: str, key: str) -> str:
    """Where the last nonce of a venue's key stands. The key itself is not told."""
    return f"venues:nonce:{hashlib.sha256(f'{venue} {key}'.encode()).hexdigest()[:32]}"


def nonce_next(place: str, *, venue: str) -> int:
    """A nonce above every other of this place. Raises NonceUnavailable; then nothing was sent."""
    try:
        told = ratelimit.store().eval(_SCRIPT, 1, place, str(int(time.time() * 1000)), str(KEPT))
    except redis.RedisError as e:
        logger.warning("venues.nonce_store_down", venue=venue)
        raise NonceUnavailable(venue=venue) from e
    return int(str(told, "ascii") if isinstance(told, bytes) else str(told))
