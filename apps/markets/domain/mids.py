"""One-minute candles out of the mids of live books. Pure: times come as arguments.

A minute in which a book never moved has no candle: a gap stays a gap. Mids are floats while
they are collected and become the decimals of their shortest text when a candle closes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

MINUTE = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class CandleRow:
    """A candle as it is stored. volume (base units) is None where nobody counted it."""

    venue: str
    symbol: str
    interval: str
    open_at: datetime
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal | None = None


class MidRoller:
    """Collects mids; `closed` hands out each finished minute once."""

    def __init__(self) -> None:
        self._open: dict[tuple[str, str, int], list[float]] = {}

    def observe(self, venue: str, symbol: str, mid: float, at: float) -> None:
        """`at` in UTC seconds. A mid that is no positive number is not a price and is left out."""
        if not mid > 0:
            return
        key = (venue, symbol, int(at // MINUTE))
        bar = self._open.get(key)
        if bar is None:
            self._open[key] = [mid, mid, mid, mid]
            return
        if mid > bar[1]:
            bar[1] = mid
        elif mid < bar[2]:
            bar[2] = mid
        bar[3] = mid

    def closed(self, now: float) -> list[CandleRow]:
        """Candles of the minutes before that of `now`, oldest first; they are forgotten here."""
        current = int(now // MINUTE)
        done = sorted((key for key in self._open if key[2] < current), key=lambda key: key[2])
        return [self._row(key, self._open.pop(key)) for key in done]

    @staticmethod
    def _row(key: tuple[str, str, int], bar: list[float]) -> CandleRow:
        opened, high, low, close = (Decimal(repr(price)) for price in bar)
        return CandleRow(
            venue=key[0],
            symbol=key[1],
            interval="1m",
            open_at=datetime.fromtimestamp(key[2] * MINUTE, tz=UTC),
            open=opened,
            high=high,
            low=low,
            close=close,
        )
