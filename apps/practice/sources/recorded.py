"""Plays recorded markets: minute candles of two exchanges in step, or raw depth recordings.

Nothing is invented in favor of a trader. A minute without volume has an empty book. A candle's book
stands around its close only after the minute has ended, its spread at least a quarter of the
minute's range, its depth a tenth of the minute's volume. At the end of the file the books empty.
"""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson

from apps.practice.domain.matching import Side
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
        for minute in range(self.start, self.end + MINUTE, MINUTE):
            self.at = minute
            for code, market in markets.items():
                self._play(market, by_minute[code].get(minute))
            due += 60 / self.speed
            await asyncio.sleep(max(0.0, due - clock()))
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


class StreamSource:
    """A raw Binance recording: snapshots, depth diffs and trades with their own timing.

    It starts at the first snapshot; diffs before it cannot be placed in a book.
    """

    kind = "recorded"

    def __init__(self, path: Path, speed: float) -> None:
        self.path = path
        self.speed = speed
        self.at = 0

    def describe(self, code: str) -> Mapping[str, Any]:
        return {
            "simulated": False,
            "clock": "recorded",
            "speed": self.speed,
            "recorded_at": self.at,
            "file": self.path.name,
        }

    def history(self, code: str, rules: SymbolRules, now: int) -> Sequence[Candle]:
        return ()

    async def run(self, markets: Mapping[str, Market]) -> None:
        (market,) = markets.values()
        symbol = symbol_of(self.path)
        clock = asyncio.get_running_loop().time
        began, first = clock(), None
        for nanoseconds, message in recorded_messages(self.path):
            first = nanoseconds if first is None else first
            self.at = nanoseconds // 1_000_000
            wait = began + (nanoseconds - first) / 1e9 / self.speed - clock()
            if wait > 0:
                await asyncio.sleep(wait)
            play_message(market, market.rules[symbol], message)
        market.quote(symbol, {}, {}, full=True)


def recorded_messages(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """(local nanoseconds, data) from the first snapshot on; diffs it already holds are left out."""
    snapshot_id = None
    with gzip.open(path) as lines:
        for line in lines:
            stamp, text = line.split(b" ", 1)
            message = orjson.loads(text)
            data = message.get("data", message)
            if "lastUpdateId" in data:
                snapshot_id = data["lastUpdateId"]
            elif snapshot_id is None or data.get("u", snapshot_id + 1) <= snapshot_id:
                continue
            yield int(stamp), data


def play_message(market: Market, rules: SymbolRules, data: Mapping[str, Any]) -> None:
    """One recorded message onto a market; bookTicker repeats what the diffs say and is left out."""
    if "lastUpdateId" in data:
        sides = _levels(data["bids"], rules), _levels(data["asks"], rules)
        market.quote(rules.symbol, *sides, full=True)
    elif data.get("e") == "depthUpdate":
        market.quote(rules.symbol, _levels(data["b"], rules), _levels(data["a"], rules))
    elif data.get("e") == "trade":
        side = Side.SELL if data["m"] else Side.BUY
        ticks = int(Decimal(data["p"]) / rules.tick)
        lots = int(Decimal(data["q"]) / rules.step)
        if lots:
            market.trade(rules.symbol, side, ticks, lots)


def symbol_of(path: Path) -> str:
    """spot_btcusdt_20240808.gz -> BTC/USDT; raises SourceUnavailable."""
    name = path.name.split("_")[1].upper() if path.name.count("_") >= 2 else ""
    for quote in ("USDT", "USDC", "BTC"):
        if name.endswith(quote) and name != quote:
            return f"{name.removesuffix(quote)}/{quote}"
    raise SourceUnavailable(f"{path.name} does not say its symbol, as in spot_btcusdt_20240808.gz")


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


def _levels(levels: Sequence[Sequence[str]], rules: SymbolRules) -> dict[int, int]:
    return {
        int(Decimal(price) / rules.tick): int(Decimal(quantity) / rules.step)
        for price, quantity in levels
    }
