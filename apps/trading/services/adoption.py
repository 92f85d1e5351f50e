"""Orders that a venue knows and we did not: given a row, taken back, or let go."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from django.db import transaction

from apps.core import audit, outbox
from apps.core.domain.events import Event
from apps.core.domain.money import ZERO
from apps.core.domain.people import Actor
from apps.trading import locks
from apps.trading.domain.events import OrderAdopted, OrderReopened, OrderVanished
from apps.trading.domain.findings import Adopt, CloseAbsent, Reopen
from apps.trading.domain.orders import LIVE, SENT, OrderStatus
from apps.trading.models import CapitalReservation, Order
from apps.trading.services.order_record import (
    order_record_receipt,
    order_reject,
    order_remark,
    orders_record_receipts,
)
from apps.venues.domain.ports import UNPRICED, OrderKind, OrderReceipt, TimeInForce

NEVER_ARRIVED = "NEVER_ARRIVED"
GONE = "GONE_AT_VENUE"
UNWANTED = "CLOSED_HERE_BEFORE"


@transaction.atomic
def orders_adopt(
    *, actor: Actor, connection_id: int, venue: str, adoptions: Sequence[Adopt], now: datetime
) -> list[Order]:
    """Rows for orders that have none, with their executions. The same order gets one row.

    None of them belongs to a bot or a plan. Those that are ours by their id count as exposure
    and can be cancelled; external ones are shown only.
    """
    wanted = {
        each.client_order_id: each
        for each in adoptions
        if each.receipt.side is not None and _size(each.receipt) > ZERO
    }
    known = Order.objects.filter(venue=venue, client_order_id__in=sorted(wanted))
    for name in known.values_list("client_order_id", flat=True):
        del wanted[name]
    made = Order.objects.bulk_create(
        _row(actor.workspace_id, connection_id, venue, wanted[name], now) for name in sorted(wanted)
    )
    events: list[Event] = [
        OrderAdopted(workspace_id=actor.workspace_id, order_id=order.pk, origin=order.origin)
        for order in made
    ]
    if made:
        audit.record_all(events, actor=actor, at=now)
        outbox.publish(*events)
        receipts = {order.pk: wanted[order.client_order_id].receipt for order in made}
        orders_record_receipts(actor=actor, receipts=receipts, now=now)
    return made


def _size(receipt: OrderReceipt) -> Decimal:
    """What was ordered; where the venue does not say, what was executed."""
    executed = sum((trade.quantity for trade in receipt.trades), ZERO)
    return max(receipt.quantity or ZERO, receipt.filled or ZERO, executed)


def _row(
    workspace_id: int, connection_id: int, venue: str, adoption: Adopt, now: datetime
) -> Order:
    told = adoption.receipt
    traded = [trade.traded_at for trade in told.trades if trade.traded_at]
    placed = told.created_at or min(traded, default=now)
    priced = told.limit_price is not None and told.limit_price > 0
    kind = told.kind or (OrderKind.LIMIT if priced else OrderKind.MARKET)
    if not priced and kind not in UNPRICED:
        kind = OrderKind.MARKET
    return Order(
        workspace_id=workspace_id,
        connection_id=connection_id,
        venue=venue,
        symbol=told.symbol,
        client_order_id=adoption.client_order_id,
        venue_order_id=told.venue_order_id,
        side=str(told.side),
        kind=kind,
        quantity=_size(told),
        limit_price=told.limit_price if priced else None,
        trigger_price=told.trigger_price or None,
        time_in_force=TimeInForce.GTC,
        origin=adoption.origin,
        status=OrderStatus.OPEN,
        placed_at=placed,
        valid_until=placed,
        sent_at=placed,
    )


@transaction.atomic
def order_reopen(*, actor: Actor, reopen: Reopen, now: datetime) -> None:
    """It works at the venue, so it is live, whatever we believed. Unwanted, its cancel is asked
    for; who sends cancels does so until it is final."""
    order = locks.order(actor.workspace_id, reopen.order_id)
    before = OrderStatus(order.status)
    if before in LIVE:
        return
    order_remark(order, f"open_after_{before}", {"venue_order_id": order.venue_order_id}, now)
    order.status, order.closed_at, order.reason = OrderStatus.OPEN, None, ""
    if reopen.cancel:
        order.cancel_requested_at, order.cancel_reason = now, UNWANTED
    order.save(
        update_fields=["status", "closed_at", "reason", "cancel_requested_at", "cancel_reason"]
    )
    event = OrderReopened(
        workspace_id=order.workspace_id, order_id=order.pk, before=before, cancel=reopen.cancel
    )
    audit.record(event, actor=actor, at=now)
    outbox.publish(event)
    order_record_receipt(actor=actor, order_id=order.pk, receipt=reopen.receipt, now=now)


@transaction.atomic
def order_close_absent(*, actor: Actor, absent: CloseAbsent, now: datetime) -> None:
    """The venue was asked about this one order and knows it not. Never acknowledged: it never
    arrived. Acknowledged before: it is gone, with what it had executed, and that is an anomaly."""
    if not absent.vanished:
        order_reject(actor=actor, order_id=absent.order_id, reason=NEVER_ARRIVED, now=now)
        return
    order = locks.order(actor.workspace_id, absent.order_id)
    if OrderStatus(order.status) not in SENT:
        return
    if (order.counted or ZERO) > order.filled:  # executions that it told of are not here yet
        order_remark(order, "fills_missing", {"counted": str(order.counted)}, now)
        return
    order_remark(order, "vanished", {"filled": str(order.filled)}, now)
    order.status, order.reason, order.closed_at = OrderStatus.CANCELLED, GONE, now
    order.save(update_fields=["status", "reason", "closed_at"])
    if order.plan_id is None:
        CapitalReservation.objects.filter(order=order, released_at=None).update(released_at=now)
    event = OrderVanished(workspace_id=order.workspace_id, order_id=order.pk)
    audit.record(event, actor=actor, at=now, filled=str(order.filled))
    outbox.publish(event)
