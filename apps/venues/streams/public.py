"""A real exchange's public books as the outside market of a practice venue: PAPER with real prices.

It fits the practice venue's `MarketSource` by shape; neither room imports the other. Books only:
outside trades are not replayed, so bars of such an instance show the trades made on it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any, Protocol

import structlog

from apps.venues.domain.ports import BookFrame, BookStream, StreamDown
from apps.venues.domain.wire import Level, exact
from apps.venues.streams import book_stream

logger = structlog.get_logger(__name__)


class Grid(Protocol):
    """The rules of one symbol, as far as levels need them."""

    @property
    def tick(self) -> Decimal: ...

    @property
    def step(self) -> Decimal: ...


class Market(Protocol):
    """What a source may do to one instance. Prices in ticks, quantities in lots."""

    @property
    def rules(self) -> Mapping[str, Any]: ...

    def quote(
        self, symbol: str, bids: Mapping[int, int], asks: Mapping[int, int], *, full: bool = False
    ) -> None: ...


class PublicMarketSource:
    """Follows `exchange` for `symbols` and quotes its levels on every instance it drives."""

    kind = "live"

    def __init__(
        self,
        exchange: str,
        symbols: Sequence[str],
        open_stream: Callable[[str], BookStream] = book_stream,
    ) -> None:
        self._exchange, self._symbols, self._open_stream = exchange, tuple(symbols), open_stream

    def describe(self, code: str) -> Mapping[str, Any]:
        return {"simulated": False, "clock": "wall", "speed": 1, "exchange": self._exchange}

    def history(self, code: str, rules: object, now: int) -> Sequence[Any]:
        """No candles from before: they would be another market's."""
        return ()

    async def run(self, markets: Mapping[str, Market]) -> None:
        """Quote for ever. A lost book is emptied at once: nobody trades against old prices."""
        stream = self._open_stream(self._exchange)
        try:
            async for batch in stream.frames(self._symbols):
                for item in batch:
                    for market in markets.values():
                        self._pass_on(market, item)
        finally:
            await stream.close()

    def _pass_on(self, market: Market, item: BookFrame | StreamDown) -> None:
        if isinstance(item, StreamDown):
            logger.warning("venues.live_source_down", exchange=self._exchange, reason=item.reason)
            for symbol in item.symbols or self._symbols:
                if symbol in market.rules:
                    market.quote(symbol, {}, {}, full=True)
            return
        grid = market.rules.get(item.symbol)
        if grid is not None:
            bids = on_grid(item.bids, grid, rounding=ROUND_FLOOR)
            asks = on_grid(item.asks, grid, rounding=ROUND_CEILING)
            market.quote(item.symbol, bids, asks, full=item.snapshot)


def on_grid(levels: Iterable[Level], grid: Grid, *, rounding: str) -> dict[int, int]:
    """{ticks: lots}. A price off the grid moves away from the middle, a quantity shrinks: what is
    quoted is never better than what stands at the exchange. Levels that fall together add up."""
    found: dict[int, int] = {}
    for price, quantity in levels:
        ticks = int((exact(price) / grid.tick).to_integral_value(rounding=rounding))
        lots = int(exact(quantity) / grid.step)
        if ticks > 0:
            found[ticks] = found.get(ticks, 0) + lots
    return found
