"""What a venue said about an order, booked. Fills are facts: in any state, each exactly once."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from django.db import transaction
from django.db.models import Sum

from apps.core import audit, outbox
from apps.core.domain.money import ZERO
from apps.core.domain.people import Actor
from apps.trading import locks
from apps.trading.domain import orders
from apps.trading.domain.events import OrderExpired, OrderRefused, OrderUpdated
from apps.trading.domain.orders import LIVE, OrderStatus, require_transition
from apps.trading.models import CapitalReservation, Fill, Order, OrderAnomaly
from apps.venues.domain.ports import OrderReceipt, VenueTrade


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
    before = OrderStatus(order.status)
    new = _book(order, receipt, now)
    if new:
        order.filled = order.fills.aggregate(total=Sum("quantity"))["total"] or ZERO
        _notice_surprise(order, before, now)
    if receipt.filled is not None:
        order.counted = max(receipt.filled, order.counted or ZERO)
    order.venue_order_id = receipt.venue_order_id or order.venue_order_id
    order.round_trip_us = round_trip_us or order.round_trip_us
    order.tick_to_order_us = tick_to_order_us or order.tick_to_order_us
    target = orders.settle(
        before,
        OrderStatus(receipt.status),
        new_fills=bool(new),
        booked=order.filled,
        counted=order.counted,
        quantity=order.quantity,
    )
    _close(order, target, "", now)
    if new or target != before:
        event = OrderUpdated(
            workspace_id=order.workspace_id, order_id=order.pk, status=target, fills=new
        )
        audit.record(event, actor=actor, at=now, filled=str(order.filled))
        outbox.publish(event)
    return order


@transaction.atomic
def order_reject(*, actor: Actor, order_id: int, reason: str, now: datetime) -> None:
    """The venue positively refused, or the probe proved that it never arrived, or it never left."""
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
    order.status = target
    order.reason = reason[:160] or order.reason
    order.closed_at = None if target in LIVE else (order.closed_at or now)
    order.save(
        update_fields=[
            "status", "reason", "closed_at", "filled", "counted", "venue_order_id",
            "round_trip_us", "tick_to_order_us",
        ]
    )  # fmt: skip
    if target not in LIVE and order.plan_id is None:
        CapitalReservation.objects.filter(order=order, released_at=None).update(released_at=now)


def _book(order: Order, receipt: OrderReceipt, now: datetime) -> int:
    """Store the trades that are not known yet; return how many were new."""
    if not receipt.trades:
        return 0
    seen = set(
        Fill.objects.filter(
            connection_id=order.connection_id,
            symbol=order.symbol,
            venue_trade_id__in=[trade.venue_trade_id for trade in receipt.trades],
        ).values_list("venue_trade_id", flat=True)
    )
    fresh = {t.venue_trade_id: t for t in receipt.trades if t.venue_trade_id not in seen}
    # The order's row is locked: nobody else books these trades at this moment.
    Fill.objects.bulk_create(_fill(order, trade, now) for trade in fresh.values())
    return len(fresh)


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
        OrderAnomaly.objects.create(
            workspace_id=order.workspace_id,
            order=order,
            kind=kind,
            detail={"filled": str(order.filled), "quantity": str(order.quantity)},
            seen_at=now,
        )
