"""The gate for single orders: placed and cancelled here, whoever asks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

from django.db import transaction

from apps.core import audit, outbox
from apps.core.domain.events import Event
from apps.core.domain.money import ZERO, booked, floored, plain
from apps.core.domain.people import Actor, Role
from apps.trading import locks
from apps.trading.domain.errors import OrderIsOver
from apps.trading.domain.events import (
    OrderCancelled,
    OrderCancelRequested,
    OrderDenied,
    OrderPlaced,
)
from apps.trading.domain.orders import LIVE, OrderIntent, OrderOrigin, OrderStatus
from apps.trading.domain.orders import client_order_id_new as new_id
from apps.trading.domain.risk import Claim, Refusal
from apps.trading.models import CapitalReservation, Order, OrderGroup
from apps.trading.selectors.holdings import base_reducible
from apps.trading.services import gate
from apps.trading.services.account import account_open
from apps.trading.services.order_terms import bounded, waits_here
from apps.venues.domain.ports import UNPRICED, OrderKind, TimeInForce
from apps.venues.selectors import connection_get

UNSENT = frozenset({OrderStatus.HELD, OrderStatus.ARMED, OrderStatus.PLANNED})
WAITS_FOR = timedelta(days=3650)  # an armed order has no moment by which it must have left


def order_place(
    *,
    actor: Actor,
    intent: OrderIntent,
    now: datetime,
    bot_id: int | None = None,
    fencing_token: int | None = None,
    origin: OrderOrigin = OrderOrigin.MANUAL,
    group: OrderGroup | None = None,
    group_role: str = "",
) -> Order:
    """Store an order: PLANNED (it is sent), ARMED (the engine waits for its trigger), or DENIED.

    A refusal returns instead of raising (an exception would undo its record). Raises
    ConnectionMissing, InstrumentMissing and RoleTooLow. A kind without a limit gets its bound
    here, before the transaction: reading the book is not the database's business.
    """
    actor.require(Role.TRADER)
    venue = connection_get(reader=actor, connection_id=intent.connection_id).venue
    intent = bounded(replace(intent, origin=origin), venue=venue)
    return order_place_bounded(
        actor=actor,
        intent=intent,
        venue=venue,
        now=now,
        bot_id=bot_id,
        fencing_token=fencing_token,
        group=group,
        group_role=group_role,
    )


@transaction.atomic
def order_place_bounded(
    *,
    actor: Actor,
    intent: OrderIntent,
    venue: str,
    now: datetime,
    bot_id: int | None = None,
    fencing_token: int | None = None,
    group: OrderGroup | None = None,
    group_role: str = "",
) -> Order:
    """The same for an intent that `bounded` has been over already."""
    account_open(actor.workspace_id)
    account = locks.trading_account(actor.workspace_id)
    intent, refusal = reduced(intent, actor.workspace_id, bot_id)
    if refusal.allowed:
        refusal = gate.order_decide(
            account=account, intent=intent, bot_id=bot_id, fencing_token=fencing_token, now=now
        )
    order = order_store(
        actor=actor,
        intent=intent,
        venue=venue,
        status=status_of(intent, venue, refusal),
        now=now,
        bot_id=bot_id,
        fencing_token=fencing_token,
        group=group,
        group_role=group_role,
    )
    decision_store(order, refusal, now)
    if refusal.allowed:
        reserve(order, gate.order_wanted(intent).spends, now)
    _announce(order, refusal, actor, now)
    return order


def reduced(
    intent: OrderIntent, workspace_id: int, bot_id: int | None
) -> tuple[OrderIntent, Refusal]:
    """A closing order is never larger than what is open: closing twice would open the other way."""
    if not intent.reduce_only:
        return intent, Refusal()
    most = base_reducible(
        workspace_id=workspace_id, bot_id=bot_id, base=intent.base, side=intent.side
    )
    step = intent.rules.quantity_step
    size = min(intent.quantity, floored(most, step) if step else most)
    if size <= 0:
        return intent, Refusal("reduce_only", "NOTHING_TO_REDUCE", {"asset": intent.base})
    return replace(intent, quantity=size), Refusal()


def status_of(intent: OrderIntent, venue: str, refusal: Refusal) -> OrderStatus:
    if not refusal.allowed:
        return OrderStatus.DENIED
    return OrderStatus.ARMED if waits_here(intent, venue) else OrderStatus.PLANNED


def order_store(
    *,
    actor: Actor,
    intent: OrderIntent,
    venue: str,
    status: OrderStatus,
    now: datetime,
    bot_id: int | None = None,
    fencing_token: int | None = None,
    group: OrderGroup | None = None,
    group_role: str = "",
    triggered_at: datetime | None = None,
) -> Order:
    """One row, with an id that the venue will know it by; no decision, no event."""
    waiting = status in {OrderStatus.ARMED, OrderStatus.HELD}
    order: Order = Order.objects.create(
        workspace_id=actor.workspace_id,
        bot_id=bot_id,
        role=intent.role,
        connection_id=intent.connection_id,
        venue=venue,
        symbol=intent.symbol,
        client_order_id=new_id(),
        side=intent.side,
        kind=intent.kind,
        quantity=intent.quantity,
        limit_price=intent.limit_price,
        trigger_price=intent.trigger_price,
        trail=intent.trail,
        time_in_force=_time_stored(intent),
        expires_at=intent.expires_at,
        reduce_only=intent.reduce_only,
        origin=intent.origin,
        created_by=actor.user_id,
        emulated=waits_here(intent, venue),
        triggered_at=triggered_at,
        max_slippage=intent.max_slippage if intent.kind in UNPRICED else None,
        fencing_token=fencing_token,
        group=group,
        group_role=group_role,
        status=status,
        placed_at=now,
        valid_until=now + (WAITS_FOR if waiting else intent.valid_for),
        closed_at=now if status is OrderStatus.DENIED else None,
    )
    return order


def _time_stored(intent: OrderIntent) -> TimeInForce:
    """An order without a limit leaves as IOC at its bound; where no price bounds it, as it is."""
    if intent.kind in UNPRICED and intent.kind is not OrderKind.MARKET:
        return TimeInForce.IOC
    return intent.time_in_force


def decision_store(order: Order, refusal: Refusal, now: datetime) -> None:
    decision = gate.decision_of(refusal, workspace_id=order.workspace_id, at=now)
    decision.order = order
    decision.save()


def reserve(order: Order, spends: Mapping[Claim, Decimal], now: datetime) -> None:
    """What the order may still spend: nobody else plans with it."""
    CapitalReservation.objects.bulk_create(
        CapitalReservation(
            workspace_id=order.workspace_id,
            bot_id=order.bot_id,
            order=order,
            connection_id=connection_id,
            asset=asset,
            amount=booked(amount),
            at=now,
        )
        for (connection_id, asset), amount in spends.items()
        if booked(amount) > ZERO
    )


@transaction.atomic
def order_cancel(*, actor: Actor, order_id: int, reason: str, now: datetime) -> Order:
    """HELD, ARMED and PLANNED end here and now; what the venue may have is asked for until final.

    Asking again is success. Raises OrderIsOver where there is nothing left to cancel.
    """
    actor.require(Role.TRADER)
    order = locks.order(actor.workspace_id, order_id)
    if OrderStatus(order.status) not in LIVE:
        if order.cancel_requested_at is not None:
            return order
        raise OrderIsOver
    cancel_ask(order, actor=actor, reason=reason, now=now)
    return order


def cancel_ask(order: Order, *, actor: Actor, reason: str, now: datetime) -> None:
    """The order's row is locked by the caller."""
    if order.cancel_requested_at is not None and OrderStatus(order.status) not in UNSENT:
        return
    order.cancel_requested_at, order.cancel_reason = now, reason[:40]
    event: Event = OrderCancelRequested(
        workspace_id=order.workspace_id, order_id=order.pk, reason=order.cancel_reason
    )
    if OrderStatus(order.status) in UNSENT:
        order.status, order.closed_at = OrderStatus.CANCELLED, now
        order.reason = order.cancel_reason
        CapitalReservation.objects.filter(order=order, released_at=None).update(released_at=now)
        event = OrderCancelled(
            workspace_id=order.workspace_id, order_id=order.pk, reason=order.cancel_reason
        )
    order.save(
        update_fields=["status", "closed_at", "reason", "cancel_requested_at", "cancel_reason"]
    )
    audit.record(event, actor=actor, at=now)
    outbox.publish(event)


def _announce(order: Order, refusal: Refusal, actor: Actor, now: datetime) -> None:
    event: Event = OrderPlaced(workspace_id=order.workspace_id, order_id=order.pk)
    if not refusal.allowed:
        event = OrderDenied(workspace_id=order.workspace_id, order_id=order.pk, rule=refusal.rule)
    audit.record(
        event,
        actor=actor,
        at=now,
        symbol=order.symbol,
        side=order.side,
        kind=order.kind,
        quantity=plain(order.quantity),
        limit_price=None if order.limit_price is None else plain(order.limit_price),
    )
    outbox.publish(event)
