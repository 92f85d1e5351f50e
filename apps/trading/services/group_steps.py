"""What the group machine's actions do to rows. Called under the account's and the group's lock."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from apps.core import audit, outbox
from apps.core.domain.events import Event
from apps.core.domain.money import ZERO, plain
from apps.core.domain.people import Actor
from apps.markets.selectors import instrument_get
from apps.trading.domain import groups
from apps.trading.domain.errors import OrderInGroup, OrderIsOver
from apps.trading.domain.events import OrderDenied, OrderGroupClosed, OrderPlaced
from apps.trading.domain.groups import GroupFacts, GroupKind, GroupOrder, GroupRole, GroupStatus
from apps.trading.domain.orders import LIVE, OrderStatus
from apps.trading.domain.orders import client_order_id_new as new_id
from apps.trading.domain.risk import Refusal
from apps.trading.domain.triggers import Quote
from apps.trading.models import Fill, Order, OrderGroup
from apps.trading.selectors.engine import rules_of
from apps.trading.services.group_capital import reserve
from apps.trading.services.kept_intents import intent_load
from apps.trading.services.order_place import WAITS_FOR, cancel_ask, order_place_bounded
from apps.trading.services.order_run import SEND_VALID_FOR, released
from apps.venues.domain.ports import OrderKind, Side, TimeInForce

WIDEST = Decimal("0.1")  # fraction: no exit goes farther from the book than this
NOT_KEPT = "STOP_NOT_AT_VENUE"  # refused or ended there: the engine waits for its price


def facts_of(group: OrderGroup, orders: Sequence[Order], quote: Quote | None) -> GroupFacts:
    venue = orders[0].venue if orders else group.connection.venue
    brought = _brought([o for o in orders if o.group_role == GroupRole.ENTRY], group.symbol)
    return GroupFacts(
        kind=GroupKind(group.kind),
        status=GroupStatus(group.status),
        quantity=group.quantity,
        orders=tuple(
            GroupOrder(
                order_id=order.pk,
                role=GroupRole(order.group_role),
                status=OrderStatus(order.status),
                quantity=order.quantity,
                filled=order.filled,
                brought=brought.get(order.pk, ZERO),
                triggered=_is_triggered(order),
                cancel_asked=order.cancel_requested_at is not None,
                replaced=order.cancel_reason in groups.OWN_REASONS,
                sent=order.sent_at is not None,
                native=is_native(order),
            )
            for order in orders
        ),
        rules=rules_of(instrument_get(venue=venue, symbol=group.symbol)),
        price=_exit_price(orders, quote),
    )


def is_native(order: Order) -> bool:
    """Whether the venue waits for this stop's trigger, or is to."""
    return order.group_role == GroupRole.STOP_LOSS and not order.emulated


def _is_triggered(order: Order) -> bool:
    """A stop that the venue watches says by its fills that its price was there."""
    return order.triggered_at is not None or (is_native(order) and order.filled > 0)


def _brought(entries: Sequence[Order], symbol: str) -> dict[int, Decimal]:
    """{entry: base that there is to close}: a fee taken in the base was never received."""
    base = symbol.partition("/")[0]
    found = {order.pk: order.filled for order in entries}
    bought = [order.pk for order in entries if order.side == Side.BUY]
    for order_id, fee in Fill.objects.filter(order_id__in=bought, fee_asset=base).values_list(
        "order_id", "fee"
    ):
        found[order_id] -= fee or ZERO
    return found


def _exit_price(orders: Sequence[Order], quote: Quote | None) -> Decimal | None:
    """What an exit would trade at: the live book, else what it waits for."""
    exits = [o for o in orders if o.group_role in groups.EXITS]
    if quote is not None and orders:
        side = exits[0].side if exits else orders[-1].side
        return quote.against(Side(side))
    known = [o.trigger_price or o.trail_best or o.limit_price for o in exits]
    return next((price for price in known if price), None)


def apply(
    action: groups.Action,
    group: OrderGroup,
    orders: Sequence[Order],
    quote: Quote | None,
    actor: Actor,
    now: datetime,
) -> None:
    by_id = {order.pk: order for order in orders}
    if isinstance(action, groups.Close):
        close(group, action, actor, now)
    elif isinstance(action, groups.Place):
        _place(action, group, orders, quote, actor, now)
    elif isinstance(action, groups.Cancel):
        cancel_ask(by_id[action.order_id], actor=actor, reason=action.reason, now=now)
    elif isinstance(action, groups.Release):
        _release(by_id[action.order_id], action, quote, now, actor)
    elif isinstance(action, groups.Rest):
        _rest(by_id[action.order_id], action.quantity, now, actor)
    else:
        changed: dict[str, Any] = {"quantity": action.quantity}
        if isinstance(action, groups.Arm):
            changed["status"] = OrderStatus.ARMED
        Order.objects.filter(pk=action.order_id).update(**changed)


def _release(
    order: Order, action: groups.Release, quote: Quote | None, now: datetime, actor: Actor
) -> None:
    """From here on it is sent, to trade; no venue waits for its price."""
    changed = released(order, _seen(order, quote), order.max_slippage, now)
    changed |= {"quantity": action.quantity, "emulated": True}
    if action.at_once:
        changed["time_in_force"] = TimeInForce.IOC
    _send(order, changed, now, actor)


def _rest(order: Order, quantity: Decimal, now: datetime, actor: Actor) -> None:
    """From here on it is sent, to wait at the venue."""
    changed = {
        "status": OrderStatus.PLANNED,
        "quantity": quantity,
        "placed_at": now,
        "valid_until": now + SEND_VALID_FOR,
        "warning": "",
    }
    _send(order, changed, now, actor)


def _send(order: Order, changed: dict[str, Any], now: datetime, actor: Actor) -> None:
    """Its capital moves from the group to the order."""
    Order.objects.filter(pk=order.pk).update(**changed)
    order.refresh_from_db()
    reserve(order, now)
    order_tell(order, Refusal(), actor, now)


def _seen(order: Order, quote: Quote | None) -> Decimal:
    """What an exit would trade at: the live book, else what it waited for itself."""
    if quote is not None:
        return quote.against(Side(order.side))
    return order.trigger_price or order.trail_best or order.limit_price or ZERO


def _place(
    action: groups.Place,
    group: OrderGroup,
    orders: Sequence[Order],
    quote: Quote | None,
    actor: Actor,
    now: datetime,
) -> None:
    if action.role is GroupRole.NEW:
        intent = replace(intent_load(group.params), quantity=action.quantity)
        order_place_bounded(
            actor=actor,
            intent=intent,
            venue=orders[0].venue,
            now=now,
            group=group,
            group_role=GroupRole.NEW,
        )
        return
    like = [order for order in orders if order.group_role == action.role][-1]
    made = _copy(like, action.quantity, now)
    if action.armed:
        _arm(made, like, native=action.native)
    elif action.role is GroupRole.STOP_LOSS:
        made.kind, made.triggered_at, made.emulated = OrderKind.STOP, now, True
        made.time_in_force = TimeInForce.IOC
        made.max_slippage = widened(like.max_slippage, action.attempt)
        for name, value in released(made, _seen(like, quote), made.max_slippage, now).items():
            setattr(made, name, value)
    made.save()
    if not action.armed:
        reserve(made, now)
    order_tell(made, Refusal(), actor, now)


def _arm(made: Order, like: Order, *, native: bool) -> None:
    """It waits in the engine; a stop says so where the venue did not keep it."""
    made.status, made.emulated = OrderStatus.ARMED, not native
    made.valid_until = made.placed_at + WAITS_FOR
    made.max_slippage, made.trail, made.trail_best = like.max_slippage, like.trail, like.trail_best
    if is_native(like) and not native:
        made.reason = NOT_KEPT


def widened(slippage: Decimal | None, attempt: int) -> Decimal:
    """Twice as far from the book with each attempt: an exit must find somebody."""
    first = slippage or Decimal("0.005")
    return min(first * Decimal(2) ** attempt, WIDEST)


def _copy(like: Order, quantity: Decimal, now: datetime) -> Order:
    return Order(
        workspace_id=like.workspace_id,
        bot_id=like.bot_id,
        role=like.role,
        connection_id=like.connection_id,
        venue=like.venue,
        symbol=like.symbol,
        client_order_id=new_id(),
        side=like.side,
        kind=like.kind,
        quantity=quantity,
        limit_price=like.limit_price,
        trigger_price=like.trigger_price,
        emulated=like.emulated,
        time_in_force=_time_of(like),
        reduce_only=like.reduce_only,
        origin=like.origin,
        created_by=like.created_by,
        group_id=like.group_id,
        group_role=like.group_role,
        fencing_token=like.fencing_token,
        status=OrderStatus.PLANNED,
        placed_at=now,
        valid_until=now + SEND_VALID_FOR,
    )


def _time_of(like: Order) -> TimeInForce:
    """A profit that went out at once may rest the next time."""
    if like.group_role == GroupRole.TAKE_PROFIT and like.time_in_force == TimeInForce.IOC:
        return TimeInForce.GTC
    return TimeInForce(like.time_in_force)


def close(group: OrderGroup, action: groups.Close, actor: Actor, now: datetime) -> None:
    group.status, group.reason = action.status, action.reason
    group.next_at, group.closed_at = None, now
    group.save(update_fields=["status", "reason", "next_at", "closed_at"])
    event = OrderGroupClosed(
        workspace_id=group.workspace_id,
        group_id=group.pk,
        status=action.status,
        reason=action.reason,
    )
    audit.record(event, actor=actor, at=now)
    outbox.publish(event)


def order_tell(order: Order, refusal: Refusal, actor: Actor, now: datetime) -> None:
    event: Event = OrderPlaced(workspace_id=order.workspace_id, order_id=order.pk)
    if not refusal.allowed:
        event = OrderDenied(workspace_id=order.workspace_id, order_id=order.pk, rule=refusal.rule)
    audit.record(event, actor=actor, at=now, quantity=plain(order.quantity))
    outbox.publish(event)


def amendable(order: Order) -> Order:
    if OrderStatus(order.status) not in LIVE:
        raise OrderIsOver
    if order.group_id is not None or order.plan_id is not None:
        raise OrderInGroup
    return order
