"""What an order must satisfy before it is accepted: filters, room, money. Each step may refuse."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from apps.practice.domain import refusals, triggers
from apps.practice.domain.ledger import ZERO, Account, Ledger
from apps.practice.domain.matching import Book, Side
from apps.practice.domain.rules import SymbolRules


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """An order as a client asks for it; the dialect has checked that its fields fit together."""

    symbol: str
    side: Side
    type: str
    time_in_force: str = "GTC"
    price: Decimal = ZERO
    quantity: Decimal = ZERO
    quote_quantity: Decimal = ZERO
    client_order_id: str = ""
    stop_price: Decimal = ZERO
    trailing_delta: int = 0  # BIPS

    @property
    def waits(self) -> bool:
        return self.type in triggers.CONTINGENT


def measure(
    ticket: Ticket, rules: SymbolRules, book: Book, reference: Decimal | None
) -> tuple[int, int | None]:
    """Lots and limit in ticks (None for a market order), after the filters; raises Refusal.

    `reference` is the last price, or None while there never was one.
    """
    if ticket.waits:
        _require_trigger(ticket, rules, reference)
    if ticket.type == "MARKET":
        return _measure_market(ticket, rules, book, reference), None
    if ticket.type in triggers.UNPRICED:
        return _measure_stop(ticket, rules, reference), None
    limit = rules.ticks(ticket.price)
    rules.require_near(ticket.price, reference)
    lots = rules.lots(ticket.quantity)
    rules.require_notional(ticket.price * ticket.quantity)
    if ticket.type == "LIMIT_MAKER" and book.fillable(ticket.side, limit, 1):
        raise refusals.order_would_take()
    return lots, limit


def _measure_market(
    ticket: Ticket, rules: SymbolRules, book: Book, reference: Decimal | None
) -> int:
    if ticket.quote_quantity:
        rules.require_notional(ticket.quote_quantity)
        lots = book.lots_for(ticket.side, int(ticket.quote_quantity / rules.unit))
        if lots:
            rules.lots(rules.quantity(lots), market=True)
        return lots
    lots = rules.lots(ticket.quantity, market=True)
    if reference is not None:
        rules.require_notional(ticket.quantity * reference)
    return lots


def _require_trigger(ticket: Ticket, rules: SymbolRules, reference: Decimal | None) -> None:
    """The stop price on the grid and not met yet; the delta within the filter."""
    if ticket.trailing_delta:
        least, most = rules.trailing_delta
        if not least <= ticket.trailing_delta <= most:
            raise refusals.filter_failed("TRAILING_DELTA")
    if ticket.stop_price:
        rules.ticks(ticket.stop_price)
        met = reference is not None and triggers.is_met(
            ticket.type, ticket.side, ticket.stop_price, reference
        )
        if met and not ticket.trailing_delta:
            raise refusals.order_would_trigger()


def _measure_stop(ticket: Ticket, rules: SymbolRules, reference: Decimal | None) -> int:
    lots = rules.lots(ticket.quantity, market=True)
    price = ticket.stop_price or reference
    if price is not None:
        rules.require_notional(ticket.quantity * price)
    return lots


def require_room(ledger: Ledger, account: Account, ticket: Ticket, rules: SymbolRules) -> None:
    """One open order per client id, and no more open orders than the symbol allows."""
    twin = ledger.order_by_client_id(account.id, ticket.symbol, ticket.client_order_id)
    if twin is not None and twin.open:
        raise refusals.order_duplicate()
    if len(account.open_ids) >= rules.max_orders:
        standing = sum(ledger.orders[i].symbol == ticket.symbol for i in account.open_ids)
        if standing >= rules.max_orders:
            raise refusals.filter_failed("MAX_NUM_ORDERS")
    if ticket.waits and len(account.open_ids) >= rules.max_algo_orders:
        held = (ledger.orders[i] for i in account.open_ids)
        if sum(o.waits and o.symbol == ticket.symbol for o in held) >= rules.max_algo_orders:
            raise refusals.filter_failed("MAX_NUM_ALGO_ORDERS")


def lock(
    account: Account,
    ticket: Ticket,
    rules: SymbolRules,
    book: Book,
    lots: int,
    reference: Decimal | None,
) -> tuple[Decimal, str]:
    """What the order may spend, of which asset; raises Refusal when it is not there.

    A waiting market order that buys locks its cost at the stop price, or at the last price where a
    trailing one has none; what it costs in the end is known when it is triggered.
    """
    if ticket.side is Side.SELL:
        needed, asset = rules.quantity(lots), rules.base
    elif ticket.type == "MARKET":
        needed, asset = book.cost(ticket.side, lots) * rules.unit, rules.quote
    elif ticket.type in triggers.UNPRICED:
        price = ticket.stop_price or reference or ZERO
        needed, asset = price * rules.quantity(lots), rules.quote
    else:
        needed, asset = ticket.price * rules.quantity(lots), rules.quote
    if needed > account.free(asset):
        raise refusals.balance_insufficient()
    return needed, asset
