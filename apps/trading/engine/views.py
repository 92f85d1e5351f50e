"""What a strategy sees of the live market: exact levels, ages, rules, fees, free capital."""

from __future__ import annotations

import time
from collections.abc import Mapping
from decimal import Decimal

from apps.core.domain.errors import CryonelError
from apps.core.domain.money import ZERO
from apps.markets.domain.spreads import Level
from apps.markets.hub import MarketHub
from apps.trading.domain.alignment import AlignmentFact
from apps.trading.domain.plans import SizeRules
from apps.trading.domain.risk import Claim
from apps.trading.strategies.interface import VenueFacts

DEPTH = 25  # levels of each side that a strategy may walk
Levels = tuple[tuple[Level, ...], tuple[Level, ...]]
Rules = Mapping[tuple[str, str], tuple[SizeRules, Decimal | None]]


class MarketView:
    """Exact levels of a book are made once per change, however many bots look at it."""

    def __init__(self, hub: MarketHub) -> None:
        self._hub = hub
        self._exact: dict[tuple[str, str], tuple[float, Levels]] = {}
        self.rules: Rules = {}
        self.free: Mapping[Claim, Decimal] = {}
        self.own: Mapping[int, Mapping[Claim, Decimal]] = {}
        self.fees: Mapping[tuple[int, str], Decimal] = {}
        self.alignment: Mapping[int, AlignmentFact] = {}

    def venue(self, connection_id: int, venue: str, symbol: str, *, bot_id: int) -> VenueFacts:
        bids, asks, age = self._book(venue, symbol)
        rules, listed = self.rules.get((venue, symbol), (None, None))
        base, _, quote = symbol.partition("/")
        fee = self.fees.get((connection_id, symbol))
        return VenueFacts(
            connection_id=connection_id,
            venue=venue,
            bids=bids,
            asks=asks,
            book_age=age,
            taker_fee=listed if fee is None else fee,
            rules=rules,
            free_base=self._free((connection_id, base), bot_id),
            free_quote=self._free((connection_id, quote), bot_id),
        )

    def _free(self, claim: Claim, bot_id: int) -> Decimal | None:
        """For a bot with capital of its own: what is left of that, where it is really there."""
        free = self.free.get(claim)
        own = self.own.get(bot_id, {}).get(claim)
        if free is None or own is None:
            return free
        return max(min(own, free + max(own, ZERO)), ZERO)

    def _book(
        self, venue: str, symbol: str
    ) -> tuple[tuple[Level, ...], tuple[Level, ...], float | None]:
        """No levels where the book must not be believed; no age where there is none to believe."""
        age = None
        try:
            book = self._hub.book(venue, symbol)
            age = book.age(time.time()) if book.flaw is None else None
            known = self._exact.get((venue, symbol))
            if known is None or known[0] != book.received_at or book.flaw is not None:
                known = (book.received_at, self._hub.levels(venue, symbol, DEPTH))
                self._exact[venue, symbol] = known
        except CryonelError:
            return (), (), age
        return *known[1], age
