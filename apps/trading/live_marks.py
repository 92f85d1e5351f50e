"""What changed since the last push to a workspace's pages, gathered in Redis.

A busy bot books several fills a second. The first change is pushed at once, what follows within
BREAK is pushed together when it is over; so a workspace costs at most two pushes per BREAK.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from apps.core.ratelimit import store

BREAK_MS = 300
LOST_AFTER_MS = 5_000  # a push that never ran does not block the ones after it for longer
KEPT_FOR = 60  # seconds
MOST = 500


def add(workspace_id: int, *marks: str) -> float | None:
    """Note the marks ("order:7"). Returns after how many seconds a push should be queued:
    0 now, None: one is on its way that will see them. Raises redis.RedisError."""
    changed, gate, tail = _keys(workspace_id)
    pipe = store().pipeline()
    pipe.sadd(changed, *marks)
    pipe.expire(changed, KEPT_FOR)
    pipe.set(gate, 1, nx=True, px=BREAK_MS)
    if pipe.execute()[-1]:
        return 0.0
    return BREAK_MS / 1000 if store().set(tail, 1, nx=True, px=LOST_AFTER_MS) else None


def take(workspace_id: int, *, delayed: bool) -> dict[str, set[int]]:
    """All marks, now cleared, by kind: {"order": {7}}. What is marked later asks for a new push."""
    changed, gate, tail = _keys(workspace_id)
    pipe = store().pipeline()
    pipe.set(gate, 1, px=BREAK_MS)
    if delayed:
        pipe.delete(tail)
    pipe.spop(changed, MOST)
    found: dict[str, set[int]] = defaultdict(set)
    taken: Any = pipe.execute()[-1]
    for mark in taken:
        kind, _, number = mark.decode().partition(":")
        found[kind].add(int(number))
    return found


def _keys(workspace_id: int) -> tuple[str, str, str]:
    changed, gate, tail = (f"live:{name}:{workspace_id}" for name in ("changed", "gate", "tail"))
    return changed, gate, tail
