"""Running figures that limits are compared with, kept in the transaction of the fact itself.

The gate cannot sum all fills and results of a workspace for every order. Each fill and each
closed plan is added here once, by whoever stores it, under that row's own lock.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import connection

from apps.core.domain.money import ZERO, booked
from apps.trading.domain.legs import assets_of
from apps.trading.domain.orders import OrderOrigin
from apps.trading.domain.results import Lot, traded
from apps.trading.models import Fill, Plan, RealizedResult, RiskPosition
from apps.venues.domain.ports import Side

POSITION = """
INSERT INTO trading_riskposition AS held
    (workspace_id, bot_id, symbol, base_flow, quote_flow, single_net, single_cost, last_price, at)
VALUES (%s, %s, %s, %s, %s, 0, 0, %s, %s)
ON CONFLICT (workspace_id, bot_id, symbol) DO UPDATE SET
    base_flow = held.base_flow + EXCLUDED.base_flow,
    quote_flow = held.quote_flow + EXCLUDED.quote_flow,
    last_price = COALESCE(EXCLUDED.last_price, held.last_price),
    at = EXCLUDED.at
RETURNING id, single_net, single_cost
"""
TALLY = """
INSERT INTO trading_risktally AS held (workspace_id, bot_id, quote, pnl, peak)
VALUES (%s, %s, %s, %s, GREATEST(%s, 0))
ON CONFLICT (workspace_id, bot_id, quote) DO UPDATE SET
    pnl = held.pnl + EXCLUDED.pnl,
    peak = GREATEST(held.peak, held.pnl + EXCLUDED.pnl)
"""
Subject = tuple[int, int | None, str]  # (workspace, bot, symbol)


@dataclass(slots=True)
class _Row:
    number: int
    lot: Lot


def fills_booked(fills: Sequence[Fill], now: datetime) -> None:
    """Add fills that were just stored to the positions; those placed outside are not ours."""
    by_subject: dict[Subject, list[Fill]] = defaultdict(list)
    for fill in fills:
        if fill.order.origin != OrderOrigin.EXTERNAL:
            by_subject[fill.workspace_id, fill.bot_id, fill.symbol].append(fill)
    for subject in sorted(by_subject, key=lambda each: (each[0], each[1] or 0, each[2])):
        _position_move(subject, by_subject[subject], now)


def _position_move(subject: Subject, fills: Sequence[Fill], now: datetime) -> None:
    base, quote = assets_of(subject[2])
    base_flow = quote_flow = ZERO
    price = None
    for fill in fills:
        sign = 1 if fill.side == Side.BUY else -1
        base_flow += sign * fill.quantity - _fee(fill, base)
        quote_flow -= sign * fill.quantity * (fill.price or ZERO) + _fee(fill, quote)
        price = fill.price if fill.price is not None else price
    with connection.cursor() as cursor:
        moved = [booked(base_flow), booked(quote_flow), price, now]
        cursor.execute(POSITION, [*subject, *moved])
        number, net, cost = cursor.fetchone()
    single = [fill for fill in fills if fill.order.plan_id is None and fill.price is not None]
    if single:
        _singles_settle(_Row(number, Lot(net, cost)), single, now)


def _fee(fill: Fill, asset: str) -> Decimal:
    return fill.fee if fill.fee is not None and fill.fee_asset == asset else ZERO


def _singles_settle(row: _Row, fills: Sequence[Fill], now: datetime) -> None:
    """Single orders have no plan that says what they earned: the average cost does."""
    for fill in fills:
        base, quote = assets_of(fill.symbol)
        price = fill.price or ZERO
        fee = _fee(fill, quote) + _fee(fill, base) * price
        row.lot, earned = traded(
            row.lot, side=Side(fill.side), quantity=fill.quantity, price=price, fee=fee
        )
        if earned is None:
            continue
        RealizedResult.objects.create(
            workspace_id=fill.workspace_id,
            bot_id=fill.bot_id,
            order_id=fill.order_id,
            symbol=fill.symbol,
            quote=quote,
            amount=booked(earned),
            at=now,
        )
        result_add(fill.workspace_id, fill.bot_id, quote, booked(earned))
    RiskPosition.objects.filter(pk=row.number).update(
        single_net=booked(row.lot.net), single_cost=booked(row.lot.cost)
    )


def plan_closed(plan: Plan, before: Decimal | None) -> None:
    """Add what a plan earned. before: what it was counted with when it was closed earlier."""
    change = (plan.pnl or ZERO) - (before or ZERO)
    if change:
        result_add(plan.workspace_id, plan.bot_id, plan.quote, change)


def result_add(workspace_id: int, bot_id: int | None, quote: str, change: Decimal) -> None:
    """To the workspace's sum first, then to the bot's: everybody takes them in this order."""
    with connection.cursor() as cursor:
        for subject in dict.fromkeys((None, bot_id)):
            cursor.execute(TALLY, [workspace_id, subject, quote, change, change])
