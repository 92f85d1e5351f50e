"""Quotes of one market of the model: a ladder of levels around a middle price.

Levels stand on a fixed price grid, so a small move changes few of them; each step a few levels are
quoted anew, which is also how liquidity that somebody took comes back. Integers: ticks and lots.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

from apps.practice.domain.rules import SymbolRules

LEVELS = 24
REQUOTED = 3  # levels quoted anew in a step


@dataclass(frozen=True, slots=True)
class Shape:
    """Half the spread and the grid in bps, and what stands on a level near the top, in USDT.

    Measured on BTC/USDT of a large exchange: 278,000 USDT within 0.1 bps, 547,000 within 2 bps,
    1.5 million within 5, 3 million within 10: about 300,000 a bps. A venue of the model has a
    twentieth of that, and the wider spreads of venues of that size.
    """

    half_spread: float
    grid: float
    level_usdt: float


SHAPES: dict[str, Shape] = {
    "BTC/USDT": Shape(0.3, 0.5, 7_500.0),
    "ETH/USDT": Shape(0.4, 0.5, 6_000.0),
    "USDC/USDT": Shape(0.5, 1.0, 20_000.0),
    "ETH/BTC": Shape(0.6, 0.5, 4_000.0),
}
SHAPE = Shape(0.7, 0.7, 3_000.0)


class Ladder:
    """The quotes of one symbol on one venue."""

    def __init__(self, rules: SymbolRules, shape: Shape, usdt_per_base: float, seed: int) -> None:
        self._tick = float(rules.tick)
        self._shape = shape
        self._lot_mean = max(1.0, shape.level_usdt / usdt_per_base / float(rules.step))
        self._dice = random.Random(seed)  # noqa: S311 - a market model
        self.sides: tuple[dict[int, int], dict[int, int]] = ({}, {})

    def requote(self, mid: float) -> tuple[dict[int, int], dict[int, int]]:
        """The changes (bids, asks) that lead from the last quotes to those around `mid`."""
        grid = max(1, round(mid * self._shape.grid * 1e-4 / self._tick))
        half = mid * self._shape.half_spread * 1e-4
        best_bid = math.floor((mid - half) / self._tick / grid) * grid
        best_ask = math.ceil((mid + half) / self._tick / grid) * grid
        best_ask = max(best_ask, best_bid + grid)
        return (
            self._side(0, range(best_bid, best_bid - LEVELS * grid, -grid)),
            self._side(1, range(best_ask, best_ask + LEVELS * grid, grid)),
        )

    def _side(self, side: int, prices: range) -> dict[int, int]:
        old, draw = self.sides[side], self._dice.lognormvariate
        changes: dict[int, int] = {}
        first = next(iter(old), None)
        if first != prices[0] or len(old) != len(prices):
            fresh = {}
            for depth, ticks in enumerate(prices):
                if ticks <= 0:
                    break
                lots = old.get(ticks)
                if lots is None:
                    mean = self._lot_mean * (1 + depth / 4)
                    lots = changes[ticks] = max(1, int(mean * draw(-0.3, 0.8)))
                fresh[ticks] = lots
            changes |= dict.fromkeys(old.keys() - fresh.keys(), 0)
            old.clear()
            old.update(fresh)
        for _ in range(REQUOTED):
            depth = int(self._dice.random() ** 2 * LEVELS)  # the top is quoted most often
            ticks = prices[depth]
            if ticks > 0:
                mean = self._lot_mean * (1 + depth / 4)
                changes[ticks] = old[ticks] = max(1, int(mean * draw(-0.3, 0.8)))
        return changes
