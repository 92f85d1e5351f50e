"""What a person or a program fills in, and what is wrong with it, field by field.

Amounts: quantity in base, spend and prices in quote, trail and slippage as fractions.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from apps.core.domain.errors import gettext_noop
from apps.core.domain.money import ZERO, floored
from apps.trading.domain.orders import MAX_SLIPPAGE, OrderIntent, OrderOrigin
from apps.trading.domain.plans import SizeRules
from apps.trading.domain.triggers import STOPS, WAITING, Quote, bound
from apps.venues.domain.ports import UNPRICED, Capability, OrderKind, Side, TimeInForce

TRAIL_LIMITS = (Decimal("0.001"), Decimal("0.5"))
SLIPPAGE_LIMITS = (Decimal("0.0001"), Decimal("0.1"))
CAPABILITY_OF: Mapping[OrderKind, Capability] = {
    OrderKind.STOP: Capability.STOP,
    OrderKind.STOP_LIMIT: Capability.STOP_LIMIT,
    OrderKind.TAKE_PROFIT: Capability.TAKE_PROFIT,
    OrderKind.TAKE_PROFIT_LIMIT: Capability.TAKE_PROFIT_LIMIT,
    OrderKind.TRAILING_STOP: Capability.TRAILING_STOP,
}
NEEDED_TIME = {
    TimeInForce.IOC: Capability.IOC,
    TimeInForce.FOK: Capability.FOK,
    TimeInForce.POST_ONLY: Capability.POST_ONLY,
}
MISSING = gettext_noop("This field is needed for this type of order.")
NOT_HERE = gettext_noop("This type of order has no such field.")
POSITIVE = gettext_noop("Greater than zero, please.")
ONE_SIZE = gettext_noop("Either a quantity or an amount to spend, please.")
OFF_PRICE_STEP = gettext_noop("The exchange does not take this price: it is no step of the pair.")
OFF_SIZE_STEP = gettext_noop("The exchange does not take this size: it is no step of the pair.")
TOO_SMALL = gettext_noop("This is less than the exchange takes.")
NO_BOOK = gettext_noop("There is no live price for this pair right now. Try again in a moment.")
NOT_OFFERED = gettext_noop("This exchange does not offer it.")
PAST = gettext_noop("A moment that is still to come, please.")
WRONG_SIDE = gettext_noop("The market is already past this price: it would trade at once.")
OUT_OF_RANGE = gettext_noop("Outside of what is allowed here.")
NOT_LISTED = gettext_noop("This exchange does not trade the pair.")
ONE_STOP = gettext_noop("Either a stop price or a trailing distance, please.")
SLICES_TOO_SMALL = gettext_noop("The slices are smaller than the exchange takes. Use fewer.")
EXITS_CROSSED = gettext_noop("The profit and the stop stand on the wrong sides of the price.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What is known of a pair at a venue. book None: no live price now."""

    venue: str
    symbol: str
    base: str
    quote: str
    rules: SizeRules
    fee_rate: Decimal | None
    capabilities: frozenset[Capability]
    book: Quote | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """An order as it is filled in. Of quantity and spend, one is set."""

    connection_id: int
    side: Side
    kind: OrderKind
    quantity: Decimal | None = None
    spend: Decimal | None = None
    limit_price: Decimal | None = None
    trigger_price: Decimal | None = None
    trail: Decimal | None = None
    time_in_force: TimeInForce | None = None
    expires_at: datetime | None = None
    reduce_only: bool = False
    max_slippage: Decimal = MAX_SLIPPAGE
    origin: OrderOrigin = OrderOrigin.MANUAL


class TicketKind(StrEnum):
    """What a ticket is called. The first seven are single orders (OrderKind)."""

    MARKET = "market"
    LIMIT = "limit"
    STOP = "stop"
    STOP_LIMIT = "stop_limit"
    TAKE_PROFIT = "take_profit"
    TAKE_PROFIT_LIMIT = "take_profit_limit"
    TRAILING_STOP = "trailing_stop"
    OCO = "oco"
    TWAP = "twap"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """A wish and what belongs to it: exits (with an entry: a bracket), or slices over time."""

    symbol: str
    kind: TicketKind
    wish: Wish
    profit_price: Decimal | None = None
    stop_trigger: Decimal | None = None
    stop_limit: Decimal | None = None
    stop_trail: Decimal | None = None
    slices: int | None = None
    interval: timedelta | None = None

    @property
    def has_exits(self) -> bool:
        return self.has_stop or self.profit_price is not None

    @property
    def has_stop(self) -> bool:
        return self.stop_trigger is not None or self.stop_trail is not None


Problems = dict[str, list[str]]
Found = list[tuple[str, str]]
SLICES_LIMITS = (2, 500)
INTERVAL_LIMITS = (timedelta(seconds=5), timedelta(hours=24))
ENTRIES = frozenset({TicketKind.MARKET, TicketKind.LIMIT})


def order_kind(kind: TicketKind, *, limited: bool) -> OrderKind:
    """The kind of the order that carries the size. limited: a limit price was given."""
    if kind in {TicketKind.OCO, TicketKind.TWAP}:
        return OrderKind.LIMIT if limited else OrderKind.MARKET
    return OrderKind(kind.value)


def ticket_problems(ticket: Ticket, terms: Terms, now: datetime) -> Problems:
    """{field: sentences} of a whole ticket."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for field, sentences in problems(ticket.wish, terms).items():
        found[field] += sentences
    for field, sentence in (*_exit_problems(ticket, terms), *_slice_problems(ticket)):
        found[field].append(sentence)
    ends = ticket.wish.expires_at
    if ends is not None and ends <= now:
        found["expires_at"].append(PAST)
    return dict(found)


def _exit_problems(ticket: Ticket, terms: Terms) -> Found:
    profit, stop, trail = ticket.profit_price, ticket.stop_trigger, ticket.stop_trail
    oco = ticket.kind is TicketKind.OCO
    found: Found = []
    if oco and (profit is None or (stop is None and trail is None)):
        found.append(("take_profit" if profit is None else "stop_loss", MISSING))
    if ticket.has_exits and not oco and ticket.kind not in ENTRIES:
        return [("take_profit", NOT_HERE)]
    if ticket.stop_limit is not None and stop is None:
        found.append(("stop_loss", MISSING))
    if stop is not None and trail is not None:
        found.append(("stop_loss", ONE_STOP))
    found += _exit_prices(ticket, terms)
    least, most = TRAIL_LIMITS
    if trail is not None and not least <= trail <= most:
        found.append(("stop_loss", OUT_OF_RANGE))
    if found or not ticket.has_exits:
        return found
    seen = None if terms.book is None else terms.book.against(ticket.wish.side)
    price = seen if oco else (ticket.wish.limit_price or seen)
    if price is None:
        return [("symbol", NO_BOOK)]
    closes = ticket.wish.side if oco else _other(ticket.wish.side)
    return [] if exits_fit(closes, profit, stop, price) else [("stop_loss", EXITS_CROSSED)]


def _exit_prices(ticket: Ticket, terms: Terms) -> Found:
    step, found = terms.rules.price_step, []
    for field, value in (
        ("take_profit", ticket.profit_price),
        ("stop_loss", ticket.stop_trigger),
        ("stop_loss", ticket.stop_limit),
    ):
        if value is not None and value <= 0:
            found.append((field, POSITIVE))
        elif value is not None and step and value % step:
            found.append((field, OFF_PRICE_STEP))
    return found


def _slice_problems(ticket: Ticket) -> Found:
    given = {"slices": ticket.slices, "interval": ticket.interval}
    if ticket.kind is not TicketKind.TWAP:
        return [(name, NOT_HERE) for name, value in given.items() if value is not None]
    found: Found = [(name, MISSING) for name, value in given.items() if value is None]
    if ticket.slices is not None and not SLICES_LIMITS[0] <= ticket.slices <= SLICES_LIMITS[1]:
        found.append(("slices", OUT_OF_RANGE))
    if ticket.interval is not None:
        least, most = INTERVAL_LIMITS
        if not least <= ticket.interval <= most:
            found.append(("interval", OUT_OF_RANGE))
    return found


def _other(side: Side) -> Side:
    return Side.SELL if side is Side.BUY else Side.BUY


def problems(wish: Wish, terms: Terms) -> Problems:
    """{field: sentences}; empty: it can be placed as far as its shape goes."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for field, sentence in (
        *_sizes(wish, terms),
        *_prices(wish, terms),
        *_trails(wish),
        *_times(wish, terms),
        *_sides(wish, terms),
    ):
        found[field].append(sentence)
    return dict(found)


def intent_of(wish: Wish, terms: Terms) -> OrderIntent:
    """The intent of a wish without problems. What is spent becomes base at the worst price."""
    seen = None if terms.book is None else terms.book.against(wish.side)
    limit = wish.limit_price
    if wish.kind is OrderKind.MARKET and seen is not None:
        worst = bound(wish.side, seen, wish.max_slippage)
        rules = terms.rules
        limit = rules.price_up(worst) if wish.side is Side.SELL else rules.price_down(worst)
    return OrderIntent(
        connection_id=wish.connection_id,
        symbol=terms.symbol,
        base=terms.base,
        quote=terms.quote,
        side=wish.side,
        quantity=size_of(wish, terms, limit),
        limit_price=limit,
        reference_price=seen,
        kind=wish.kind,
        time_in_force=time_of(wish),
        trigger_price=wish.trigger_price,
        trail=wish.trail,
        expires_at=wish.expires_at,
        reduce_only=wish.reduce_only,
        origin=wish.origin,
        rules=terms.rules,
        fee_rate=terms.fee_rate,
        book_age=None if terms.book is None or wish.kind in WAITING else terms.book.age,
        max_slippage=wish.max_slippage,
    )


def size_of(wish: Wish, terms: Terms, limit: Decimal | None) -> Decimal:
    """In base, on the venue's step. An amount to spend buys, fee included, at the worst price."""
    if wish.quantity is not None:
        return wish.quantity
    price = limit or _worst_later(wish, terms)
    if wish.spend is None or not price:
        return ZERO
    fee = terms.fee_rate or ZERO
    whole = wish.spend / (price * (1 + fee)) if wish.side is Side.BUY else wish.spend / price
    return floored(whole, terms.rules.quantity_step) if terms.rules.quantity_step else whole


def _worst_later(wish: Wish, terms: Terms) -> Decimal | None:
    """What a triggered order without a limit may cost."""
    seen = wish.trigger_price or (terms.book.against(wish.side) if terms.book else None)
    return None if seen is None else bound(wish.side, seen, wish.max_slippage)


def time_of(wish: Wish) -> TimeInForce:
    if wish.kind in UNPRICED:
        return TimeInForce.IOC
    return wish.time_in_force or TimeInForce.GTC


def _sizes(wish: Wish, terms: Terms) -> Found:
    if (wish.quantity is None) == (wish.spend is None):
        return [("quantity", ONE_SIZE)]
    field, value = ("quantity", wish.quantity) if wish.spend is None else ("spend", wish.spend)
    if value is None or value <= 0:
        return [(field, POSITIVE)]
    step = terms.rules.quantity_step
    if wish.quantity is not None and step and wish.quantity % step:
        return [(field, OFF_SIZE_STEP)]
    price = wish.limit_price or _worst_later(wish, terms)
    size = size_of(wish, terms, price)
    if price and not terms.rules.tradable(size, price):
        return [(field, TOO_SMALL)]
    return []


def _prices(wish: Wish, terms: Terms) -> Found:
    found: Found = []
    wanted = {
        "limit_price": wish.kind not in UNPRICED,
        "trigger_price": wish.kind in WAITING and wish.kind is not OrderKind.TRAILING_STOP,
    }
    for field, needed in wanted.items():
        value: Decimal | None = getattr(wish, field)
        if value is None:
            found += [(field, MISSING)] if needed else []
        elif not needed:
            found.append((field, NOT_HERE))
        elif value <= 0:
            found.append((field, POSITIVE))
        elif terms.rules.price_step and value % terms.rules.price_step:
            found.append((field, OFF_PRICE_STEP))
    if wish.kind in {OrderKind.MARKET, OrderKind.TRAILING_STOP} and terms.book is None:
        found.append(("symbol", NO_BOOK))
    least, most = SLIPPAGE_LIMITS
    if wish.kind in UNPRICED and not least <= wish.max_slippage <= most:
        found.append(("max_slippage", OUT_OF_RANGE))
    return found


def _trails(wish: Wish) -> Found:
    if wish.kind is not OrderKind.TRAILING_STOP:
        return [] if wish.trail is None else [("trail", NOT_HERE)]
    if wish.trail is None:
        return [("trail", MISSING)]
    least, most = TRAIL_LIMITS
    return [] if least <= wish.trail <= most else [("trail", OUT_OF_RANGE)]


def _times(wish: Wish, terms: Terms) -> Found:
    """The past is judged by the caller, who knows the time."""
    if wish.kind in UNPRICED:
        fits = wish.time_in_force in {None, TimeInForce.IOC, TimeInForce.GTC, TimeInForce.GTD}
        found: Found = [] if fits else [("time_in_force", NOT_HERE)]
    else:
        found = []
        needed = NEEDED_TIME.get(time_of(wish))
        if needed is not None and needed not in terms.capabilities:
            found.append(("time_in_force", NOT_OFFERED))
    ends = wish.time_in_force is TimeInForce.GTD
    if ends and wish.expires_at is None:
        found.append(("expires_at", MISSING))
    if not ends and wish.expires_at is not None:
        found.append(("expires_at", NOT_HERE))
    return found


def _sides(wish: Wish, terms: Terms) -> Found:
    """A trigger that is already reached is a market order in disguise: said before, not after."""
    if wish.trigger_price is None or terms.book is None or wish.kind not in WAITING:
        return []
    price = terms.book.against(wish.side)
    falling = (wish.side is Side.SELL) == (wish.kind in STOPS)
    reached = price <= wish.trigger_price if falling else price >= wish.trigger_price
    return [("trigger_price", WRONG_SIDE)] if reached else []


def exits_fit(side: Side, profit: Decimal | None, stop: Decimal | None, price: Decimal) -> bool:
    """Whether a profit and a stop that close with `side` stand around the price."""
    if side is Side.SELL:
        return (profit is None or profit > price) and (stop is None or stop < price)
    return (profit is None or profit < price) and (stop is None or stop > price)
