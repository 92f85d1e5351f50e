"""Tells the market streams of one symbol what changed: diffs, tops, tickers, candles.

Three clocks: at each change of the book (bookTicker), every 100 ms (depth@100ms, partial books),
every second (depth, tickers, candles).
"""

from __future__ import annotations

from apps.practice.dialect import messages, shapes
from apps.practice.domain.exchange import Exchange, Print
from apps.practice.domain.rules import SymbolRules
from apps.practice.hub import Hub
from apps.practice.tape import INTERVALS, Tape

PARTIAL_DEPTHS = (5, 10, 20)


class Ticker:
    def __init__(self, symbol: str, exchange: Exchange, tape: Tape, hub: Hub) -> None:
        self.symbol = symbol
        self.exchange = exchange
        self.book = exchange.books[symbol]
        self.tape = tape
        self.hub = hub
        self.name = self.rules.id.lower()
        self._fast_from = self._slow_from = self.book.update_id + 1
        self._slow: tuple[set[int], set[int]] = (set(), set())
        self._top: tuple[tuple[str, str], tuple[str, str]] | None = None
        self._partial_of = -1

    @property
    def rules(self) -> SymbolRules:
        """As they are now: a live market learns them while it runs."""
        return self.exchange.rules[self.symbol]

    def flush(self, now: int) -> None:
        """Tell what changed since the last flush; does nothing if nothing did."""
        if self.book.update_id < self._fast_from:
            return
        changed = self.book.take_changes()
        self._slow[0].update(changed[0])
        self._slow[1].update(changed[1])
        stream = f"{self.name}@depth@100ms"
        if self.hub.wanted(stream):
            self.hub.publish(
                stream,
                messages.depth_message(self.rules, self.book, changed, self._fast_from, now),
            )
        self._fast_from = self.book.update_id + 1
        self._tell_top()
        for depth in PARTIAL_DEPTHS:
            self._tell_partial(f"{self.name}@depth{depth}@100ms", depth)

    def second(self, now: int) -> None:
        """The streams that come once a second."""
        if self.book.update_id >= self._slow_from:
            changed, self._slow = self._slow, (set(), set())
            stream = f"{self.name}@depth"
            if self.hub.wanted(stream):
                self.hub.publish(
                    stream,
                    messages.depth_message(self.rules, self.book, changed, self._slow_from, now),
                )
            self._slow_from = self._fast_from
        for depth in PARTIAL_DEPTHS:
            self._tell_partial(f"{self.name}@depth{depth}", depth)
        self._tell_day(now)
        for interval, minutes in INTERVALS.items():
            self._tell_candle(interval, minutes, now)

    def trade(self, deal: Print) -> None:
        for stream, shape in (
            ("trade", messages.trade_message),
            ("aggTrade", messages.aggregate_message),
        ):
            if self.hub.wanted(f"{self.name}@{stream}"):
                self.hub.publish(f"{self.name}@{stream}", shape(deal))

    def day_shape(self, now: int) -> dict[str, object] | None:
        """ticker/24hr of this symbol, or None while it never had a price."""
        day = self.tape.day(now)
        if day is None:
            return None
        bid, ask = messages.top_of(self.rules, self.book)
        top = {"bidPrice": bid[0], "bidQty": bid[1], "askPrice": ask[0], "askQty": ask[1]}
        return shapes.day_shape(self.rules.id, day, top)

    def _tell_top(self) -> None:
        stream = f"{self.name}@bookTicker"
        if not self.hub.wanted(stream):
            self._top = None
            return
        top = messages.top_of(self.rules, self.book)
        if top != self._top:
            self._top = top
            self.hub.publish(stream, messages.top_message(self.rules, self.book))

    def _tell_day(self, now: int) -> None:
        stream = f"{self.name}@ticker"
        if self.hub.wanted(stream) and (day := self.day_shape(now)) is not None:
            self.hub.publish(stream, messages.day_message(day, now))

    def _tell_candle(self, interval: str, minutes: int, now: int) -> None:
        stream = f"{self.name}@kline_{interval}"
        if not self.hub.wanted(stream):
            return
        for bar in self.tape.candles(interval, now, limit=1, start=None, end=None):
            message = messages.candle_message(self.rules.id, interval, minutes, bar, now)
            self.hub.publish(stream, message)

    def _tell_partial(self, stream: str, depth: int) -> None:
        if self.hub.wanted(stream):
            self.hub.publish(
                stream,
                {
                    "lastUpdateId": self.book.update_id,
                    "bids": shapes.levels_shape(self.book.bids, self.rules, depth),
                    "asks": shapes.levels_shape(self.book.asks, self.rules, depth),
                },
            )
