"""From what somebody wants to an order that the gate can judge: rules, fee, price, bound.

Reads the mirror of the books, so it runs before any transaction. Sizes and prices are made to fit
only toward safety: a size never grows, and a bound never moves away from the price seen.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from apps.markets.selectors import instrument_get
from apps.trading.domain import tickets, triggers
from apps.trading.domain.errors import OrderFieldsWrong
from apps.trading.domain.orders import OrderIntent
from apps.trading.domain.plans import SizeRules
from apps.trading.domain.tickets import Terms, Wish
from apps.trading.domain.triggers import Quote
from apps.trading.selectors.engine import account_fees, rules_of
from apps.trading.selectors.quotes import quote_now
from apps.venues.domain.ports import UNPRICED, OrderKind, Side, TimeInForce
from apps.venues.registry import capabilities_of


def terms_of(*, connection_id: int, venue: str, symbol: str) -> Terms:
    """What the venue and the market say about a pair now. Raises InstrumentMissing."""
    instrument = instrument_get(venue=venue, symbol=symbol)
    fee = account_fees([connection_id]).get((connection_id, symbol), instrument.taker_fee)
    return Terms(
        venue=venue,
        symbol=symbol,
        base=instrument.base,
        quote=instrument.quote,
        rules=rules_of(instrument),
        fee_rate=fee,
        capabilities=capabilities_of(venue),
        book=quote_now(venue=venue, symbol=symbol),
    )


def intent_of(wish: Wish, terms: Terms) -> OrderIntent:
    """A whole intent. Raises OrderFieldsWrong with a sentence per field."""
    wrong = tickets.problems(wish, terms)
    if wrong:
        raise OrderFieldsWrong(details=wrong)
    made = tickets.intent_of(wish, terms)
    if made.quantity <= 0:
        raise OrderFieldsWrong(details={"quantity": [tickets.TOO_SMALL]})
    return made


def bounded(intent: OrderIntent, *, venue: str) -> OrderIntent:
    """The intent as it is stored: with rules, a price seen and, where it goes at once without a
    limit, the worst price it may trade at. Nothing known: the gate refuses it."""
    intent = _with_rules(intent, venue)
    if intent.reference_price is None:
        book = quote_now(venue=venue, symbol=intent.symbol)
        if book is not None:
            intent = replace(intent, reference_price=book.against(intent.side), book_age=book.age)
    if intent.kind is not OrderKind.MARKET or intent.limit_price is not None:
        return intent
    if intent.reference_price is None:
        return intent
    price = bound_of(intent.side, intent.reference_price, intent.max_slippage, intent.rules)
    return replace(intent, limit_price=price, time_in_force=TimeInForce.IOC)


def bound_of(side: Side, price: Decimal, slippage: Decimal, rules: SizeRules) -> Decimal:
    """The worst price, on the venue's step, never farther away than `slippage` says."""
    worst = triggers.bound(side, price, slippage)
    return rules.price_up(worst) if side is Side.SELL else rules.price_down(worst)


def waits_here(intent: OrderIntent, venue: str) -> bool:
    """Whether the engine waits for its trigger because the venue cannot."""
    if intent.kind not in triggers.WAITING:
        return False
    return tickets.CAPABILITY_OF[intent.kind] not in capabilities_of(venue)


def book_of(venue: str, symbol: str) -> Quote | None:
    return quote_now(venue=venue, symbol=symbol)


def unpriced(kind: OrderKind) -> bool:
    return kind in UNPRICED


def _with_rules(intent: OrderIntent, venue: str) -> OrderIntent:
    if intent.rules != SizeRules() and intent.fee_rate is not None:
        return intent
    instrument = instrument_get(venue=venue, symbol=intent.symbol)
    fee = intent.fee_rate
    if fee is None:
        known = account_fees([intent.connection_id])
        fee = known.get((intent.connection_id, intent.symbol), instrument.taker_fee)
    rules = rules_of(instrument) if intent.rules == SizeRules() else intent.rules
    return replace(intent, rules=rules, fee_rate=fee)
