"""A large order in slices: placed as a group, one slice at a time through the gate."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

from django.db import transaction

from apps.core.domain.people import Actor, Role
from apps.markets.selectors import instrument_get
from apps.trading import locks
from apps.trading.domain import groups, slices
from apps.trading.domain.events import OrderGroupPlaced
from apps.trading.domain.groups import GroupKind, GroupRole, GroupStatus
from apps.trading.domain.orders import LIVE, OrderIntent, OrderStatus
from apps.trading.domain.triggers import Quote
from apps.trading.models import Order, OrderGroup
from apps.trading.selectors.engine import rules_of
from apps.trading.services import gate, group_steps
from apps.trading.services.account import account_open
from apps.trading.services.kept_intents import intent_dump, intent_load
from apps.trading.services.order_groups import group_store, group_tell
from apps.trading.services.order_place import decision_store, order_place_bounded, order_store
from apps.trading.services.order_terms import bound_of
from apps.venues.domain.ports import OrderKind, Side, TimeInForce
from apps.venues.selectors import connection_get


@transaction.atomic
def order_slices_place(
    *, actor: Actor, intent: OrderIntent, count: int, interval: timedelta, now: datetime
) -> OrderGroup:
    """`count` slices, the first at once. The gate judges the whole first; each slice passes it
    again when it is due. intent.limit_price, if set, is what no slice trades beyond."""
    actor.require(Role.TRADER)
    venue = connection_get(reader=actor, connection_id=intent.connection_id).venue
    account_open(actor.workspace_id)
    account = locks.trading_account(actor.workspace_id)
    refusal = gate.order_decide(
        account=account, intent=intent, bot_id=None, fencing_token=None, now=now
    )
    params = intent_dump(intent) | {
        "slices": count,
        "interval": interval.total_seconds(),
    }
    group = group_store(actor, GroupKind.TWAP, intent, params, refusal.allowed, now, next_at=now)
    event = OrderGroupPlaced(
        workspace_id=group.workspace_id, group_id=group.pk, kind=GroupKind.TWAP
    )
    group_tell(event, group, actor, now)
    if not refusal.allowed:
        order = order_store(
            actor=actor,
            intent=intent,
            venue=venue,
            status=OrderStatus.DENIED,
            now=now,
            group=group,
            group_role=GroupRole.SLICE,
        )
        decision_store(order, refusal, now)
        group_steps.order_tell(order, refusal, actor, now)
    return group


@transaction.atomic
def order_slice_place(
    *, actor: Actor, group_id: int, quote: Quote | None, now: datetime
) -> OrderGroup:
    """Place the next slice if it is due. Of many callers at once, one does."""
    locks.trading_account(actor.workspace_id)
    group = locks.order_group(actor.workspace_id, group_id)
    if group.status != GroupStatus.ACTIVE or group.kind != GroupKind.TWAP:
        return group
    orders = locks.group_orders(group)
    intent = intent_load(group.params)
    venue = connection_get(reader=actor, connection_id=group.connection_id).venue
    step = slices.next_slice(_schedule(group, orders, intent, venue, quote, now), now)
    if isinstance(step, slices.Over):
        status = GroupStatus.CANCELLED if step.reason == "SLICES_REFUSED" else GroupStatus.DONE
        group_steps.close(group, groups.Close(status, step.reason), actor, now)
        return group
    if isinstance(step, slices.Slice) and quote is not None:
        _send_one(actor, group, intent, venue, step.quantity, quote, now)
    group.next_at = step.at if isinstance(step, slices.Later) else step.next_at
    group.save(update_fields=["next_at"])
    return group


def _schedule(
    group: OrderGroup,
    orders: list[Order],
    intent: OrderIntent,
    venue: str,
    quote: Quote | None,
    now: datetime,
) -> slices.Schedule:
    price = None if quote is None else quote.against(intent.side)
    limit = intent.limit_price
    beyond = False
    if price is not None and limit is not None:
        beyond = price > limit if intent.side is Side.BUY else price < limit
    refused = 0
    for order in reversed(orders):
        if order.status not in {OrderStatus.DENIED, OrderStatus.REJECTED}:
            break
        refused += 1
    return slices.Schedule(
        quantity=group.quantity,
        slices=int(group.params["slices"]),
        interval=timedelta(seconds=float(group.params["interval"])),
        started_at=group.created_at,
        next_at=group.next_at or now,
        filled=sum((order.filled for order in orders), Decimal(0)),
        under_way=sum(
            (o.quantity - o.filled for o in orders if OrderStatus(o.status) in LIVE), Decimal(0)
        ),
        refused_in_a_row=refused,
        rules=rules_of(instrument_get(venue=venue, symbol=group.symbol)),
        price=price,
        too_dear=beyond,
    )


def _send_one(
    actor: Actor,
    group: OrderGroup,
    intent: OrderIntent,
    venue: str,
    size: Decimal,
    quote: Quote,
    now: datetime,
) -> Order:
    rules = rules_of(instrument_get(venue=venue, symbol=group.symbol))
    seen = quote.against(intent.side)
    bound = bound_of(intent.side, seen, intent.max_slippage, rules)
    if intent.limit_price is not None:
        nearer = min if intent.side is Side.BUY else max
        bound = nearer(bound, intent.limit_price)
    one = replace(
        intent,
        quantity=size,
        kind=OrderKind.MARKET,
        time_in_force=TimeInForce.IOC,
        limit_price=bound,
        reference_price=seen,
        book_age=quote.age,
        rules=rules,
    )
    return order_place_bounded(
        actor=actor, intent=one, venue=venue, now=now, group=group, group_role=GroupRole.SLICE
    )
