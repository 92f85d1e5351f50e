"""Positions to zero: where they are held, never more than is open, at a bounded price.

Each round reads balances and books anew, places at most one order per position and place, and ends
with what the fills say. What a venue did not answer is not known, and not known is never flat.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from functools import partial
from typing import Any

from django.conf import settings

from apps.core.domain.errors import CryonelError
from apps.core.domain.money import ZERO, plain
from apps.markets.domain.errors import InstrumentMissing
from apps.markets.selectors.instruments import instrument_get
from apps.trading.domain import kill
from apps.trading.domain.kill import NetPosition, Place
from apps.trading.domain.legs import SizeRules, assets_of
from apps.trading.guard.desk import ask_all
from apps.trading.guard.plans import orders_send
from apps.trading.guard.work import Work
from apps.trading.models import AccountFee, KillOrder, Order
from apps.trading.selectors.positions_net import net_positions, of_bot
from apps.trading.services.kill_orders import Offer, closing_order_store
from apps.venues.domain.ports import Balance, BookLevels, Side

FEE_UNKNOWN = Decimal("0.01")  # kept aside of a purchase where the account's fee is not known


class Left(StrEnum):
    """Why something of a position is still there."""

    DUST = "DUST"  # less than the venue takes
    NOT_HELD = "NOT_HELD"  # the account does not hold it any more: paid as fees, or moved away
    OPEN = "OPEN"  # being closed
    UNDER_WAY = "UNDER_WAY"  # an order or a plan of it has not ended
    LOCKED = "LOCKED"  # held by orders that are not ours
    NOT_AFFORDABLE = "NOT_AFFORDABLE"  # too little money there to buy it back
    NO_BOOK = "NO_BOOK"  # nobody offers the other side
    NO_MARKET = "NO_MARKET"  # no pair to close it on where it is held
    UNREACHABLE = "UNREACHABLE"  # the venue did not answer
    PRICE_UNKNOWN = "PRICE_UNKNOWN"  # a fill without a price: the amount is not certain


SETTLED = frozenset({Left.DUST, Left.NOT_HELD})


@dataclass(slots=True)
class Told:
    """What the venues said in one round. An absent connection did not answer."""

    balances: dict[int, dict[str, Balance]] = field(default_factory=dict)
    balances_at: dict[int, datetime] = field(default_factory=dict)
    books: dict[tuple[int, str], BookLevels] = field(default_factory=dict)


@dataclass(slots=True)
class Rest:
    """A position that is not zero, and why."""

    position: NetPosition
    why: Left
    value: Decimal | None = None  # quote units


def positions_close(work: Work) -> list[Rest]:
    """One round of closing. Returns what is not flat after it, an empty list when all is."""
    positions = net_positions(work.workspace_id, work.bot_id)
    told = venues_told(work, positions)
    orders, rests = [], []
    for position in positions:
        placed, why = _offer(work, position, told)
        orders += placed
        if why is not None:
            rests.append(Rest(position, why, _value(position, told)))
    if orders:
        orders_send(work, orders)
    return rests


def venues_told(work: Work, positions: Iterable[NetPosition]) -> Told:
    """Balances and books of every place where something is open."""
    told = Told()
    questions: dict[tuple[int, str], Callable[[], Any]] = {}
    for place in {place for each in positions for place in each.closable()}:
        client = work.desk.client(place.connection_id)
        if client is not None:
            questions[place.connection_id, ""] = client.balances
            questions[place.connection_id, place.symbol] = partial(
                client.book, place.symbol, depth=20
            )
    asked_at = work.now
    for (number, symbol), answer in ask_all(questions).items():
        if isinstance(answer, CryonelError):
            work.say("VENUE_NOT_ANSWERED", connection=number, problem=answer.code)
        elif symbol:
            told.books[number, symbol] = answer
        else:
            told.balances[number] = {each.asset: each for each in answer}
            told.balances_at[number] = asked_at
    return told


def rules_of(work: Work, place: Place) -> SizeRules | None:
    """What the venue takes there: as stored, else as it says now. None: not known."""
    found: Any
    try:
        found = instrument_get(venue=place.venue, symbol=place.symbol)
    except InstrumentMissing:
        client = work.desk.client(place.connection_id)
        listed = ask_all({0: client.instruments})[0] if client is not None else []
        if isinstance(listed, CryonelError):
            return None
        found = next((each for each in listed if each.symbol == place.symbol), None)
        if found is None:
            return None
    return SizeRules(
        quantity_step=found.quantity_step,
        price_step=found.price_step,
        min_quantity=found.min_quantity,
        max_quantity=found.max_quantity,
        min_notional=found.min_notional,
    )


def best_of(book: BookLevels, side: Side) -> Decimal | None:
    """The best price at which `side` can trade now."""
    levels = book.bids if side is Side.SELL else book.asks
    return levels[0][0] if levels else None


def _offer(work: Work, position: NetPosition, told: Told) -> tuple[list[Order], Left | None]:
    """Orders for one position, and why it is not settled even so (None: it is flat)."""
    if position.unknown:
        return [], Left.PRICE_UNKNOWN
    places = position.closable()
    if not places:
        return [], Left.NO_MARKET if position.net else None
    reasons = []
    for place in places:
        order, why = _at(work, position, place, told)
        if order is not None:
            return [order], Left.OPEN
        reasons.append(why)
    return [], _worst(reasons)


def _worst(reasons: list[Left]) -> Left:
    """What needs a person counts before what is settled."""
    return next((why for why in reasons if why not in SETTLED), reasons[0])


def _at(work: Work, position: NetPosition, place: Place, told: Told) -> tuple[Order | None, Left]:
    book = told.books.get((place.connection_id, place.symbol))
    balances = told.balances.get(place.connection_id)
    rules = rules_of(work, place)
    if book is None or balances is None or rules is None:
        return None, Left.UNREACHABLE
    best = best_of(book, position.side)
    if best is None:
        return None, Left.NO_BOOK
    wanted = min(abs(position.net), abs(place.amount))
    if not rules.tradable(wanted, best):
        return None, Left.DUST
    base, quote = assets_of(place.symbol)
    attempt = _attempts(work, position)
    offer = Offer(
        place=place,
        best=best,
        slippage=kill.slippage_at(attempt, settings.KILL_SLIPPAGE),
        free_base=_free(balances, base),
        free_quote=_free(balances, quote),
        fee_rate=_fee(place),
        rules=rules,
        attempt=attempt,
    )
    order = closing_order_store(
        actor=work.actor,
        part=work.part,
        bot_id=position.bot_id,
        base=position.base,
        offer=offer,
        now=work.now,
    )
    if order is not None:
        return order, Left.OPEN
    return None, _why_not(position, wanted, best, balances.get(base), offer)


def _why_not(
    position: NetPosition, wanted: Decimal, best: Decimal, held: Balance | None, offer: Offer
) -> Left:
    """Nothing was placed although the size would do: what was in the way."""
    if position.side is Side.SELL:
        if offer.rules.tradable(min(wanted, offer.free_base), best):
            return Left.UNDER_WAY
        total = ZERO if held is None else held.total
        return Left.LOCKED if offer.rules.tradable(min(wanted, total), best) else Left.NOT_HELD
    affordable = offer.free_quote / (best * (1 + offer.slippage) * (1 + offer.fee_rate))
    if offer.rules.tradable(min(wanted, affordable), best):
        return Left.UNDER_WAY
    return Left.NOT_AFFORDABLE


def _attempts(work: Work, position: NetPosition) -> int:
    """Closing orders of this command that left something open."""
    mine = of_bot(position.bot_id, "order__bot")
    rows = KillOrder.objects.filter(mine, part=work.part, base=position.base)
    return rows.exclude(order__status="FILLED").count()


def _free(balances: dict[str, Balance], asset: str) -> Decimal:
    """A list that came without the asset says that there is none of it."""
    return balances[asset].free if asset in balances else ZERO


def _fee(place: Place) -> Decimal:
    rows = AccountFee.objects.filter(connection_id=place.connection_id, symbol=place.symbol)
    found: Decimal | None = rows.values_list("taker", flat=True).first()
    return FEE_UNKNOWN if found is None else max(found, ZERO)


def _value(position: NetPosition, told: Told) -> Decimal | None:
    """What is open at the best price it could be closed at; None where no book is known."""
    for place in position.closable():
        book = told.books.get((place.connection_id, place.symbol))
        best = None if book is None else best_of(book, position.side)
        if best is not None:
            return abs(position.net) * best
    return None


def rest_said(rest: Rest) -> dict[str, Any]:
    position = rest.position
    return {
        "bot": position.bot_id,
        "asset": position.base,
        "amount": plain(position.net),
        "why": rest.why.value,
        "value": None if rest.value is None else plain(rest.value),
        "quote": position.quote,
    }
