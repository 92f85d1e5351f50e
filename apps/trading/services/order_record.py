"""What a venue said about an order, booked. Fills are facts: in any state, each exactly once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from django.db import connection, transaction
from django.db.models import Sum

from apps.core import audit, outbox
from apps.core.domain.events import Event
from apps.core.domain.money import ZERO
from apps.core.domain.people import Actor
from apps.trading import locks
from apps.trading.domain import orders
from apps.trading.domain.events import OrderExpired, OrderRefused, OrderUpdated
from apps.trading.domain.findings import difference, differs
from apps.trading.domain.orders import LIVE, OrderStatus, require_transition
from apps.trading.models import CapitalReservation, Fill, Order, OrderAnomaly
from apps.trading.services import tallies
from apps.venues.domain.ports import (
    TRIGGERED,
    OrderKind,
    OrderReceipt,
    TimeInForce,
    VenueTrade,
)

Told = tuple[Order, OrderReceipt]
RESTING = frozenset({OrderStatus.OPEN, OrderStatus.PARTIALLY_FILLED})
LEARNED = [
    "status", "reason", "closed_at", "filled", "counted", "venue_order_id", "round_trip_us",
    "tick_to_order_us",
]  # fmt: skip
AT_ONCE = 50  # events whose handlers are run before the caller goes on
MANY = ("status", "reason", "closed_at", "filled", "counted", "venue_order_id")
UPDATE_MANY = """
UPDATE trading_order AS o
SET status = t.status, reason = t.reason, closed_at = t.closed_at, filled = t.filled,
    counted = t.counted, venue_order_id = t.venue_order_id
FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::timestamptz[], %s::numeric[], %s::numeric[],
            %s::text[]) AS t(id, status, reason, closed_at, filled, counted, venue_order_id)
WHERE o.id = t.id
"""


@transaction.atomic
def order_record_receipt(
    *,
    actor: Actor,
    order_id: int,
    receipt: OrderReceipt,
    now: datetime,
    round_trip_us: int | None = None,
    tick_to_order_us: int | None = None,
) -> Order:
    """Book what the venue says. Safe to repeat; a stale report changes nothing."""
    order = locks.order(actor.workspace_id, order_id)
    order.round_trip_us = round_trip_us or order.round_trip_us
    order.tick_to_order_us = tick_to_order_us or order.tick_to_order_us
    _record(actor, [(order, receipt)], now)
    return order


@transaction.atomic
def orders_record_receipts(
    *, actor: Actor, receipts: Mapping[int, OrderReceipt], now: datetime
) -> list[Order]:
    """The same for many orders: as many queries for a thousand as for one."""
    orders = locks.orders(actor.workspace_id, receipts)
    _record(actor, [(order, receipts[order.pk]) for order in orders], now)
    return orders


def _record(actor: Actor, told: Sequence[Told], now: datetime) -> None:
    """The orders' rows are locked: nobody else books these trades at this moment."""
    fresh = _book(told, now)
    _sum_up([order for order, _ in told if order.pk in fresh])
    events: list[Event] = []
    for order, receipt in told:
        before, new = OrderStatus(order.status), fresh.get(order.pk, 0)
        if new:
            _notice_surprise(order, before, now)
        _learn(order, receipt)
        target = orders.settle(
            before,
            OrderStatus(receipt.status),
            new_fills=bool(new),
            booked=order.filled,
            counted=order.counted,
            quantity=order.quantity,
        )
        _settled(order, target, "", now)
        if new or target != before:
            events.append(
                OrderUpdated(
                    workspace_id=order.workspace_id, order_id=order.pk, status=target, fills=new
                )
            )
    _store([order for order, _ in told], now)
    if events:
        alone = {"filled": str(told[0][0].filled)} if len(told) == 1 else {}
        audit.record_all(events, actor=actor, at=now, **alone)
        tell = outbox.publish if len(events) <= AT_ONCE else outbox.publish_later
        tell(*events)


def _learn(order: Order, receipt: OrderReceipt) -> None:
    if receipt.filled is not None:
        order.counted = max(receipt.filled, order.counted or ZERO)
    order.venue_order_id = receipt.venue_order_id or order.venue_order_id


@transaction.atomic
def order_reject(
    *, actor: Actor, order_id: int, reason: str, now: datetime, reached: bool = False
) -> None:
    """The venue positively refused, or the probe proved that it never arrived, or it never left.
    reached: because the price that it was to wait for is there already."""
    order = locks.order(actor.workspace_id, order_id)
    if OrderStatus(order.status) not in LIVE:
        return
    if order.filled:
        OrderAnomaly.objects.create(
            workspace_id=order.workspace_id,
            order=order,
            kind="rejected_after_fill",
            detail={"reason": reason},
            seen_at=now,
        )
        return
    require_transition(OrderStatus(order.status), OrderStatus.REJECTED)
    if reached and order.triggered_at is None:
        order.triggered_at = now
        order.save(update_fields=["triggered_at"])
    _close(order, OrderStatus.REJECTED, reason, now)
    event = OrderRefused(workspace_id=order.workspace_id, order_id=order.pk, reason=reason[:160])
    audit.record(event, actor=actor, at=now)
    outbox.publish(event)


@transaction.atomic
def order_expire(*, actor: Actor, order_id: int, now: datetime) -> bool:
    """PLANNED and past its validity becomes EXPIRED. False: something else happened first."""
    expired = Order.objects.filter(
        workspace_id=actor.workspace_id,
        pk=order_id,
        status=OrderStatus.PLANNED,
        valid_until__lte=now,
    ).update(status=OrderStatus.EXPIRED, closed_at=now, reason="VALIDITY_OVER")
    if expired:
        CapitalReservation.objects.filter(order_id=order_id, released_at=None).update(
            released_at=now
        )
        event = OrderExpired(workspace_id=actor.workspace_id, order_id=order_id)
        audit.record(event, actor=actor, at=now)
        outbox.publish(event)
    return expired == 1


def _close(order: Order, target: OrderStatus, reason: str, now: datetime) -> None:
    _settled(order, target, reason, now)
    _store([order], now)


def _settled(order: Order, target: OrderStatus, reason: str, now: datetime) -> None:
    order.status = target
    order.reason = reason[:160] or order.reason
    order.closed_at = None if target in LIVE else (order.closed_at or now)


def _store(changed: Sequence[Order], now: datetime) -> None:
    if len(changed) == 1:
        changed[0].save(update_fields=LEARNED)
    elif changed:
        _store_many(changed)
    loose = [o for o in changed if OrderStatus(o.status) not in LIVE or _is_locked_at_venue(o)]
    loose = [order for order in loose if order.plan_id is None]
    if loose:
        CapitalReservation.objects.filter(order__in=loose, released_at=None).update(released_at=now)


def _is_locked_at_venue(order: Order) -> bool:
    """It rests there, so the venue itself takes its amount off the free balance: holding it here
    too would count it twice. Released, it counts until a balance newer than this was read."""
    rests = order.time_in_force not in {TimeInForce.IOC, TimeInForce.FOK}
    waits = OrderKind(order.kind) in TRIGGERED and not order.emulated
    return OrderStatus(order.status) in RESTING and bool(order.venue_order_id) and (rests or waits)


def _store_many(changed: Sequence[Order]) -> None:
    """The same columns of many rows in one statement, but those that only a sender knows."""
    columns = [[getattr(order, name) for order in changed] for name in ("pk", *MANY)]
    with connection.cursor() as cursor:
        cursor.execute(UPDATE_MANY, columns)


def _book(told: Sequence[Told], now: datetime) -> dict[int, int]:
    """Store the trades that are not known yet: {order: how many were new}."""
    numbers = {trade.venue_trade_id for _, receipt in told for trade in receipt.trades}
    if not numbers:
        return {}
    rows = Fill.objects.filter(
        connection_id__in={order.connection_id for order, _ in told}, venue_trade_id__in=numbers
    )
    # With its side: two orders of ours that met each other at the venue share their trade's id.
    seen: dict[tuple[int, str, str, str], tuple[int, Decimal, Decimal | None]] = {
        (connection_id, symbol, number, side): (order_id, quantity, price)
        for connection_id, symbol, number, side, order_id, quantity, price in rows.values_list(
            "connection_id", "symbol", "venue_trade_id", "side", "order_id", "quantity", "price"
        )
    }
    fills: list[Fill] = []
    for order, receipt in told:
        for trade in receipt.trades:
            key = (order.connection_id, order.symbol, trade.venue_trade_id, order.side)
            known = seen.get(key)
            if known is None:
                seen[key] = (order.pk, trade.quantity, trade.price)
                fills.append(_fill(order, trade, now))
            elif differs(known[1], known[2], trade):
                order_remark(order, "fill_differs", difference(known[1], known[2], trade), now)
    Fill.objects.bulk_create(fills)
    tallies.fills_booked(fills, now)
    return Counter(fill.order_id for fill in fills)


def _sum_up(changed: Sequence[Order]) -> None:
    """`filled` is the sum of an order's fills, nothing else."""
    if not changed:
        return
    rows = Fill.objects.filter(order__in=changed).values_list("order_id")
    sums = dict(rows.annotate(total=Sum("quantity")))
    for order in changed:
        order.filled = sums[order.pk]


def _fill(order: Order, trade: VenueTrade, now: datetime) -> Fill:
    fee: Decimal | None = trade.fee if trade.fee_asset or trade.fee == ZERO else None
    return Fill(
        workspace_id=order.workspace_id,
        order=order,
        bot_id=order.bot_id,
        connection_id=order.connection_id,
        venue=order.venue,
        symbol=order.symbol,
        side=order.side,
        venue_trade_id=trade.venue_trade_id,
        quantity=trade.quantity,
        price=trade.price,
        price_missing_because="VENUE_SILENT" if trade.price is None else "",
        fee=fee,
        fee_asset=trade.fee_asset,
        fee_missing_because="VENUE_SILENT" if fee is None else "",
        is_maker=trade.is_maker,
        traded_at=trade.traded_at or now,
        booked_at=now,
    )


def _notice_surprise(order: Order, before: OrderStatus, now: datetime) -> None:
    """A fill where none was possible any more, or more than was ordered."""
    kind = ""
    if before not in orders.SENT:
        kind = f"fill_after_{before}"
    elif order.filled > order.quantity:
        kind = "overfilled"
    if kind:
        detail = {"filled": str(order.filled), "quantity": str(order.quantity)}
        order_remark(order, kind, detail, now)


def order_remark(order: Order, kind: str, detail: Mapping[str, str], now: datetime) -> None:
    """Keep an anomaly with an order; the same one once, however often it is met."""
    same = OrderAnomaly.objects.filter(order=order, kind=kind, detail=dict(detail))
    if not same.exists():
        OrderAnomaly.objects.create(
            workspace_id=order.workspace_id,
            order=order,
            kind=kind,
            detail=dict(detail),
            seen_at=now,
        )
