"""What the group machine's actions do to rows. Called under the account's and the group's lock."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from apps.core import audit, outbox
from apps.core.domain.events import Event
from apps.core.domain.money import ZERO, booked, plain
from apps.core.domain.people import Actor
from apps.markets.selectors import instrument_get
from apps.trading.domain import groups
from apps.trading.domain.errors import OrderInGroup, OrderIsOver
from apps.trading.domain.events import OrderDenied, OrderGroupClosed, OrderPlaced
from apps.trading.domain.groups import GroupFacts, GroupKind, GroupOrder, GroupRole, GroupStatus
from apps.trading.domain.orders import LIVE, OrderIntent, OrderOrigin, OrderStatus
from apps.trading.domain.orders import client_order_id_new as new_id
from apps.trading.domain.risk import Refusal
from apps.trading.domain.triggers import Quote
from apps.trading.models import CapitalReservation, Fill, Order, OrderGroup
from apps.trading.selectors.engine import rules_of
from apps.trading.services.order_place import cancel_ask, order_place_bounded
from apps.trading.services.order_run import SEND_VALID_FOR, released
from apps.venues.domain.ports import OrderKind, Side, TimeInForce

WIDEST = Decimal("0.1")  # fraction: no exit goes farther from the book than this
BUYING_BACK = Decimal("1.02")  # quote held per quote of a purchase that is to close


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
                triggered=order.triggered_at is not None,
                cancel_asked=order.cancel_requested_at is not None,
                sent=order.sent_at is not None,
            )
            for order in orders
        ),
        rules=rules_of(instrument_get(venue=venue, symbol=group.symbol)),
        price=_exit_price(orders, quote),
    )


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
        _release(by_id[action.order_id], action.quantity, _exit_price(orders, quote), now, actor)
    else:
        changed: dict[str, Any] = {"quantity": action.quantity}
        if isinstance(action, groups.Arm):
            changed["status"] = OrderStatus.ARMED
        Order.objects.filter(pk=action.order_id).update(**changed)


def _release(
    order: Order, quantity: Decimal, price: Decimal | None, now: datetime, actor: Actor
) -> None:
    """From here on it is sent. Its capital moves from the group to the order."""
    seen = price or order.trigger_price or order.limit_price or ZERO
    changed = released(order, seen, order.max_slippage, now) | {"quantity": quantity}
    Order.objects.filter(pk=order.pk).update(**changed)
    order.refresh_from_db()
    _reserve(order, now)
    order_tell(order, Refusal(), actor, now)


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
    if action.role is GroupRole.STOP_LOSS:
        made.kind, made.triggered_at = OrderKind.STOP, now
        made.time_in_force = TimeInForce.IOC
        made.trigger_price = like.trigger_price
        made.max_slippage = widened(like.max_slippage, action.attempt)
        seen = _exit_price(orders, quote) or like.limit_price or ZERO
        for name, value in released(made, seen, made.max_slippage, now).items():
            setattr(made, name, value)
    made.save()
    _reserve(made, now)
    order_tell(made, Refusal(), actor, now)


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
        time_in_force=like.time_in_force,
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


def hold(group: OrderGroup, orders: Sequence[Order], quote: Quote | None, now: datetime) -> None:
    """Keep what the waiting exits will need out of other hands; what rests, the venue locks."""
    rows = CapitalReservation.objects.filter(group=group, released_at=None)
    wanted, asset = ZERO, ""
    if GroupStatus(group.status) not in groups.OVER and group.kind in {"OCO", "BRACKET"}:
        facts = facts_of(group, orders, quote)
        wanted, asset = _claim(orders, facts)
    current = rows.first()
    if current is None and wanted > 0:
        CapitalReservation.objects.create(
            workspace_id=group.workspace_id,
            group=group,
            connection_id=group.connection_id,
            asset=asset,
            amount=wanted,
            at=now,
        )
    elif current is not None and wanted <= 0:
        rows.update(released_at=now)
    elif current is not None and current.amount != wanted:
        rows.update(amount=wanted)


def _claim(orders: Sequence[Order], facts: GroupFacts) -> tuple[Decimal, str]:
    exits = [o for o in orders if o.group_role in groups.EXITS]
    base, _, quote_asset = exits[0].symbol.partition("/")
    waiting = max(facts.left - facts.out, ZERO)
    if exits[0].side == Side.SELL:
        return booked(waiting), base
    worst = max((o.trigger_price or o.limit_price or ZERO for o in exits), default=ZERO)
    return booked(waiting * worst * BUYING_BACK), quote_asset


def _reserve(order: Order, now: datetime) -> None:
    base, _, quote_asset = order.symbol.partition("/")
    selling = order.side == Side.SELL
    price = order.limit_price or order.trigger_price or ZERO
    amount = order.quantity if selling else order.quantity * price * BUYING_BACK
    if booked(amount) <= 0:
        return
    CapitalReservation.objects.create(
        workspace_id=order.workspace_id,
        bot_id=order.bot_id,
        order=order,
        connection_id=order.connection_id,
        asset=base if selling else quote_asset,
        amount=booked(amount),
        at=now,
    )


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


def intent_dump(intent: OrderIntent) -> dict[str, Any]:
    """As JSON keeps it; amounts as text."""
    return {
        "connection_id": intent.connection_id,
        "symbol": intent.symbol,
        "base": intent.base,
        "quote": intent.quote,
        "side": intent.side,
        "quantity": plain(intent.quantity),
        "limit_price": None if intent.limit_price is None else plain(intent.limit_price),
        "trigger_price": None if intent.trigger_price is None else plain(intent.trigger_price),
        "trail": None if intent.trail is None else plain(intent.trail),
        "kind": intent.kind,
        "time_in_force": intent.time_in_force,
        "reduce_only": intent.reduce_only,
        "origin": intent.origin,
        "max_slippage": plain(intent.max_slippage),
        "fee_rate": None if intent.fee_rate is None else plain(intent.fee_rate),
    }


def intent_load(saved: dict[str, Any]) -> OrderIntent:
    amounts = ("quantity", "limit_price", "trigger_price", "trail", "max_slippage", "fee_rate")
    known = {each.name for each in fields(OrderIntent)}
    given = {name: value for name, value in saved.items() if name in known} | {
        name: None if saved[name] is None else Decimal(saved[name]) for name in amounts
    }
    return OrderIntent(
        **given
        | {
            "side": Side(saved["side"]),
            "kind": OrderKind(saved["kind"]),
            "time_in_force": TimeInForce(saved["time_in_force"]),
            "origin": OrderOrigin(saved["origin"]),
        }
    )
