"""The seeded market model at work: one world, several venues, about ten quotes a second each."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from apps.practice.domain.ladder import SHAPE, SHAPES, Ladder
from apps.practice.domain.matching import Side
from apps.practice.domain.rules import SymbolRules
from apps.practice.domain.world import (
    ANCHORS,
    ASSETS,
    STEP,
    UNKNOWN,
    World,
    model_mark,
    past_minutes,
)
from apps.practice.sources import Market
from apps.practice.tape import MINUTE, Candle

PAST_MINUTES = 1_440
TRADE_RATE = 0.4  # trades a second and market between outsiders
LATE = 1.0  # seconds behind after which time is given up instead of caught up


class SimulatedSource:
    """All instances of one seed. `speed` is how many model seconds pass in a second."""

    kind = "simulated"

    def __init__(self, seed: int, members: Mapping[str, Sequence[str]], speed: float = 1.0) -> None:
        self.seed = seed
        self.speed = speed
        self.codes = list(members)
        self.symbols = sorted({symbol for symbols in members.values() for symbol in symbols})
        self.model = World(seed, self.symbols, len(self.codes))
        self._past = past_minutes(seed, self.symbols, PAST_MINUTES)
        self._ladders: dict[tuple[str, str], Ladder] = {}
        self._dice = random.Random(seed)  # noqa: S311 - a market model

    def describe(self, code: str) -> Mapping[str, Any]:
        return {
            "simulated": True,
            "clock": "wall",
            "speed": self.speed,
            "seed": self.seed,
            "model_seconds": round(self.model.steps * STEP, 1),
        }

    def world(self) -> str:
        return (
            f"simulated {self.seed} {model_mark()} {','.join(self.codes)} {','.join(self.symbols)}"
        )

    def position(self) -> Mapping[str, Any]:
        return self.model.position()

    def resume(self, position: Mapping[str, Any]) -> None:
        """The world goes on exactly; the quotes around it are drawn anew, as after any opening."""
        self.model.resume(position)
        self._dice = random.Random(f"{self.seed} {self.model.steps}")  # noqa: S311

    def history(self, code: str, rules: SymbolRules, now: int) -> Sequence[Candle]:
        """A day of minutes up to the start, from the model, the same on each venue."""
        prices = self._past[self.symbols.index(rules.symbol)]
        ticks = (prices / float(rules.tick)).round().astype(int)
        start = now - now % MINUTE - len(ticks) * MINUTE
        per_minute = float(_level_usdt(rules.symbol)) * TRADE_RATE * 60 / 10
        dice, candles = random.Random(f"{self.seed} {code} {rules.symbol}"), []  # noqa: S311
        columns = (ticks[:, 0], ticks.max(axis=1), ticks.min(axis=1), ticks[:, -1])
        rows = zip(*(column.tolist() for column in columns), strict=True)
        for minute, (first, high, low, last) in enumerate(rows):
            lots = int(per_minute / _usdt_per_base(rules) / float(rules.step) * dice.random()) + 1
            volume, close = rules.quantity(lots), rules.price(last)
            candles.append(
                Candle(
                    start + minute * MINUTE,
                    rules.price(first),
                    rules.price(high),
                    rules.price(low),
                    close,
                    volume,
                    volume * close,
                    24,
                    rules.quantity(lots // 2),
                    rules.quantity(lots // 2) * close,
                )
            )
        return candles

    async def run(self, markets: Mapping[str, Market]) -> None:
        clock = asyncio.get_running_loop().time
        due = clock()
        while True:
            self.advance(markets)
            due += STEP / self.speed
            if clock() - due > LATE:
                due = clock()
            await asyncio.sleep(max(0.0, due - clock()))

    def advance(self, markets: Mapping[str, Market]) -> None:
        """One step of the world, told to every market that has the symbol."""
        prices = self.model.step().tolist()
        for row, code in enumerate(self.codes):
            market = markets.get(code)
            if market is None:
                continue
            for column, symbol in enumerate(self.symbols):
                rules = market.rules.get(symbol)
                if rules is not None:
                    self._quote(market, code, rules, prices[row][column])

    def _quote(self, market: Market, code: str, rules: SymbolRules, mid: float) -> None:
        ladder = self._ladders.get((code, rules.symbol))
        if ladder is None:
            seed = self._dice.getrandbits(32)
            shape = SHAPES.get(rules.symbol, SHAPE)
            ladder = Ladder(rules, shape, _usdt_per_base(rules), seed)
            self._ladders[code, rules.symbol] = ladder
        bids, asks = ladder.requote(mid)
        market.quote(rules.symbol, bids, asks)
        if self._dice.random() < TRADE_RATE * STEP:
            side = Side.BUY if self._dice.random() < 0.5 else Side.SELL
            ticks, lots = next(iter(ladder.sides[1 if side is Side.BUY else 0].items()))
            market.trade(rules.symbol, side, ticks, 1 + int(lots * self._dice.random() ** 3 / 2))


def _usdt_per_base(rules: SymbolRules) -> float:
    return 1.0 if rules.base in ANCHORS else ASSETS.get(rules.base, UNKNOWN).price


def _level_usdt(symbol: str) -> Decimal:
    return Decimal(SHAPES.get(symbol, SHAPE).level_usdt)
