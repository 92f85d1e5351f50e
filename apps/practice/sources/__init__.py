"""Where an instance's outside market comes from: one interface, several kinds.

A source drives one or more instances: it sets the outside's quotes and trades on each `Market`
handed to `run`, until it is cancelled. Instances that share a world share one source object.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Protocol, runtime_checkable

from apps.practice.domain.matching import Side
from apps.practice.domain.rules import SymbolRules
from apps.practice.tape import Candle


class SourceUnavailable(RuntimeError):
    """The market asked for cannot be had here; the message says why and what to do."""


class Market(Protocol):
    """What a source may do to one instance. Prices in ticks, quantities in lots."""

    @property
    def rules(self) -> Mapping[str, SymbolRules]: ...

    def quote(
        self, symbol: str, bids: Mapping[int, int], asks: Mapping[int, int], *, full: bool = False
    ) -> None:
        """Set the outside's lots at these prices; 0 removes one, `full` removes all others."""

    def trade(self, symbol: str, side: Side, ticks: int, lots: int) -> None:
        """A trade between outsiders: `side` is the aggressor's."""

    def absorb(self, symbol: str, candle: Candle) -> None:
        """Put a recorded bar's prices and volume into the bar of now, for charts and tickers."""


class LiveMarket(Market, Protocol):
    """What the source of a `live` instance may do besides: the exchange it follows has the word."""

    def report(self, symbol: str, side: Side, ticks: int, lots: int) -> None:
        """A trade at a real exchange whose book is quoted here as well: users' orders that it
        would have met are filled, all of it is printed, the outside's quantities stay as quoted."""

    def mark(self, symbol: str, ticks: int) -> None:
        """A price without a trade, for the charts of a market whose trades nobody tells."""

    def standing(self, symbol: str) -> tuple[Mapping[int, int], Mapping[int, int]]:
        """The outside's lots that are left, (bids, asks) by ticks. Read, never written."""

    def list_symbol(self, symbol: str, terms: Mapping[str, Decimal | None]) -> None:
        """Open a symbol under a real exchange's terms: tick, step, min_quantity, max_quantity,
        min_notional, maker_fee, taker_fee; raises RulesImpossible. The book is empty then.
        The symbols of a `live` instance are closed until their source does this."""

    def halt(self, symbol: str) -> None:
        """Close a symbol: no outside, no new orders, shown as not trading."""


class MarketSource(Protocol):
    kind: str

    def describe(self, code: str) -> Mapping[str, Any]:
        """How this instance's market is made: at least `simulated`, `clock`, `speed`."""

    def history(self, code: str, rules: SymbolRules, now: int) -> Sequence[Candle]:
        """Minute candles before `now` (UTC ms), oldest first; may be empty."""

    async def run(self, markets: Mapping[str, Market]) -> None:
        """Drive the markets, by instance code, until cancelled."""


@runtime_checkable
class Resumable(Protocol):
    """A source whose market has a position of its own, which outlives the process.

    Balances persist, so the prices they were traded at must as well: a market that jumped back to
    its start at each restart would pay or cost its users the difference.
    """

    def world(self) -> str:
        """What a position is valid for: seed, files, instances. Another text, another market."""

    def position(self) -> Mapping[str, Any]:
        """Where the market stands, in JSON's types."""

    def resume(self, position: Mapping[str, Any]) -> None:
        """Continue there, before `run`; raises ValueError and changes nothing if it cannot."""
