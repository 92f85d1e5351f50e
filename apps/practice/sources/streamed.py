"""Plays raw recordings of one exchange's streams: snapshots, depth diffs and trades."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson

from apps.practice.domain.matching import Side
from apps.practice.domain.rules import SymbolRules
from apps.practice.sources import Market, SourceUnavailable
from apps.practice.sources.recorded import file_mark
from apps.practice.tape import Candle

BREATH = 500  # messages passed over at once before others get their turn


class StreamSource:
    """A raw Binance recording: snapshots, depth diffs and trades with their own timing.

    It starts at the first snapshot; diffs before it cannot be placed in a book.
    """

    kind = "recorded"

    def __init__(self, path: Path, speed: float) -> None:
        self.path = path
        self.speed = speed
        self.at = 0
        self._told = 0  # nanoseconds of the last message played

    def world(self) -> str:
        return file_mark(self.path)

    def position(self) -> Mapping[str, Any]:
        return {"ns": self._told}

    def resume(self, position: Mapping[str, Any]) -> None:
        """Go on after this moment; raises ValueError for none."""
        moment = int(position.get("ns", -1))
        if moment < 0:
            raise ValueError(f"{moment} is no moment of {self.path.name}")
        self._told = moment

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
        rules, resumed_after, past = market.rules[symbol], self._told, StandingBook()
        began, first = clock(), None
        for number, (nanoseconds, message) in enumerate(recorded_messages(self.path)):
            if nanoseconds <= resumed_after:
                past.play(rules, message)
                if not number % BREATH:
                    await asyncio.sleep(0)
                continue
            if first is None:
                first, began = nanoseconds, clock()
                market.quote(symbol, past.bids, past.asks, full=True)
            self.at = nanoseconds // 1_000_000
            wait = began + (nanoseconds - first) / 1e9 / self.speed - clock()
            if wait > 0:
                await asyncio.sleep(wait)
            play_message(market, rules, message)
            self._told = nanoseconds
        market.quote(symbol, {}, {}, full=True)


class StandingBook:
    """What stands after messages nobody may trade on any more: they were played before."""

    def __init__(self) -> None:
        self.bids: dict[int, int] = {}
        self.asks: dict[int, int] = {}

    def play(self, rules: SymbolRules, data: Mapping[str, Any]) -> None:
        """Snapshots and diffs; trades are told by the diffs as well."""
        if "lastUpdateId" in data:
            self.bids, self.asks = _levels(data["bids"], rules), _levels(data["asks"], rules)
        elif data.get("e") == "depthUpdate":
            for side, changes in ((self.bids, data["b"]), (self.asks, data["a"])):
                for ticks, lots in _levels(changes, rules).items():
                    if lots:
                        side[ticks] = lots
                    else:
                        side.pop(ticks, None)


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


def _levels(levels: Sequence[Sequence[str]], rules: SymbolRules) -> dict[int, int]:
    return {
        int(Decimal(price) / rules.tick): int(Decimal(quantity) / rules.step)
        for price, quantity in levels
    }
