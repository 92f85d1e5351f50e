"""Which connections agree with their venues. On the way of every order: plain SQL."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

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
