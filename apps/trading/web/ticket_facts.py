"""What a ticket would do if it were placed now: price, cost, fee, bound, where it would wait."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from apps.core.domain.money import ZERO
from apps.markets.selectors import books_now
from apps.portfolio.selectors import balances_free
from apps.trading.domain import triggers
from apps.trading.domain.groups import GroupRole
from apps.trading.domain.tickets import Terms
from apps.trading.selectors import exposure
from apps.trading.services.order_groups import rests_at_venue
from apps.trading.services.order_terms import waits_here
from apps.trading.services.ticket_place import Checked
from apps.venues.domain.ports import UNPRICED, OrderKind, Side


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """Figures in quote unless named otherwise. None: not known now."""

    side: Side
    quantity: Decimal  # base
    price: Decimal | None  # average over the visible book, or its own limit
    worst: Decimal | None
    value: Decimal | None
    fee: Decimal | None
    slippage: Decimal | None  # fraction from the best price; None: it rests
    total: Decimal | None  # paid or received, fee included
    place: str  # VENUE, ENGINE
    thin: bool  # the visible book holds less than it takes
    at_market: bool  # the venue sets it off and trades at any price: no bound of ours applies


def free_of(workspace_id: int, connection_id: int) -> dict[str, Decimal]:
    """{asset: free after reservations} of one account."""
    free = exposure.free_capital(workspace_id)
    return {asset: amount for (number, asset), amount in free.items() if number == connection_id}


def balances_age(workspace_id: int, connection_id: int, now: Any) -> float | None:
    """Seconds since the account's balances were read; None: never."""
    rows = [row[3] for row in balances_free(workspace_id=workspace_id) if row[0] == connection_id]
    return None if not rows else float((now - max(rows)).total_seconds())


def levels_of(venue: str, symbol: str, side: Side) -> list[tuple[Decimal, Decimal]]:
    """What an order of this side would trade against, best first."""
    for face in (books_now(symbol) or {}).get("venues", ()):
        if face["venue"] == venue and face["state"] == "ok":
            rows = face["asks"] if side is Side.BUY else face["bids"]
            return [(Decimal(price), Decimal(size)) for price, size in rows]
    return []


def estimate(checked: Checked) -> Estimate:
    intent, terms = checked.intent, checked.terms
    crosses = intent.kind is OrderKind.MARKET or _takes(intent.limit_price, terms, intent.side)
    price = intent.limit_price or intent.trigger_price or intent.reference_price
    thin = False
    best: Decimal | None = None
    if crosses and not checked.exits_only:
        levels = levels_of(checked.venue, terms.symbol, intent.side)
        best = levels[0][0] if levels else None
        average, filled = walked(levels, intent.quantity)
        thin = filled < intent.quantity
        price = average or price
    value = None if price is None else intent.quantity * price
    fee = None if value is None or terms.fee_rate is None else value * terms.fee_rate
    total = None
    if value is not None:
        total = value + (fee or ZERO) if intent.side is Side.BUY else value - (fee or ZERO)
    slippage = abs(price / best - 1) if best and price else None
    native = [kind for kind in _kinds_waiting(checked) if kind is not None]
    return Estimate(
        side=intent.side,
        quantity=intent.quantity,
        price=price,
        worst=intent.limit_price if intent.kind in UNPRICED else None,
        value=value,
        fee=fee,
        slippage=slippage,
        total=total,
        place="ENGINE" if None in _kinds_waiting(checked) else "VENUE",
        thin=thin,
        at_market=any(kind in UNPRICED for kind in native),
    )


def _kinds_waiting(checked: Checked) -> list[OrderKind | None]:
    """Kinds of the orders that wait for a trigger at the venue; None for one that waits here."""
    intent, venue = checked.intent, checked.venue
    stops = [(role, exit_) for role, exit_ in checked.exits if role is GroupRole.STOP_LOSS]
    found: list[OrderKind | None] = [
        exit_.kind if rests_at_venue(role, exit_, venue) else None for role, exit_ in stops
    ]
    if intent.kind in triggers.WAITING:
        found.append(None if waits_here(intent, venue) else intent.kind)
    return found


def _takes(limit: Decimal | None, terms: Terms, side: Side) -> bool:
    if limit is None or terms.book is None:
        return False
    return limit >= terms.book.ask if side is Side.BUY else limit <= terms.book.bid


def walked(
    levels: Sequence[tuple[Decimal, Decimal]], quantity: Decimal
) -> tuple[Decimal | None, Decimal]:
    """(average price, size found) of taking `quantity` from these levels."""
    left, paid = quantity, ZERO
    for price, size in levels:
        take = min(left, size)
        paid, left = paid + take * price, left - take
        if not left:
            break
    found = quantity - left
    return (paid / found if found else None), found


def place_text(place: str) -> str:
    """Where an order waits, for people."""
    if place == "ENGINE":
        return _("in CRYONEL")
    return _("at the exchange") if place == "VENUE" else ""
