"""The worker's half of an arbitrage job: read both books now and ask the strategy once."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from apps.core.domain.errors import CryonelError
from apps.markets.selectors import instrument_get
from apps.trading.domain.decisions import Decision
from apps.trading.domain.plans import PlanIntent, SizeRules
from apps.trading.selectors import exposure
from apps.trading.selectors.engine import account_fees, rules_of
from apps.trading.strategies.arbitrage import ArbitrageParams, on_event
from apps.trading.strategies.interface import BookTick, BotFacts, Facts, VenueFacts

DEPTH = 50


def books_ask(venues: Sequence[str], symbol: str) -> dict[str, tuple[Any, int]]:
    """{venue: (book, monotonic ns of its arrival)}, over the network. Raises venues' errors."""
    from apps.venues.services import market_data_for

    found = {}
    for venue in venues:
        book = market_data_for(venue).book(symbol, depth=DEPTH)
        found[venue] = (book, time.monotonic_ns())
    return found


def decide(
    params: ArbitrageParams,
    *,
    workspace_id: int,
    connections: Sequence[tuple[int, str]],
    books: dict[str, tuple[Any, int]],
    now: datetime,
) -> tuple[PlanIntent | None, Decision]:
    """The plan, or the reason why there is none."""
    symbol = params.pairs[0]
    free = exposure.free_capital(workspace_id)
    fees = account_fees([number for number, _ in connections])
    base, _, quote = symbol.partition("/")
    venues = []
    for number, venue in connections:
        rules, listed = _instrument(venue, symbol)
        book, arrived = books[venue]
        venues.append(
            VenueFacts(
                connection_id=number,
                venue=venue,
                bids=book.bids,
                asks=book.asks,
                book_age=(time.monotonic_ns() - arrived) / 1e9,
                taker_fee=fees.get((number, symbol), listed),
                rules=rules,
                free_base=free.get((number, base)),
                free_quote=free.get((number, quote)),
            )
        )
    tick = BookTick(
        symbol=symbol, venue="", received_ns=max(ns for _, ns in books.values()), at=now
    )
    facts = Facts(now=now, venues=tuple(venues), bot=BotFacts())
    _, intents, decisions = on_event(None, tick, params, facts)
    return (intents[0] if intents else None), decisions[-1]


def _instrument(venue: str, symbol: str) -> tuple[SizeRules | None, Decimal | None]:
    """The venue's rules and list fee; neither where it does not list the pair."""
    try:
        instrument = instrument_get(venue=venue, symbol=symbol)
    except CryonelError:
        return None, None
    return rules_of(instrument), instrument.taker_fee
