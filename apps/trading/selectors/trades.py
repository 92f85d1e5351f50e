"""Booked trades: fills with what their plan earned, filtered, totalled, and as CSV rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import Count, F, Max, QuerySet, Sum

from apps.core.domain.money import plain
from apps.core.domain.people import Reader
from apps.trading.models import Fill, Plan
from apps.venues.registry import venue_label


@dataclass(frozen=True, slots=True, kw_only=True)
class TradeFilter:
    """What to show. None or "" does not filter; since and until bound traded_at."""

    since: datetime | None = None
    until: datetime | None = None
    venue: str = ""
    symbol: str = ""
    bot_id: int | None = None
    side: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TradeRow:
    """One fill as a person reads it. profit stands on a plan's last fill only, once it is
    closed, so that adding the column up counts nothing twice."""

    pk: int
    at: datetime
    bot_id: int | None
    bot_name: str
    symbol: str
    base: str
    quote: str
    side: str
    venue: str
    venue_label: str
    quantity: Decimal
    price: Decimal | None
    value: Decimal | None
    fee: Decimal | None
    fee_asset: str
    profit: Decimal | None
    plan_id: int | None
    order_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TradeTotals:
    """Sums in one quote asset. captured - fees - slippage == profit, over closed plans."""

    quote: str
    count: int
    plans: int
    volume: Decimal
    captured: Decimal
    fees: Decimal
    slippage: Decimal
    profit: Decimal


def trade_list(*, reader: Reader, wanted: TradeFilter) -> QuerySet[Fill]:
    """The reader's fills, newest first. Pass a slice of it to trade_rows."""
    rows = Fill.objects.within(reader.workspace_id)
    narrowed = {
        "traded_at__gte": wanted.since,
        "traded_at__lt": wanted.until,
        "venue": wanted.venue or None,
        "symbol": wanted.symbol or None,
        "bot_id": wanted.bot_id,
        "side": wanted.side or None,
    }
    rows = rows.filter(**{name: value for name, value in narrowed.items() if value is not None})
    found: QuerySet[Fill] = rows.select_related("order__plan", "bot").order_by("-traded_at", "-pk")
    return found


def trade_rows(fills: Sequence[Fill]) -> list[TradeRow]:
    """Rows for a page of fills, with one more query whatever their number."""
    plans = {fill.order.plan_id for fill in fills if fill.order.plan_id}
    last = dict(
        Fill.objects.filter(order__plan_id__in=plans)
        .values_list("order__plan_id")
        .annotate(last=Max("pk"))
    )
    return [_row(fill, last) for fill in fills]


def _row(fill: Fill, last: dict[int | None, int]) -> TradeRow:
    base, _, quote = fill.symbol.partition("/")
    plan = fill.order.plan
    return TradeRow(
        pk=fill.pk,
        at=fill.traded_at,
        bot_id=fill.bot_id,
        bot_name=fill.bot.name if fill.bot else "",
        symbol=fill.symbol,
        base=base,
        quote=quote,
        side=fill.side,
        venue=fill.venue,
        venue_label=venue_label(fill.venue),
        quantity=fill.quantity,
        price=fill.price,
        value=None if fill.price is None else fill.quantity * fill.price,
        fee=fill.fee,
        fee_asset=fill.fee_asset,
        profit=plan.pnl if plan and last.get(plan.pk) == fill.pk else None,
        plan_id=fill.order.plan_id,
        order_id=fill.order_id,
    )


def trade_totals(fills: QuerySet[Fill]) -> list[TradeTotals]:
    """Per quote asset, the largest number of fills first. Fixed at two queries."""
    volume: dict[str, tuple[int, Decimal]] = {}
    by_symbol = (
        fills.order_by()
        .values("symbol")
        .annotate(count=Count("pk"), volume=Sum(F("quantity") * F("price")))
    )
    for row in by_symbol:
        quote = row["symbol"].partition("/")[2]
        count, value = volume.get(quote, (0, Decimal(0)))
        volume[quote] = (count + row["count"], value + (row["volume"] or 0))
    plan_ids = fills.order_by().values("order__plan_id")
    plans = {row["quote"]: row for row in _plan_sums(plan_ids)}
    totals = [_totals(quote, *seen, plans.get(quote)) for quote, seen in volume.items()]
    return sorted(totals, key=lambda each: -each.count)


def _plan_sums(plan_ids: QuerySet[Any]) -> list[dict[str, Any]]:
    closed = Plan.objects.filter(pk__in=plan_ids, pnl__isnull=False)
    sums = closed.values("quote").annotate(
        plans=Count("pk"),
        captured=Sum("spread_captured"),
        all_fees=Sum("fees"),
        slipped=Sum("slippage"),
        profit=Sum("pnl"),
    )
    return list(sums)


def _totals(quote: str, count: int, volume: Decimal, sums: dict[str, Any] | None) -> TradeTotals:
    known = sums or {}
    return TradeTotals(
        quote=quote,
        count=count,
        volume=volume,
        plans=known.get("plans", 0),
        captured=known.get("captured") or Decimal(0),
        fees=known.get("all_fees") or Decimal(0),
        slippage=known.get("slipped") or Decimal(0),
        profit=known.get("profit") or Decimal(0),
    )


def trade_choices(*, reader: Reader) -> tuple[list[str], list[str]]:
    """(venues, symbols) that occur in the reader's fills, for filter menus."""
    rows = Fill.objects.within(reader.workspace_id).order_by()
    pairs = list(rows.values_list("venue", "symbol").distinct())
    return sorted({venue for venue, _ in pairs}), sorted({symbol for _, symbol in pairs})


CSV_HEADER = (
    "time", "bot", "plan", "order", "client_order_id", "venue", "venue_order_id", "venue_trade_id",
    "symbol", "side", "quantity", "price", "value", "fee", "fee_asset", "plan_status",
    "plan_spread_captured", "plan_fees", "plan_slippage", "plan_profit", "quote",
)  # fmt: skip


def trade_csv(fills: QuerySet[Fill]) -> Iterator[tuple[str, ...]]:
    """Every fill as text cells under CSV_HEADER, exact, in database batches."""
    yield CSV_HEADER
    for fill in fills.iterator(chunk_size=2000):
        order, plan = fill.order, fill.order.plan
        value = None if fill.price is None else fill.quantity * fill.price
        yield (
            fill.traded_at.isoformat(),
            _safe(fill.bot.name if fill.bot else ""),
            str(order.plan_id or ""),
            str(order.pk),
            order.client_order_id,
            fill.venue,
            _safe(order.venue_order_id),
            _safe(fill.venue_trade_id),
            fill.symbol,
            fill.side,
            *(_cell(each) for each in (fill.quantity, fill.price, value, fill.fee)),
            _safe(fill.fee_asset),
            plan.status if plan else "",
            *(_cell(each) for each in _figures(plan)),
            fill.symbol.partition("/")[2],
        )


def _figures(plan: Plan | None) -> tuple[Decimal | None, ...]:
    if plan is None:
        return (None,) * 4
    return plan.spread_captured, plan.fees, plan.slippage, plan.pnl


def _cell(value: Decimal | None) -> str:
    return "" if value is None else plain(value)


def _safe(text: str) -> str:
    """A spreadsheet must not take a name for a formula."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text
