"""Which connections agree with their venues. On the way of every order: plain SQL."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.utils import timezone

from apps.trading.domain.alignment import NEVER, AlignmentFact, fact

STATUSES = """
SELECT connection_id, status, checked_at FROM trading_connectionalignment
WHERE connection_id = ANY(%s)
"""


def alignment_of(
    connection_ids: Collection[int], *, now: datetime | None = None
) -> dict[int, AlignmentFact]:
    """{connection: fact} for each one asked about. Never compared, or too long ago: UNKNOWN."""
    asked = sorted(set(connection_ids))
    found = dict.fromkeys(asked, NEVER)
    if not asked:
        return found
    now = now or timezone.now()
    with connection.cursor() as cursor:
        cursor.execute(STATUSES, [asked])
        for connection_id, status, checked_at in cursor.fetchall():
            found[connection_id] = fact(status, checked_at, now)
    return found


UNANSWERED = """
SELECT EXISTS (SELECT 1 FROM trading_connectionalignment
               WHERE connection_id = %s AND status = 'UNKNOWN' AND problems <> '[]'::jsonb)
"""


def is_unanswered(connection_id: int) -> bool:
    """Whether the venue did not answer the last comparison."""
    with connection.cursor() as cursor:
        cursor.execute(UNANSWERED, [connection_id])
        (told,) = cursor.fetchone()
    return bool(told)


BUSY, IDLE, UNKNOWN = timedelta(seconds=30), timedelta(seconds=100), timedelta(seconds=6)
DUE = """
SELECT c.workspace_id, c.id
FROM venues_connection AS c LEFT JOIN trading_connectionalignment AS a ON a.connection_id = c.id
WHERE c.status = 'ACTIVE' AND c.removed_at IS NULL AND c.need = 'TRADE' AND (
    a.id IS NULL OR a.status <> 'ALIGNED' OR a.checked_at IS NULL OR a.checked_at <= %(idle)s
    OR (a.checked_at <= %(busy)s AND (
        EXISTS (SELECT 1 FROM trading_order AS o WHERE o.connection_id = c.id
                AND o.status IN ('SUBMITTING', 'OPEN', 'PARTIALLY_FILLED'))
        OR EXISTS (SELECT 1 FROM trading_botvenue AS v JOIN trading_bot AS b ON b.id = v.bot_id
                   WHERE v.connection_id = c.id AND b.status <> 'STOPPED'
                     AND b.deleted_at IS NULL)))
    OR EXISTS (SELECT 1 FROM trading_order AS o WHERE o.connection_id = c.id
               AND o.status = 'SUBMITTING' AND o.sent_at <= %(unknown)s
               AND o.sent_at > a.checked_at)
)
ORDER BY a.checked_at NULLS FIRST, c.id LIMIT %(limit)s
"""


def connections_due(*, now: datetime, limit: int = 200) -> list[tuple[int, int]]:
    """Platform-wide: (workspace_id, connection_id) of what is to be compared now, oldest first.

    Every 30 s where bots run or orders work, more seldom else; soon after an order whose outcome
    is not known, and again and again while a connection is not aligned.
    """
    times: dict[str, Any] = {
        "busy": now - BUSY,
        "idle": now - IDLE,
        "unknown": now - UNKNOWN,
        "limit": limit,
    }
    with connection.cursor() as cursor:
        cursor.execute(DUE, times)
        return list(cursor.fetchall())


KEYS = """
SELECT workspace_id, id FROM venues_connection
WHERE removed_at IS NULL AND need = 'TRADE' AND (status = 'ACTIVE' OR NOT %s) ORDER BY id
"""


def connections_trading_keys(*, active: bool = True) -> list[tuple[int, int]]:
    """Platform-wide: (workspace_id, connection_id) of connections that may trade."""
    with connection.cursor() as cursor:
        cursor.execute(KEYS, [active])
        return list(cursor.fetchall())
