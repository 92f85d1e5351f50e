"""A filled-in ticket becomes an order, a bracket, an OCO or slices. One way in for page and API."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from apps.core.domain.people import Actor, Role
from apps.markets.domain.errors import InstrumentMissing
from apps.trading.domain import slices, tickets
from apps.trading.domain.errors import OrderFieldsWrong
from apps.trading.domain.groups import GroupKind, GroupRole
from apps.trading.domain.orders import OrderIntent, OrderStatus
from apps.trading.domain.tickets import Terms, Ticket, TicketKind
from apps.trading.models import Order, OrderGroup
from apps.trading.services import order_groups, order_slices, order_terms
from apps.trading.services.order_groups import Exit
from apps.trading.services.order_place import order_place
from apps.venues.domain.ports import OrderKind, Side, TimeInForce
from apps.venues.selectors import connection_get


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """A ticket whose every field fits; nothing is stored yet."""

    ticket: Ticket
    terms: Terms
    venue: str
    intent: OrderIntent
    exits: tuple[Exit, ...] = ()

    @property
    def exits_only(self) -> bool:
        """An OCO: what is held is sold later, nothing trades now."""
        return self.ticket.kind is TicketKind.OCO


@dataclass(frozen=True, slots=True)
class Placed:
    """order: the single one, or the first of the group (None: its slices come later)."""

    order: Order | None
    group: OrderGroup | None = None

    @property
    def denied(self) -> bool:
        return self.order is not None and self.order.status == OrderStatus.DENIED


def ticket_check(*, actor: Actor, ticket: Ticket, now: datetime) -> Checked:
    """Read what the market says and hold every field against it. Raises OrderFieldsWrong and
    ConnectionMissing."""
    actor.require(Role.TRADER)
    venue = connection_get(reader=actor, connection_id=ticket.wish.connection_id).venue
    try:
        terms = order_terms.terms_of(
            connection_id=ticket.wish.connection_id, venue=venue, symbol=ticket.symbol
        )
    except InstrumentMissing:
        raise OrderFieldsWrong(details={"symbol": [tickets.NOT_LISTED]}) from None
    wrong = tickets.ticket_problems(ticket, terms, now)
    if wrong:
        raise OrderFieldsWrong(details=wrong)
    intent = order_terms.intent_of(ticket.wish, terms)
    exits = _exits(ticket, intent)
    if ticket.kind is TicketKind.TWAP:
        _require_slices_fit(ticket, intent)
    return Checked(ticket=ticket, terms=terms, venue=venue, intent=intent, exits=exits)


def ticket_place(*, actor: Actor, ticket: Ticket, now: datetime) -> Placed:
    """Place it. A refusal by the gate returns as DENIED. Raises what `ticket_check` raises."""
    checked = ticket_check(actor=actor, ticket=ticket, now=now)
    if ticket.kind is TicketKind.TWAP and ticket.interval is not None:
        group = order_slices.order_slices_place(
            actor=actor,
            intent=checked.intent,
            count=ticket.slices or 1,
            interval=ticket.interval,
            now=now,
        )
        return Placed(_first(group), group)
    if checked.exits:
        oco = ticket.kind is TicketKind.OCO
        group = order_groups.order_group_place(
            actor=actor,
            kind=GroupKind.OCO if oco else GroupKind.BRACKET,
            entry=None if oco else checked.intent,
            exits=checked.exits,
            now=now,
            quote=checked.terms.book,
        )
        return Placed(_first(group), group)
    return Placed(order_place(actor=actor, intent=checked.intent, now=now))


def _first(group: OrderGroup) -> Order | None:
    first: Order | None = Order.objects.filter(group=group).order_by("pk").first()
    return first


def _exits(ticket: Ticket, intent: OrderIntent) -> tuple[Exit, ...]:
    """The profit and the stop; of an OCO they have the order's own side, of a bracket the other."""
    if not ticket.has_exits:
        return ()
    oco = ticket.kind is TicketKind.OCO
    other = Side.SELL if intent.side is Side.BUY else Side.BUY
    plain = replace(
        intent,
        side=intent.side if oco else other,
        limit_price=None,
        trigger_price=None,
        trail=None,
        expires_at=None,
        time_in_force=TimeInForce.GTC,
        book_age=None,
    )
    made: list[Exit] = []
    if ticket.profit_price is not None:
        profit = replace(plain, kind=OrderKind.LIMIT, limit_price=ticket.profit_price)
        made.append((GroupRole.TAKE_PROFIT, profit))
    if ticket.stop_trail is not None:
        trailing = replace(plain, kind=OrderKind.TRAILING_STOP, trail=ticket.stop_trail)
        made.append((GroupRole.STOP_LOSS, trailing))
    elif ticket.stop_trigger is not None:
        kind = OrderKind.STOP if ticket.stop_limit is None else OrderKind.STOP_LIMIT
        stop = replace(
            plain, kind=kind, trigger_price=ticket.stop_trigger, limit_price=ticket.stop_limit
        )
        made.append((GroupRole.STOP_LOSS, stop))
    return tuple(made)


def _require_slices_fit(ticket: Ticket, intent: OrderIntent) -> None:
    size = slices.slice_size(intent.quantity, ticket.slices or 1, intent.rules)
    price = intent.limit_price or intent.reference_price or Decimal(0)
    if not intent.rules.tradable(size, price):
        raise OrderFieldsWrong(details={"slices": [tickets.SLICES_TOO_SMALL]})
