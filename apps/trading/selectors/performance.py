"""What bots earned over time, and how fast orders were."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import Count, Q, Sum

from apps.core.domain.people import Reader
from apps.trading.models import CapitalReservation, Plan
from apps.trading.selectors.bots import TRADED

SAMPLES = 500  # orders that a latency figure looks back on
POINTS = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Performance:
    """In one quote asset. win_rate is a fraction, None before the first closed trade."""

    quote: str
    pnl: Decimal
    today: Decimal
    trades_count: int
    trades_today: int
    win_rate: Decimal | None
    fees: Decimal
    slippage: Decimal
    captured: Decimal
    reserved: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """Milliseconds over the last SAMPLES orders; None where nothing was measured."""

    p50: float | None
    p99: float | None
    count: int


def performance_list(
    *, reader: Reader, midnight: datetime, bot_id: int | None = None
) -> list[Performance]:
    """By quote asset, the most traded first; of one bot, or of the whole workspace."""
    rows = Plan.objects.within(reader.workspace_id).filter(TRADED)
    held = CapitalReservation.objects.within(reader.workspace_id).filter(released_at=None)
    if bot_id is not None:
        rows, held = rows.filter(bot_id=bot_id), held.filter(bot_id=bot_id)
    reserved = dict(held.values_list("asset").annotate(total=Sum("amount")))
    today = Q(closed_at__gte=midnight)
    grouped = rows.values("quote").annotate(
        earned=Sum("pnl"),
        earned_today=Sum("pnl", filter=today),
        count=Count("pk"),
        count_today=Count("pk", filter=today),
        won=Count("pk", filter=Q(pnl__gt=0)),
        all_fees=Sum("fees"),
        slipped=Sum("slippage"),
        captured=Sum("spread_captured"),
    )
    found = [
        Performance(
            quote=row["quote"],
            pnl=row["earned"] or Decimal(0),
            today=row["earned_today"] or Decimal(0),
            trades_count=row["count"],
            trades_today=row["count_today"],
            win_rate=Decimal(row["won"]) / row["count"] if row["count"] else None,
            fees=row["all_fees"] or Decimal(0),
            slippage=row["slipped"] or Decimal(0),
            captured=row["captured"] or Decimal(0),
            reserved=reserved.get(row["quote"], Decimal(0)),
        )
        for row in grouped
    ]
    return sorted(found, key=lambda each: -each.trades_count)


def performance_none(quote: str) -> Performance:
    """Before the first trade: nothing was earned and nothing was lost."""
    zero = Decimal(0)
    return Performance(
        quote=quote, pnl=zero, today=zero, trades_count=0, trades_today=0, win_rate=None,
        fees=zero, slippage=zero, captured=zero, reserved=zero,
    )  # fmt: skip


# Cumulated by the database; the newest point of each bucket keeps the line short and exact.
SERIES = """
SELECT DISTINCT ON (bucket) closed_at, total FROM (
    SELECT closed_at,
           sum(pnl) OVER (ORDER BY closed_at, id) AS total,
           floor(extract(epoch FROM closed_at - %(since)s) / %(step)s) AS bucket
    FROM trading_plan
    WHERE workspace_id = %(workspace)s AND quote = %(quote)s AND pnl IS NOT NULL
      AND closed_at >= %(since)s AND (%(bot)s::bigint IS NULL OR bot_id = %(bot)s)
) AS points ORDER BY bucket, closed_at DESC
"""


def pnl_series(
    *, reader: Reader, quote: str, since: datetime, until: datetime, bot_id: int | None = None
) -> list[tuple[datetime, Decimal]]:
    """Profit cumulated from `since` on, about POINTS points, oldest first."""
    arguments: dict[str, Any] = {
        "workspace": reader.workspace_id,
        "quote": quote,
        "since": since,
        "bot": bot_id,
        "step": max(1.0, (until - since).total_seconds() / POINTS),
    }
    with connection.cursor() as cursor:
        cursor.execute(SERIES, arguments)
        return list(cursor.fetchall())


LATENCY = """
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY us),
       percentile_cont(0.99) WITHIN GROUP (ORDER BY us), count(*)
FROM (
    SELECT {column} AS us FROM trading_order
    WHERE workspace_id = %(workspace)s AND {column} IS NOT NULL
    ORDER BY placed_at DESC LIMIT %(samples)s
) AS recent
"""


def latency_summary(*, reader: Reader) -> dict[str, Latency]:
    """{"tick_to_order": ..., "round_trip": ...} of the reader's own last orders."""
    columns = {"tick_to_order": "tick_to_order_us", "round_trip": "round_trip_us"}
    return {name: _latency(reader, column) for name, column in columns.items()}


def _latency(reader: Reader, column: str) -> Latency:
    arguments = {"workspace": reader.workspace_id, "samples": SAMPLES}
    with connection.cursor() as cursor:
        cursor.execute(LATENCY.format(column=column), arguments)
        p50, p99, count = cursor.fetchone()
    return Latency(
        p50=None if p50 is None else p50 / 1000,
        p99=None if p99 is None else p99 / 1000,
        count=count,
    )
