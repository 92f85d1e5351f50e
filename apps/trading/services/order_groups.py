"""Groups of orders: placed as a whole, driven on by what their orders tell, cancelled.

`domain.groups` decides; here its actions become rows, under the account's and the group's lock.
Prices come in as arguments: whoever calls has looked at a book before the transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.db import transaction

from apps.core import audit, outbox
from apps.core.domain.money import plain
from apps.core.domain.people import Actor, Role
from apps.trading import locks
from apps.trading.domain import groups
from apps.trading.domain.events import OrderGroupMoved, OrderGroupPlaced
from apps.trading.domain.groups import GroupKind, GroupRole, GroupStatus
from apps.trading.domain.orders import OrderIntent, OrderOrigin, OrderStatus
from apps.trading.domain.risk import Refusal
from apps.trading.domain.triggers import Quote
from apps.trading.models import Order, OrderGroup
from apps.trading.services import gate, group_capital, group_steps
from apps.trading.services.account import account_open
from apps.trading.services.kept_intents import intent_dump
from apps.trading.services.order_place import (
    decision_store,
    order_store,
    reduced,
    reserve,
)
from apps.trading.services.order_terms import bounded, waits_here
from apps.venues.domain.ports import OrderKind
from apps.venues.selectors import connection_get

ROUNDS = 10  # of one advance: each round's actions change what the next one sees
Exit = tuple[GroupRole, OrderIntent]


def order_group_place(
    *,
    actor: Actor,
    kind: GroupKind,
    entry: OrderIntent | None,
    exits: Sequence[Exit],
    now: datetime,
    quote: Quote | None = None,
) -> OrderGroup:
    """A BRACKET (an entry and its exits) or an OCO (two exits for what is held). DENIED, with
    every order and the decision, where the gate refuses. Raises what `order_place` raises."""
    actor.require(Role.TRADER)
    first = entry or exits[0][1]
    venue = connection_get(reader=actor, connection_id=first.connection_id).venue
    if entry is not None:
        entry = bounded(entry, venue=venue)
    ready = [(role, bounded(intent, venue=venue)) for role, intent in exits]
    return _store(actor, kind, entry, ready, venue, now, quote)


@transaction.atomic
def _store(
    actor: Actor,
    kind: GroupKind,
    entry: OrderIntent | None,
    exits: Sequence[Exit],
    venue: str,
    now: datetime,
    quote: Quote | None,
) -> OrderGroup:
    account_open(actor.workspace_id)
    account = locks.trading_account(actor.workspace_id)
    exits, refusal = _closable(actor, entry, exits)
    asked = [entry] if entry is not None else _halves(exits)
    for intent in asked:
        if refusal.allowed:
            refusal = gate.order_decide(
                account=account, intent=intent, bot_id=None, fencing_token=None, now=now
            )
    first = entry or exits[0][1]
    group = group_store(actor, kind, first, {}, refusal.allowed, now)
    native = any(rests_at_venue(role, intent, venue) for role, intent in exits)
    made = [(GroupRole.ENTRY, entry)] if entry is not None else []
    for role, intent in [*made, *exits]:
        order = _order(actor, group, role, intent, venue, refusal, now)
        _wait_where(order, role, native)
    group_tell(OrderGroupPlaced(workspace_id=group.workspace_id, group_id=group.pk, kind=kind),
               group, actor, now)  # fmt: skip
    if refusal.allowed:
        _advance(actor, group, quote, now)
    return group


def _closable(
    actor: Actor, entry: OrderIntent | None, exits: Sequence[Exit]
) -> tuple[list[Exit], Refusal]:
    """Exits of an OCO that may only reduce are as large as what is open."""
    if entry is not None:
        return [(role, replace(intent, reduce_only=False)) for role, intent in exits], Refusal()
    first, refusal = reduced(exits[0][1], actor.workspace_id, None)
    return [(role, replace(i, quantity=first.quantity)) for role, i in exits], refusal


def _halves(exits: Sequence[Exit]) -> list[OrderIntent]:
    """One holding is reserved once, although two orders may sell it."""
    return [replace(intent, reserves=number == 0) for number, (_, intent) in enumerate(exits)]


def _order(
    actor: Actor,
    group: OrderGroup,
    role: GroupRole,
    intent: OrderIntent,
    venue: str,
    refusal: Refusal,
    now: datetime,
) -> Order:
    entering = role is GroupRole.ENTRY
    status = OrderStatus.PLANNED if entering else OrderStatus.HELD
    order = order_store(
        actor=actor,
        intent=intent,
        venue=venue,
        status=status if refusal.allowed else OrderStatus.DENIED,
        now=now,
        group=group,
        group_role=role,
    )
    decision_store(order, refusal, now)
    if entering and refusal.allowed:
        reserve(order, gate.order_wanted(intent).spends, now)
    group_steps.order_tell(order, refusal, actor, now)
    return order


def rests_at_venue(role: GroupRole, intent: OrderIntent, venue: str) -> bool:
    """Whether it is a stop that the venue holds. A trailing one stays here: taken back for a
    larger one, it would forget the best price that it has seen."""
    if role is not GroupRole.STOP_LOSS or intent.kind is OrderKind.TRAILING_STOP:
        return False
    return not waits_here(intent, venue)


def _wait_where(order: Order, role: GroupRole, native: bool) -> None:
    """A spot balance cannot be locked twice: where the stop rests, the profit waits here."""
    if role is GroupRole.STOP_LOSS:
        order.emulated = not native
    elif role is GroupRole.TAKE_PROFIT and native:
        order.kind, order.trigger_price = OrderKind.TAKE_PROFIT_LIMIT, order.limit_price
        order.emulated = True
    order.save(update_fields=["emulated", "kind", "trigger_price"])


def group_store(
    actor: Actor,
    kind: GroupKind,
    first: OrderIntent,
    params: dict[str, Any],
    allowed: bool,
    now: datetime,
    *,
    next_at: datetime | None = None,
) -> OrderGroup:
    group: OrderGroup = OrderGroup.objects.create(
        workspace_id=actor.workspace_id,
        connection_id=first.connection_id,
        symbol=first.symbol,
        kind=kind,
        status=GroupStatus.ACTIVE if allowed else GroupStatus.DENIED,
        side=first.side,
        quantity=first.quantity,
        params=params,
        next_at=next_at if allowed else None,
        created_by=actor.user_id,
        created_at=now,
        closed_at=None if allowed else now,
    )
    return group


def group_tell(event: Any, group: OrderGroup, actor: Actor, now: datetime) -> None:
    audit.record(event, actor=actor, at=now, symbol=group.symbol, quantity=plain(group.quantity))
    outbox.publish(event)


@transaction.atomic
def order_group_advance(
    *, actor: Actor, group_id: int, quote: Quote | None, now: datetime
) -> OrderGroup:
    """Do whatever the group needs, now that its orders tell more. Safe to call any time."""
    locks.trading_account(actor.workspace_id)
    group = locks.order_group(actor.workspace_id, group_id)
    _advance(actor, group, quote, now)
    return group


def _advance(actor: Actor, group: OrderGroup, quote: Quote | None, now: datetime) -> None:
    moved = False
    for _ in range(ROUNDS):
        orders = locks.group_orders(group)
        facts = group_steps.facts_of(group, orders, quote)
        actions = groups.next_actions(facts)
        if not actions:
            break
        for action in actions:
            group_steps.apply(action, group, orders, quote, actor, now)
        moved = True
    orders = locks.group_orders(group)
    group_capital.hold(group, orders, group_steps.facts_of(group, orders, quote), now)
    if moved:
        event = OrderGroupMoved(workspace_id=group.workspace_id, group_id=group.pk)
        group_tell(event, group, actor, now)


@transaction.atomic
def order_group_cancel(*, actor: Actor, group_id: int, now: datetime) -> OrderGroup:
    """All of its orders are to end; what was bought stays, without its exits."""
    actor.require(Role.TRADER)
    account_open(actor.workspace_id)
    locks.trading_account(actor.workspace_id)
    group = locks.order_group(actor.workspace_id, group_id)
    if group.status == GroupStatus.NEEDS_ATTENTION:
        group_steps.close(group, groups.Close(GroupStatus.CANCELLED, "SEEN"), actor, now)
    elif GroupStatus(group.status) not in groups.OVER:
        group.status, group.next_at = GroupStatus.CANCELLING, None
        group.save(update_fields=["status", "next_at"])
    _advance(actor, group, None, now)
    return group


def order_amend(
    *,
    actor: Actor,
    order: Order,
    intent: OrderIntent,
    now: datetime,
) -> OrderGroup:
    """Replace a working order: cancelled, its end awaited, and only what it did not fill placed
    anew. intent.quantity is the whole size wanted, what is filled already included.

    Raises OrderIsOver and OrderInGroup.
    """
    actor.require(Role.TRADER)
    venue = connection_get(reader=actor, connection_id=intent.connection_id).venue
    intent = bounded(replace(intent, origin=OrderOrigin(order.origin)), venue=venue)
    return _amend_store(actor, order.pk, intent, now)


@transaction.atomic
def _amend_store(actor: Actor, order_id: int, intent: OrderIntent, now: datetime) -> OrderGroup:
    locks.trading_account(actor.workspace_id)
    order = group_steps.amendable(locks.order(actor.workspace_id, order_id))
    params = intent_dump(intent)
    group = group_store(actor, GroupKind.AMEND, intent, params, True, now)
    order.group, order.group_role = group, GroupRole.OLD
    order.save(update_fields=["group", "group_role"])
    event = OrderGroupPlaced(
        workspace_id=group.workspace_id, group_id=group.pk, kind=GroupKind.AMEND
    )
    group_tell(event, group, actor, now)
    _advance(actor, group, None, now)
    return group
