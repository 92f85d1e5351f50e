"""What the kill switch does to orders: cancels what has not left, closes what is open.

A closing order is stored and claimed in one transaction under the trading account's lock, sized by
what is open at that moment: whoever else looks sees it, and nobody sends it a second time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet

from apps.core import audit, outbox
from apps.core.domain.money import ZERO, booked, plain
from apps.core.domain.people import Actor
from apps.trading import locks
from apps.trading.domain import kill
from apps.trading.domain.events import OrderPlaced, OrderSubmitted, OrderUpdated
from apps.trading.domain.legs import SizeRules, assets_of
from apps.trading.domain.orders import LIVE, OrderOrigin, OrderStatus, client_order_id_new
from apps.trading.domain.plans import ALIVE, FINAL, PlanStatus, Role
from apps.trading.models import (
    CapitalReservation,
    KillOrder,
    KillPart,
    Order,
    OrderGroup,
    Plan,
    RiskDecision,
)
from apps.trading.selectors.positions_net import net_positions, of_bot
from apps.venues.domain.ports import OrderKind, Side, TimeInForce

REASON = "KILL"
LET_GO = "FLATTENED"
UNSENT = (OrderStatus.HELD, OrderStatus.ARMED, OrderStatus.PLANNED)
RECENT = timedelta(minutes=10)  # a plan closed so lately may still be driven on by someone
CLOSING_VALID_FOR = timedelta(seconds=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """Where a position would be closed and what is known there. Prices quote per base."""

    place: kill.Place
    best: Decimal
    slippage: Decimal  # fraction
    free_base: Decimal
    free_quote: Decimal
    fee_rate: Decimal
    rules: SizeRules
    attempt: int


def orders_in_scope(workspace_id: int, bot_id: int | None) -> QuerySet[Order]:
    """Our own orders there; what a person placed elsewhere is left alone."""
    rows: QuerySet[Order] = Order.objects.within(workspace_id).exclude(origin=OrderOrigin.EXTERNAL)
    return rows if bot_id is None else rows.filter(bot_id=bot_id)


@transaction.atomic
def unsent_cancel(*, actor: Actor, bot_id: int | None, now: datetime) -> list[int]:
    """Cancel at once what no venue knows yet; return the orders' numbers.

    What closes an imbalance of a plan is no opening order: it goes out, and ends by itself.
    """
    locks.trading_account(actor.workspace_id)
    _groups_end(actor.workspace_id, bot_id, now)
    rows = orders_in_scope(actor.workspace_id, bot_id).filter(status__in=UNSENT, role=Role.OPEN)
    rows = rows.exclude(origin=OrderOrigin.KILL)
    numbers = []
    for order_id in rows.order_by("pk").values_list("pk", flat=True):
        changed = Order.objects.filter(pk=order_id, status__in=UNSENT).update(
            status=OrderStatus.CANCELLED,
            closed_at=now,
            cancel_requested_at=now,
            cancel_reason=REASON,
        )
        if changed:
            numbers.append(order_id)
            _tell_cancelled(actor, order_id, now)
    loose = CapitalReservation.objects.filter(order_id__in=numbers, released_at=None)
    loose.filter(plan=None).update(released_at=now)
    return numbers


def cancel_ask(*, workspace_id: int, order_ids: list[int], now: datetime) -> None:
    """Note that their end is wanted: whoever sends or triggers orders sees it too."""
    Order.objects.filter(
        workspace_id=workspace_id, pk__in=order_ids, cancel_requested_at=None
    ).update(cancel_requested_at=now, cancel_reason=REASON)


@transaction.atomic
def closing_order_store(
    *, actor: Actor, part: KillPart, bot_id: int | None, base: str, offer: Offer, now: datetime
) -> Order | None:
    """One claimed order that closes at most what is open now. None: there is nothing to send.

    The size is decided under the account's lock, after every plan that was being driven on: while
    anything of the position is under way, nothing is added to it.
    """
    locks.trading_account(actor.workspace_id)
    locks.plans_settled(actor.workspace_id, bot_id, now - RECENT)
    if not part.closing or _under_way(actor.workspace_id, bot_id, base):
        return None
    position = _position(actor.workspace_id, bot_id, base)
    if position is None or position.unknown:
        return None
    side = position.side
    held = sum((p.amount for p in position.places if p.symbol == offer.place.symbol
                and p.connection_id == offer.place.connection_id), ZERO)  # fmt: skip
    if (held > 0) != (position.net > 0):
        return None
    limit = kill.closing_limit(side, offer.best, offer.slippage, offer.rules)
    if limit <= 0:
        return None
    size = kill.closing_size(
        remaining=position.net,
        at_place=held,
        side=side,
        price=limit,
        free_base=offer.free_base,
        free_quote=offer.free_quote,
        fee_rate=offer.fee_rate,
        rules=offer.rules,
    )
    if not size:
        return None
    _plans_let_go(part, bot_id, base, now)
    order = _store(actor, part, bot_id, offer, side, size, limit, now)
    KillOrder.objects.create(part=part, order=order, base=base, attempt=offer.attempt)
    return order


def _plans_let_go(part: KillPart, bot_id: int | None, base: str, now: datetime) -> None:
    """What ended plans left over is closed here: none of them may close it a second time."""
    over = Q(status=PlanStatus.NEEDS_ATTENTION) | Q(closed_at__gt=now - RECENT)
    touching = Q(symbol__startswith=f"{base}/") | Q(symbol__endswith=f"/{base}")
    rows = Plan.objects.filter(over, touching, of_bot(bot_id), workspace_id=part.workspace_id)
    rows.filter(status__in=sorted(FINAL - {PlanStatus.DENIED})).update(
        handled_at=now, handled_by=part.run.requested_by, handled_reason=LET_GO
    )


def _under_way(workspace_id: int, bot_id: int | None, base: str) -> bool:
    """Whether an order or a plan of the position may still change it."""
    touching = Q(symbol__startswith=f"{base}/") | Q(symbol__endswith=f"/{base}")
    live = Order.objects.filter(touching, of_bot(bot_id), workspace_id=workspace_id)
    alive = Plan.objects.filter(touching, of_bot(bot_id), workspace_id=workspace_id)
    return (
        live.filter(status__in=sorted(LIVE)).exclude(origin=OrderOrigin.EXTERNAL).exists()
        or alive.filter(status__in=sorted(ALIVE)).exists()
    )


def _position(workspace_id: int, bot_id: int | None, base: str) -> kill.NetPosition | None:
    mine = [p for p in net_positions(workspace_id, bot_id) if (p.bot_id, p.base) == (bot_id, base)]
    return mine[0] if mine else None


def _store(
    actor: Actor,
    part: KillPart,
    bot_id: int | None,
    offer: Offer,
    side: Side,
    size: Decimal,
    limit: Decimal,
    now: datetime,
) -> Order:
    place = offer.place
    order: Order = Order.objects.create(
        workspace_id=actor.workspace_id,
        bot_id=bot_id,
        role=Role.UNWIND,
        connection_id=place.connection_id,
        venue=place.venue,
        symbol=place.symbol,
        client_order_id=client_order_id_new(),
        side=side,
        kind=OrderKind.LIMIT,
        quantity=size,
        limit_price=limit,
        time_in_force=TimeInForce.IOC,
        reduce_only=True,
        origin=OrderOrigin.KILL,
        status=OrderStatus.SUBMITTING,
        placed_at=now,
        sent_at=now,
        valid_until=now + CLOSING_VALID_FOR,
    )
    RiskDecision.objects.create(workspace_id=actor.workspace_id, order=order, at=now)
    base, quote = assets_of(place.symbol)
    selling = side is Side.SELL
    CapitalReservation.objects.create(
        workspace_id=actor.workspace_id,
        bot_id=bot_id,
        order=order,
        connection_id=place.connection_id,
        asset=base if selling else quote,
        amount=size if selling else booked(size * limit * (1 + max(offer.fee_rate, ZERO))),
        at=now,
    )
    facts: Mapping[str, Any] = {"run": part.run_id, "side": side.value, "quantity": plain(size)}
    for event in (
        OrderPlaced(workspace_id=actor.workspace_id, order_id=order.pk),
        OrderSubmitted(workspace_id=actor.workspace_id, order_id=order.pk),
    ):
        audit.record(event, actor=actor, at=now, **facts)
        outbox.publish(event)
    return order


def _groups_end(workspace_id: int, bot_id: int | None, now: datetime) -> None:
    """Brackets, OCOs and slices place nothing further."""
    rows = OrderGroup.objects.within(workspace_id).filter(status="ACTIVE")
    if bot_id is not None:
        rows = rows.filter(orders__bot_id=bot_id)
    numbers = list(rows.values_list("pk", flat=True).distinct())
    OrderGroup.objects.filter(pk__in=numbers).update(
        status="CANCELLED", reason=REASON, next_at=None, closed_at=now
    )


def _tell_cancelled(actor: Actor, order_id: int, now: datetime) -> None:
    event = OrderUpdated(
        workspace_id=actor.workspace_id,
        order_id=order_id,
        status=OrderStatus.CANCELLED,
        fills=0,
    )
    audit.record(event, actor=actor, at=now, reason=REASON)
    outbox.publish(event)
