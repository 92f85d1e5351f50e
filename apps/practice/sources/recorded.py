"""Plays recorded minute candles of two exchanges in step.

Nothing is invented in favor of a trader. A minute without volume has an empty book. A candle's book
stands around its close only after the minute has ended, its spread at least a quarter of the
minute's range, its depth a tenth of the minute's volume. At the end of the file the books empty.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from apps.practice.domain.rules import SymbolRules
from apps.practice.sources import Market, SourceUnavailable
from apps.practice.tape import MINUTE, Candle

PAIRED = "two_exchanges_1m_2023.parquet"
LEVELS = 5
SHARE_OF_VOLUME = 0.1  # of the minute's volume, on each side
SHARE_OF_RANGE = 0.25
LEAST_HALF_SPREAD = 1e-4  # one basis point


@dataclass(frozen=True, slots=True)
class Bar:
    """One recorded minute; prices in quote units, volume in base units."""

    ts: int
    open: float
    high: float
    low: float
    close: float
    volume: float


def book_of(bar: Bar, rules: SymbolRules) -> tuple[dict[int, int], dict[int, int]]:
    """A cautious book (bids, asks) in ticks and lots after this minute; empty without volume."""
    if bar.volume <= 0:
        return {}, {}
    tick, step = float(rules.tick), float(rules.step)
    spread = max(LEAST_HALF_SPREAD * bar.close, SHARE_OF_RANGE * (bar.high - bar.low), tick)
    lots = int(bar.volume * SHARE_OF_VOLUME / LEVELS / step)
    if not lots:
        return {}, {}
    bids, asks = {}, {}
    for level in range(LEVELS):
        away = spread * (1 + level / 2)
        bids[max(1, int((bar.close - away) / tick))] = lots
        asks[-int(-(bar.close + away) // tick)] = lots
    return bids, asks


class CandleSource:
    """The same minutes on every instance, `speed` recorded seconds in one second."""

    kind = "recorded"

    def __init__(self, path: Path, members: Sequence[str], speed: float) -> None:
        self.path = find_file(path)
        self.speed = speed
        self.series = {code: _bars(self.path, code) for code in members}
        starts = [bars[0].ts for bars in self.series.values()]
        ends = [bars[-1].ts for bars in self.series.values()]
        self.start, self.end = max(starts), min(ends)
        if self.start > self.end:
            raise SourceUnavailable(f"{self.path}: the exchanges have no minute in common")
        self.at = self.start
        self._next = self.start

    def world(self) -> str:
        return f"{file_mark(self.path)} {','.join(self.series)}"

    def position(self) -> Mapping[str, Any]:
        """The minute to play next: the one shown when it was taken, or the file's end."""
        return {"ts": self._next}

    def resume(self, position: Mapping[str, Any]) -> None:
        """Play from this minute on; raises ValueError outside the file."""
        minute = int(position.get("ts", -1))
        if not self.start <= minute <= self.end + MINUTE or (minute - self.start) % MINUTE:
            raise ValueError(f"{minute} is no minute of {self.path.name}")
        self.at = self._next = minute

    def describe(self, code: str) -> Mapping[str, Any]:
        return {
            "simulated": False,
            "clock": "recorded",
            "speed": self.speed,
            "recorded_at": self.at,
            "recorded_until": self.end,
            "file": self.path.name,
        }

    def history(self, code: str, rules: SymbolRules, now: int) -> Sequence[Candle]:
        """The recorded minutes before the first one played, moved to end at the start."""
        earlier = [bar for bar in self.series[code] if bar.ts < self.start][-1_440:]
        first = now - now % MINUTE - len(earlier) * MINUTE
        return [_candle(bar, rules, first + i * MINUTE) for i, bar in enumerate(earlier)]

    async def run(self, markets: Mapping[str, Market]) -> None:
        by_minute = {code: {bar.ts: bar for bar in bars} for code, bars in self.series.items()}
        clock = asyncio.get_running_loop().time
        due = clock()
        for minute in range(self._next, self.end + MINUTE, MINUTE):
            self.at = self._next = minute
            for code, market in markets.items():
                self._play(market, by_minute[code].get(minute))
            due += 60 / self.speed
            await asyncio.sleep(max(0.0, due - clock()))
        self._next = self.end + MINUTE
        for market in markets.values():
            self._play(market, None)

    def _play(self, market: Market, bar: Bar | None) -> None:
        """The market after this minute; a missing minute cannot be traded either."""
        for symbol, rules in market.rules.items():
            if bar is None:
                market.quote(symbol, {}, {}, full=True)
                continue
            bids, asks = book_of(bar, rules)
            market.quote(symbol, bids, asks, full=True)
            if bar.volume > 0:
                market.absorb(symbol, _candle(bar, rules, bar.ts))


def file_mark(path: Path) -> str:
    """A recording by name and size: another file under the same name is another market."""
    return f"recorded {path.name} {path.stat().st_size}"


def find_file(path: Path) -> Path:
    """The recording a path means: the file itself, or the paired candles inside the folder."""
    candidates = [path] if path.is_file() else sorted(path.rglob(PAIRED)) if path.is_dir() else []
    if not candidates:
        raise SourceUnavailable(
            f"{path} holds no recording: name a .parquet of candles, a .gz of raw streams, "
            f"or a folder with {PAIRED}"
        )
    return candidates[0]


def _bars(path: Path, exchange: str) -> list[Bar]:
    """This exchange's BTC/USDC minutes, oldest first; raises SourceUnavailable."""
    import polars as pl  # heavy: only for recordings

    rows = (
        pl.scan_parquet(path)
        .filter(
            (pl.col("exchange").cast(pl.String) == exchange)
            & (pl.col("symbol").cast(pl.String) == "BTC/USDC")
        )
        .sort("ts")
        .select("ts", "open", "high", "low", "close", "volume")
        .collect()
        .rows()
    )
    if not rows:
        raise SourceUnavailable(f"{path} has no minutes of {exchange}")
    return [Bar(*row) for row in rows]


def _candle(bar: Bar, rules: SymbolRules, opened: int) -> Candle:
    def price(value: float) -> Decimal:
        return rules.price(max(1, round(value / float(rules.tick))))

    volume, close = rules.quantity(int(bar.volume / float(rules.step))), price(bar.close)
    return Candle(
        opened, price(bar.open), price(bar.high), price(bar.low), close, volume, volume * close
    )
