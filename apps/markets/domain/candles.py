"""Candles from trades, and larger candles from smaller ones. Pure and exact.

Gap policy: a minute without a trade has no candle. Nothing is carried forward and no volume is
invented; whoever draws or computes over a series sees the hole and decides. A larger candle is
made of the smaller ones that exist, and says how many by `parts`, so a thin one can be told.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import groupby

from apps.markets.domain.errors import IntervalUnknown, TradeOutOfOrder

INTERVALS: dict[str, timedelta] = {
    "1m": timedelta(minutes=1),
    "5m": timedelta(minutes=5),
    "15m": timedelta(minutes=15),
    "1h": timedelta(hours=1),
    "4h": timedelta(hours=4),
    "1d": timedelta(days=1),
}
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Candle:
    """Prices in quote, volume in base; [opened_at, opened_at + interval), UTC."""

    opened_at: datetime
    interval: str
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal
    parts: int  # trades in a 1m candle; source candles in a larger one

    @property
    def closed_at(self) -> datetime:
        """The first instant at which the candle is final: nobody may know it earlier."""
        return self.opened_at + INTERVALS[self.interval]


def opening(at: datetime, interval: str) -> datetime:
    """Start of the interval that holds the instant, counted from the UTC epoch."""
    step = INTERVALS[interval]
    return at - (at - EPOCH) % step


class MinuteRoller:
    """Rolls one symbol's trades, in time order, into 1m candles.

    A mid price is added with volume 0. `add` returns the candle that the new price closed.
    """

    def __init__(self) -> None:
        self._current: Candle | None = None

    @property
    def current(self) -> Candle | None:
        """The candle still open, for live display; it may still change."""
        return self._current

    def add(self, at: datetime, price: Decimal, volume: Decimal) -> Candle | None:
        """Count one trade. Raises TradeOutOfOrder if its minute is already closed."""
        minute, open_one = opening(at, "1m"), self._current
        if open_one is not None and minute < open_one.opened_at:
            raise TradeOutOfOrder(at=at.isoformat())
        if open_one is None or minute > open_one.opened_at:
            self._current = Candle(minute, "1m", price, price, price, price, volume, 1)
            return open_one
        self._current = replace(
            open_one,
            high=max(open_one.high, price),
            low=min(open_one.low, price),
            close=price,
            volume=open_one.volume + volume,
            parts=open_one.parts + 1,
        )
        return None

    def close_until(self, now: datetime) -> Candle | None:
        """The open candle if its minute is over by now: a quiet market closes candles too."""
        done = self._current
        if done is None or now < done.closed_at:
            return None
        self._current = None
        return done


def rolled_up(candles: Iterable[Candle], interval: str) -> Iterator[Candle]:
    """Larger candles of smaller ones, given in time order. Holes stay holes.

    Raises IntervalUnknown where the larger interval is no multiple of the smaller.
    """
    for opened_at, group in groupby(
        candles, key=lambda candle: opening(_require_multiple(candle, interval), interval)
    ):
        parts = list(group)
        yield Candle(
            opened_at=opened_at,
            interval=interval,
            open=parts[0].open,
            high=max(part.high for part in parts),
            low=min(part.low for part in parts),
            close=parts[-1].close,
            volume=sum((part.volume for part in parts), Decimal(0)),
            parts=len(parts),
        )


def _require_multiple(candle: Candle, interval: str) -> datetime:
    if interval not in INTERVALS or INTERVALS[interval] % INTERVALS[candle.interval]:
        raise IntervalUnknown(interval=interval, source=candle.interval)
    return candle.opened_at
