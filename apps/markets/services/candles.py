"""Candles in bulk, in a table with one partition a month."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from django.db import connection, transaction

from apps.core import locks
from apps.markets.domain.mids import CandleRow

TABLE = "markets_candle"
COLUMNS = (
    ("venue", "text"),
    ("symbol", "text"),
    ("interval", "text"),
    ("open_at", "timestamptz"),
    ("open", "numeric"),
    ("high", "numeric"),
    ("low", "numeric"),
    ("close", "numeric"),
    ("volume", "numeric"),
)
_NAMES = ", ".join(name for name, _ in COLUMNS)
_ARRAYS = ", ".join(f"%s::{kind}[]" for _, kind in COLUMNS)
_NEW = ", ".join(f"{name} = EXCLUDED.{name}" for name, _ in COLUMNS[4:])
# A venue's own candle knows the volume: mids of ours never replace it.
UPSERT = f"""
INSERT INTO {TABLE} ({_NAMES}, origin)
SELECT {_NAMES}, %s FROM unnest({_ARRAYS}) AS given({_NAMES})
ON CONFLICT (venue, symbol, interval, open_at) DO UPDATE SET {_NEW}, origin = EXCLUDED.origin
WHERE EXCLUDED.origin = 'VENUE' OR {TABLE}.origin = 'MID'
"""  # noqa: S608 made of the constants above


@transaction.atomic
def candles_record(*, candles: Sequence[CandleRow], origin: str) -> int:
    """Insert or replace candles, all of one origin ("MID" or "VENUE"); how many were written.

    A candle given twice counts once, the last one. Missing months are created.
    """
    once = {(c.venue, c.symbol, c.interval, c.open_at): c for c in candles}
    if not once:
        return 0
    _months_create({_month(candle.open_at) for candle in once.values()})
    arrays = [[getattr(candle, name) for candle in once.values()] for name, _ in COLUMNS]
    with connection.cursor() as cursor:
        cursor.execute(UPSERT, [origin, *arrays])
        return int(cursor.rowcount)


@transaction.atomic
def partitions_ensure(*, now: datetime, ahead: int = 3) -> list[str]:
    """Create the partitions of this month and the next `ahead`; the names of the new ones."""
    months = [_month(now)]
    for _ in range(ahead):
        months.append(_next(months[-1]))
    return _months_create(set(months))


def partition_name(month: datetime) -> str:
    return f"{TABLE}_{month:%Y_%m}"


def _months_create(months: Iterable[datetime]) -> list[str]:
    """One query where all exist. Creating takes a short exclusive lock on the candle table."""
    wanted = {partition_name(month): month for month in sorted(months)}
    if not (missing := _missing(wanted)):
        return []
    locks.alone("markets.partitions")  # two writers may want the same month at once
    missing = _missing(wanted)
    with connection.cursor() as cursor:
        for name in missing:
            begin, end = wanted[name], _next(wanted[name])
            cursor.execute(
                f"CREATE TABLE {name} PARTITION OF {TABLE} "
                f"FOR VALUES FROM ('{begin.isoformat()}') TO ('{end.isoformat()}')"
            )
    return missing


def _missing(wanted: dict[str, datetime]) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT n FROM unnest(%s::text[]) AS n WHERE to_regclass(n) IS NULL ORDER BY 1",
            [list(wanted)],
        )
        return [row[0] for row in cursor.fetchall()]


def _month(at: datetime) -> datetime:
    at = at.astimezone(UTC)
    return datetime(at.year, at.month, 1, tzinfo=UTC)


def _next(month: datetime) -> datetime:
    year, number = (month.year + 1, 1) if month.month == 12 else (month.year, month.month + 1)
    return datetime(year, number, 1, tzinfo=UTC)
