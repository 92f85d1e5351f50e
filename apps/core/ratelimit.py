"""Sliding-window rate limits in Redis. Sign-in and trading are refused when Redis is down."""

from __future__ import annotations

import hashlib
import hmac
import time
import uuid
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import redis
import structlog
from django.conf import settings
from django.http import HttpRequest

from apps.core.domain.errors import BrokerDown, TooManyRequests

logger = structlog.get_logger(__name__)

# One round trip, atomic: drop what left the window, count, add when there is room.
_SCRIPT = """
redis.call('ZREMRANGEBYSCORE', KEYS[1], 0, ARGV[1] - ARGV[2])
local used = redis.call('ZCARD', KEYS[1])
if used >= tonumber(ARGV[3]) then
  local oldest = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
  return {0, math.ceil((tonumber(oldest[2]) + ARGV[2] - ARGV[1]) / 1000)}
end
redis.call('ZADD', KEYS[1], ARGV[1], ARGV[4])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return {1, tonumber(ARGV[3]) - used - 1}
"""


@dataclass(frozen=True, slots=True)
class Limit:
    name: str
    count: int
    seconds: int
    fail_closed: bool = False


AUTH = Limit("auth", 10, 60, fail_closed=True)
TRADING = Limit("trading", 60, 60, fail_closed=True)
STOP = Limit("stop", 6_000, 60)  # HALT and stop: nobody gets there by hand, and it fails open
READ = Limit("read", 600, 60)
WRITE = Limit("write", 120, 60)


@lru_cache(maxsize=1)
def store() -> redis.Redis:
    return redis.Redis.from_url(settings.REDIS_URL, socket_timeout=1, socket_connect_timeout=1)


def take(limit: Limit, who: str) -> int:
    """Use one slot of the window; return how many are left.

    Raises TooManyRequests when none is left, BrokerDown when the store is down and the limit
    fails closed.
    """
    now = int(time.time() * 1000)
    key = f"rl:{limit.name}:{hashlib.sha256(who.encode()).hexdigest()[:32]}"
    arguments: list[Any] = [now, limit.seconds * 1000, limit.count, uuid.uuid4().hex]
    try:
        answer: Any = store().eval(_SCRIPT, 1, key, *arguments)
    except redis.RedisError as e:
        logger.warning("ratelimit.store_down", limit=limit.name)
        if limit.fail_closed:
            raise BrokerDown from e
        return limit.count
    allowed, rest = int(answer[0]), int(answer[1])
    if not allowed:
        raise TooManyRequests(details={"retry_after": max(rest, 1), "limit": limit.name})
    return rest


def caller(request: HttpRequest) -> str:
    """The user where one is signed in, else the address as a keyed hash."""
    user = getattr(request, "user", None)
    if user is not None and user.is_authenticated:
        return f"user:{user.pk}"
    return address_hash(request)


def address_hash(request: HttpRequest) -> str:
    """The client's address, never in clear: HMAC with the site's key."""
    address = request.META.get("REMOTE_ADDR", "")
    forwarded = request.headers.get("X-Forwarded-For", "")
    if settings.TRUSTED_PROXIES and forwarded:
        hops = [hop.strip() for hop in forwarded.split(",")]
        address = hops[-min(settings.TRUSTED_PROXIES, len(hops))]
    digest = hmac.new(settings.SECRET_KEY.encode(), address.encode(), hashlib.sha256)
    return f"ip:{digest.hexdigest()[:32]}"
