"""A real exchange's public market as the outside of a practice venue: PAPER with real prices.

It fits the practice venue's `MarketSource` by shape; neither room imports the other. What the
exchange says of itself rules: its list of symbols gives steps, minima and fees, its books the
liquidity, its trades the fills of resting paper orders. Where it streams no trades the middles of
its books make the candles and resting orders fill when its book reaches them. A symbol is closed
until its rules are learned; a lost or silent book is empty.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any

import structlog

from apps.venues.adapters._parsing import decimal
from apps.venues.domain.ports import BookStream, StreamDown
from apps.venues.streams import BINANCE_DIALECT
from apps.venues.streams.backoff import pause
from apps.venues.streams.binance import BinanceBookStream
from apps.venues.streams.mirror import Market, SymbolMirror
from apps.venues.streams.offered import followed_exchange, public_client, terms_of
from apps.venues.streams.pro import ProBookStream

logger = structlog.get_logger(__name__)

RELIST = 600.0  # seconds between two readings of the exchange's list of symbols
LASTED = 60.0  # seconds after which a new failure is the first of its row
SWEEP = 1.0  # seconds between two looks for silent books and missing levels
OLD_TRADE = 2_000  # ms before the subscription: a venue may begin with trades of the past
KEPT_IDS = 1_000


class ListingChanged(Exception):
    """Other symbols trade at the exchange than before: the streams start anew."""


class PublicMarketSource:
    """Follows `exchange` for `symbols` and shows it on every instance it drives.

    Raises ExchangeUnusable. `open_client` makes a ccxt.pro client, `open_stream` a stream of books
    that may use it.
    """

    kind = "live"

    def __init__(
        self,
        exchange: str,
        symbols: Sequence[str],
        open_stream: Callable[[Any], BookStream] | None = None,
        open_client: Callable[[], Any] | None = None,
    ) -> None:
        self._adapter = followed_exchange(exchange)
        self._exchange, self._symbols = exchange, tuple(symbols)
        self._open_stream = open_stream or self._book_stream
        self._open_client = open_client or (lambda: public_client(self._adapter))
        self._mirrors: dict[str, list[SymbolMirror]] = {}
        self._lost: set[str] = set()  # what has been told of and not come back

    def describe(self, code: str) -> Mapping[str, Any]:
        return {"simulated": False, "clock": "wall", "speed": 1, "exchange": self._exchange}

    def history(self, code: str, rules: object, now: int) -> Sequence[Any]:
        """No candles from before: they would be another market's."""
        return ()

    async def run(self, markets: Mapping[str, Market]) -> None:
        """Follow until cancelled; whatever breaks empties the books and is tried again, later and
        later up to half a minute. Ends where the stream of books ends."""
        self._mirrors = {
            symbol: [SymbolMirror(symbol, m) for m in markets.values() if symbol in m.rules]
            for symbol in self._symbols
        }
        failures = 0
        while True:
            client, began = self._open_client(), time.monotonic()
            try:
                listed = await self._list(client)
                await self._follow(client, listed)
                return
            except ListingChanged:
                continue
            except Exception as e:  # noqa: BLE001 ccxt raises much; each of it is a lost exchange
                failures = 1 if time.monotonic() - began > LASTED else failures + 1
                self._tell(self._exchange, type(e).__name__)
            finally:
                self._down(self._symbols)
                await _closed(client)
            await asyncio.sleep(pause(failures))

    async def _list(self, client: Any, *, reload: bool = False) -> frozenset[str]:
        """Open what trades there under its own rules, close the rest; which are open."""
        terms = await terms_of(self._adapter, client, reload=reload)
        self._back(self._exchange)
        for symbol, mirrors in self._mirrors.items():
            problem = "" if symbol in terms else "not traded there"
            for mirror in mirrors:
                try:
                    if not problem:
                        mirror.list(terms[symbol])
                        continue
                except ValueError as unusable:
                    problem = str(unusable)
                mirror.unlist()
            if problem:
                self._tell(f"{symbol} (closed)", problem)
            else:
                self._back(f"{symbol} (closed)")
        return self._listed()

    def _listed(self) -> frozenset[str]:
        return frozenset(s for s, some in self._mirrors.items() if any(m.listed for m in some))

    async def _follow(self, client: Any, listed: frozenset[str]) -> None:
        """Books, trades, sweeps and the list, all at once, until one of them ends."""
        works = [self._sweep(), self._relist(client, listed)]
        if listed:
            works.append(self._books(client, sorted(listed)))
            if client.has.get("watchTrades"):
                works += [self._trades(client, symbol) for symbol in sorted(listed)]
        tasks = [asyncio.create_task(work) for work in works]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _books(self, client: Any, symbols: Sequence[str]) -> None:
        stream = self._open_stream(client)
        try:
            async for batch in stream.frames(symbols):
                for item in batch:
                    if isinstance(item, StreamDown):
                        self._down(item.symbols or symbols, item.reason)
                        continue
                    self._back(item.symbol)
                    for mirror in self._mirrors.get(item.symbol, ()):
                        mirror.frame(item)
        finally:
            await stream.close()

    async def _trades(self, client: Any, symbol: str) -> None:
        """Pass public trades on. Without them the middles of the book make the candles."""
        failures, known = 0, deque[str](maxlen=KEPT_IDS)
        while True:
            since = time.time() * 1_000 - OLD_TRADE
            try:
                while True:
                    rows = await client.watch_trades(symbol)
                    failures = 0
                    self._back(f"{symbol} (trades)")
                    self._pass_on(symbol, _fresh(rows, known, since))
            except Exception as e:  # noqa: BLE001 ccxt raises much; each of it is lost trades
                failures += 1
                self._tell(f"{symbol} (trades)", type(e).__name__)
                for mirror in self._mirrors[symbol]:
                    mirror.trades_told = False
            await asyncio.sleep(pause(failures))

    def _pass_on(self, symbol: str, rows: Iterable[Mapping[str, Any]]) -> None:
        for row in rows:
            price, quantity = decimal(row.get("price")), decimal(row.get("amount"))
            if price is None or quantity is None:
                continue
            for mirror in self._mirrors[symbol]:
                mirror.trades_told = True
                side = str(row.get("side") or mirror.taker_of(price)).upper()
                mirror.trade(side, price, quantity)

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(SWEEP)
            for mirrors in self._mirrors.values():
                for mirror in mirrors:
                    mirror.sweep()

    async def _relist(self, client: Any, listed: frozenset[str]) -> None:
        """Read the list again now and then. Raises ListingChanged."""
        while True:
            await asyncio.sleep(RELIST)
            try:
                if await self._list(client, reload=True) != listed:
                    raise ListingChanged
            except ListingChanged:
                raise
            except Exception as e:  # noqa: BLE001 the books go on under the rules as they were
                self._tell(self._exchange, type(e).__name__)

    def _down(self, symbols: Iterable[str], reason: str = "") -> None:
        """Empty the books. The stream itself warns; here it is only noted, once."""
        for symbol in symbols:
            for mirror in self._mirrors.get(symbol, ()):
                mirror.down()
            if reason and symbol not in self._lost:
                self._lost.add(symbol)
                logger.info("venues.live_book_empty", exchange=self._exchange, symbol=symbol)

    def _tell(self, what: str, reason: str) -> None:
        """One warning for each loss, however often it is tried again."""
        if what not in self._lost:
            self._lost.add(what)
            logger.warning(
                "venues.live_source_down", exchange=self._exchange, what=what, reason=reason
            )

    def _back(self, what: str) -> None:
        if what in self._lost:
            self._lost.discard(what)
            logger.info("venues.live_source_back", exchange=self._exchange, what=what)

    def _book_stream(self, client: Any) -> BookStream:
        address = BINANCE_DIALECT.get(self._adapter.spec.ccxt_id)
        if address is not None:
            return BinanceBookStream(address)
        return ProBookStream(self._adapter.spec, client)


def _fresh(
    rows: Iterable[Mapping[str, Any]], known: deque[str], since: float
) -> list[Mapping[str, Any]]:
    """Trades not passed on before and not older than the subscription (UTC ms)."""
    found = []
    for row in rows:
        number, at = row.get("id"), row.get("timestamp")
        if (at is not None and at < since) or (number is not None and number in known):
            continue
        if number is not None:
            known.append(number)
        found.append(row)
    return found


async def _closed(client: Any) -> None:
    with suppress(Exception):
        await client.close()
