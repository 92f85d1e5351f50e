"""The public tape of one symbol: recent trades, minute candles, the last 24 hours."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from apps.practice.domain.exchange import Print
from apps.practice.domain.ledger import ZERO

MINUTE = 60_000
KEPT_MINUTES = 3_000
KEPT_TRADES = 1_000
INTERVALS = {
    "1m": 1,
    "3m": 3,
    "5m": 5,
    "15m": 15,
    "30m": 30,
    "1h": 60,
    "2h": 120,
    "4h": 240,
    "6h": 360,
    "8h": 480,
    "12h": 720,
    "1d": 1440,
}


@dataclass(slots=True)
class Candle:
    """One bar; `opened` in UTC ms; volumes in base and quote units; `taken` by buying takers."""

    opened: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal = ZERO
    quote_volume: Decimal = ZERO
    trades: int = 0
    taken: Decimal = ZERO
    quote_taken: Decimal = ZERO

    def add(self, deal: Print) -> None:
        quote = deal.price * deal.quantity
        self.high, self.low = max(self.high, deal.price), min(self.low, deal.price)
        self.close = deal.price
        self.volume += deal.quantity
        self.quote_volume += quote
        self.trades += 1
        if not deal.buyer_maker:
            self.taken += deal.quantity
            self.quote_taken += quote


@dataclass(frozen=True, slots=True)
class Day:
    """What happened in the last 24 hours."""

    opened_at: int
    closed_at: int
    open: Decimal
    high: Decimal
    low: Decimal
    last: Decimal
    volume: Decimal
    quote_volume: Decimal
    trades: int
    first_id: int
    last_id: int


class Tape:
    def __init__(self) -> None:
        self.trades: deque[Print] = deque(maxlen=KEPT_TRADES)
        self.minutes: deque[Candle] = deque(maxlen=KEPT_MINUTES)
        self._day: Day | None = None

    def preload(self, candles: Iterable[Candle]) -> None:
        """Candles from before the start, oldest first, as the market source knows them."""
        self.minutes.extend(candles)

    def resume(self, candles: Iterable[Candle]) -> None:
        """Bars kept from before a restart, oldest first; minutes between them stood still."""
        for bar in candles:
            self.roll(bar.opened)
            if self.minutes and self.minutes[-1].opened >= bar.opened:
                self.minutes.pop()
            self.minutes.append(bar)

    def lively_since(self, opened: int) -> list[Candle]:
        """Bars with trades or movement that opened at `opened` or later, oldest first."""
        found: list[Candle] = []
        for bar in reversed(self.minutes):
            if bar.opened < opened:
                break
            if bar.trades or bar.volume or bar.high > bar.low:
                found.append(bar)
        return found[::-1]

    def add(self, deal: Print) -> None:
        self.trades.append(deal)
        self.roll(deal.at)
        opened = deal.at - deal.at % MINUTE
        if not self.minutes or self.minutes[-1].opened < opened:
            price = deal.price
            self.minutes.append(Candle(opened, price, price, price, price))
        self.minutes[-1].add(deal)

    def mark(self, price: Decimal, now: int) -> None:
        """A price without a trade: the bar of now knows it, its volume does not grow."""
        self.roll(now)
        if not self.minutes:
            self.minutes.append(Candle(now - now % MINUTE, price, price, price, price))
        bar = self.minutes[-1]
        bar.high, bar.low, bar.close = max(bar.high, price), min(bar.low, price), price

    def absorb(self, bar: Candle, now: int) -> None:
        """Merge a bar of another clock into the bar of now."""
        self.roll(now)
        opened = now - now % MINUTE
        if self.minutes and self.minutes[-1].opened == opened:
            _merge(self.minutes[-1], bar)
        else:
            self.minutes.append(_copy(bar, opened))

    def roll(self, now: int) -> None:
        """Fill minutes without trades with the last close and no volume, as Binance does."""
        opened = now - now % MINUTE
        if self.minutes and opened - self.minutes[-1].opened > KEPT_MINUTES * MINUTE:
            close = self.minutes[-1].close
            self.minutes.append(Candle(opened - MINUTE, close, close, close, close))
        while self.minutes and self.minutes[-1].opened < opened:
            close = self.minutes[-1].close
            self.minutes.append(
                Candle(self.minutes[-1].opened + MINUTE, close, close, close, close)
            )

    def candles(
        self, interval: str, now: int, *, limit: int, start: int | None, end: int | None
    ) -> list[Candle]:
        """Bars of this interval, oldest first: the first `limit` from `start`, else the last."""
        self.roll(now)
        width = INTERVALS[interval] * MINUTE
        bars: list[Candle] = []
        for minute in self.minutes:
            opened = minute.opened - minute.opened % width
            if bars and bars[-1].opened == opened:
                _merge(bars[-1], minute)
            else:
                bars.append(_copy(minute, opened))
        chosen = [
            bar
            for bar in bars
            if (start is None or bar.opened >= start) and (end is None or bar.opened <= end)
        ]
        return chosen[:limit] if start is not None else chosen[-limit:]

    def day(self, now: int) -> Day | None:
        """The rolling 24 hours; recomputed at most once a second. None before any price."""
        if self._day is not None and self._day.closed_at > now - 1_000:
            return self._day
        self.roll(now)
        bars = [bar for bar in self.minutes if bar.opened > now - 1_440 * MINUTE]
        if not bars:
            return None
        self._day = Day(
            opened_at=max(bars[0].opened, now - 1_440 * MINUTE),
            closed_at=now,
            open=bars[0].open,
            high=max(bar.high for bar in bars),
            low=min(bar.low for bar in bars),
            last=bars[-1].close,
            volume=sum((bar.volume for bar in bars), ZERO),
            quote_volume=sum((bar.quote_volume for bar in bars), ZERO),
            trades=sum(bar.trades for bar in bars),
            first_id=self.trades[0].trade_id if self.trades else -1,
            last_id=self.trades[-1].trade_id if self.trades else -1,
        )
        return self._day


def _copy(bar: Candle, opened: int) -> Candle:
    return Candle(
        opened,
        bar.open,
        bar.high,
        bar.low,
        bar.close,
        bar.volume,
        bar.quote_volume,
        bar.trades,
        bar.taken,
        bar.quote_taken,
    )


def _merge(into: Candle, bar: Candle) -> None:
    into.high, into.low = max(into.high, bar.high), min(into.low, bar.low)
    into.close = bar.close
    into.volume += bar.volume
    into.quote_volume += bar.quote_volume
    into.trades += bar.trades
    into.taken += bar.taken
    into.quote_taken += bar.quote_taken
