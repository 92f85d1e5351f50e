"""The history of one symbol's spreads, thinned for charts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.db import connection

POINTS = 500
INTERVALS = {"5s": 5, "1m": 60, "5m": 300, "15m": 900, "1h": 3600}  # seconds

BEST = """
SELECT floor(extract(epoch FROM at) / %(step)s) * %(step)s AS bucket,
       max(net), (array_agg(gross ORDER BY net DESC))[1]
FROM markets_spreadsample
WHERE symbol = %(symbol)s AND at >= %(since)s AND at < %(until)s
  AND (%(buy)s::text IS NULL OR buy_venue = %(buy)s)
  AND (%(sell)s::text IS NULL OR sell_venue = %(sell)s)
GROUP BY bucket ORDER BY bucket
"""


@dataclass(frozen=True, slots=True)
class HistoryPoint:
    """The best net of a bucket of time and the gross of that sample, as fractions."""

    at: int  # UTC seconds: where the bucket begins
    net: Decimal
    gross: Decimal


def step_for(*, since: datetime, until: datetime) -> int:
    """Seconds of a bucket, so that about POINTS of them cover the time."""
    wanted = (until - since) / timedelta(seconds=1) / POINTS
    return next((step for step in INTERVALS.values() if step >= wanted), 3600)


def spread_history(
    *,
    symbol: str,
    since: datetime,
    until: datetime,
    step: int | None = None,
    buy_venue: str | None = None,
    sell_venue: str | None = None,
) -> list[HistoryPoint]:
    """Buckets that hold a sample, oldest first: a time without samples is a gap, not a zero.

    Over all venue pairs, unless one or both venues are named.
    """
    arguments: dict[str, str | int | datetime | None] = {
        "symbol": symbol,
        "since": since,
        "until": until,
        "step": step or step_for(since=since, until=until),
        "buy": buy_venue,
        "sell": sell_venue,
    }
    with connection.cursor() as cursor:
        cursor.execute(BEST, arguments)
        return [HistoryPoint(int(at), net, gross) for at, net, gross in cursor.fetchall()]
