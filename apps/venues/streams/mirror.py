"""One symbol of a real exchange, shown on one practice market: levels as changes, trades, silence.

Only what changed at the exchange is passed on. What a paper trader took is therefore gone until
the exchange's own level changes, or until it has been missing for REPLENISH seconds. Nothing is
shown of a book that has said nothing for STALE seconds, or before the symbol's grid is known.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any, Protocol

from apps.venues.domain.ports import BookFrame
from apps.venues.domain.wire import Level, exact

REPLENISH = 30.0  # seconds after which a taken, unchanged level stands again
STALE = 30.0  # seconds without a frame after which a book is not shown
Terms = Mapping[str, Decimal | None]


class Grid(Protocol):
    """The rules of one symbol, as far as levels need them."""

    @property
    def tick(self) -> Decimal: ...

    @property
    def step(self) -> Decimal: ...


class Market(Protocol):
    """What is done to one practice instance. Prices in ticks, quantities in lots."""

    @property
    def rules(self) -> Mapping[str, Any]: ...

    def quote(
        self, symbol: str, bids: Mapping[int, int], asks: Mapping[int, int], *, full: bool = False
    ) -> None: ...

    def report(self, symbol: str, side: Any, ticks: int, lots: int) -> None: ...

    def mark(self, symbol: str, ticks: int) -> None: ...

    def standing(self, symbol: str) -> tuple[Mapping[int, int], Mapping[int, int]]: ...

    def list_symbol(self, symbol: str, terms: Terms) -> None: ...

    def halt(self, symbol: str) -> None: ...


class MirroredSide:
    """The exchange's levels of one side, and the lots they make on a coarser grid.

    A price off the grid moves away from the middle (`rounding`), the sum of all levels that fall
    on one tick shrinks to whole lots: what is shown is never better than what stands there.
    """

    def __init__(self, grid: Grid, rounding: str) -> None:
        self._grid, self._rounding = grid, rounding
        self._levels: dict[float, float] = {}
        self._members: dict[int, dict[float, float]] = {}  # of each tick
        self.lots: dict[int, int] = {}  # above 0

    def take(self, levels: Iterable[Level], *, full: bool) -> dict[int, int]:
        """{ticks: lots now} wherever the exchange changed something; `full` removes the others."""
        told = dict(levels)
        if full:
            told = dict.fromkeys(self._levels.keys() - told.keys(), 0.0) | told
        touched = set()
        for price, quantity in told.items():
            if self._levels.get(price, 0.0) != quantity:
                touched.add(self._place(price, quantity))
        return {ticks: self._count(ticks) for ticks in touched if ticks > 0}

    def clear(self) -> None:
        for held in (self._levels, self._members, self.lots):
            held.clear()

    def _place(self, price: float, quantity: float) -> int:
        ticks = on_grid(exact(price), self._grid.tick, self._rounding)
        members = self._members.setdefault(ticks, {})
        if quantity > 0:
            self._levels[price] = members[price] = quantity
        else:
            self._levels.pop(price, None)
            members.pop(price, None)
        return ticks

    def _count(self, ticks: int) -> int:
        members = self._members[ticks]
        total = sum((exact(quantity) for quantity in members.values()), Decimal(0))
        lots = int(total / self._grid.step)
        if lots:
            self.lots[ticks] = lots
        else:
            self.lots.pop(ticks, None)
        if not members:
            del self._members[ticks]
        return lots


class SymbolMirror:
    """Keeps one symbol of one market like the exchange's. Used from one event loop."""

    def __init__(
        self, symbol: str, market: Market, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.symbol = symbol
        self.listed = False
        self.trades_told = False
        self._market, self._clock = market, clock
        self._grid: tuple[Decimal, Decimal] | None = None
        self._sides: tuple[MirroredSide, MirroredSide] | None = None
        self._started = False  # the exchange's whole book is known
        self._shown = False
        self._heard = 0.0
        self._missing: tuple[dict[int, float], dict[int, float]] = ({}, {})  # since when, by ticks

    def list(self, terms: Terms) -> None:
        """Open the symbol under these terms; the same terms again change nothing but fees.

        Raises ValueError where no usable rules are in them.
        """
        self._market.list_symbol(self.symbol, terms)
        rules = self._market.rules[self.symbol]
        if self._grid != (rules.tick, rules.step):
            self._grid = (rules.tick, rules.step)
            self._sides = MirroredSide(rules, ROUND_FLOOR), MirroredSide(rules, ROUND_CEILING)
            self._started = self._shown = False
        self.listed = True

    def unlist(self) -> None:
        self._market.halt(self.symbol)
        self.listed = self._shown = False

    def frame(self, frame: BookFrame) -> None:
        """The exchange's book, whole or what changed in it."""
        if self._sides is None or not self.listed or not (self._started or frame.snapshot):
            return
        bids, asks = self._sides
        changed = (
            bids.take(frame.bids, full=frame.snapshot),
            asks.take(frame.asks, full=frame.snapshot),
        )
        self._started, self._heard = True, self._clock()
        if not self._shown:
            self._shown = True
            self._missing = ({}, {})
            self._market.quote(self.symbol, bids.lots, asks.lots, full=True)
        elif changed[0] or changed[1]:
            for missing, touched in zip(self._missing, changed, strict=True):
                for ticks in missing.keys() & touched.keys():
                    del missing[ticks]
            self._market.quote(self.symbol, *changed)
        if not self.trades_told and bids.lots and asks.lots:
            self._market.mark(self.symbol, (max(bids.lots) + min(asks.lots)) // 2)

    def down(self) -> None:
        """The book is lost: nothing stands until the exchange tells all of it again."""
        self._started = False
        for side in self._sides or ():
            side.clear()
        self._hide()

    def trade(self, side: str, price: Decimal, quantity: Decimal) -> None:
        """A public trade (`side` BUY or SELL: the aggressor's); told only while the book is."""
        if self._grid is None or not self._shown:
            return
        tick, step = self._grid
        ticks = on_grid(price, tick, ROUND_FLOOR if side == "BUY" else ROUND_CEILING)
        lots = int(quantity / step)
        if ticks > 0 and lots > 0:
            self._market.report(self.symbol, side, ticks, lots)

    def taker_of(self, price: Decimal) -> str:
        """The side of a trade whose exchange does not say it: by the nearer end of the book."""
        bids, asks = (side.lots for side in self._sides or ())
        if self._grid is None or not bids or not asks:
            return "BUY"
        return "BUY" if 2 * price >= (max(bids) + min(asks)) * self._grid[0] else "SELL"

    def sweep(self) -> None:
        """Hide a book that went silent; let what has been missing long enough stand again."""
        now = self._clock()
        if not self._shown or self._sides is None:
            return
        if now - self._heard >= STALE:
            self._hide()
            return
        back = [
            _overdue(side.lots, standing, missing, now)
            for side, standing, missing in zip(
                self._sides, self._market.standing(self.symbol), self._missing, strict=True
            )
        ]
        if back[0] or back[1]:
            self._market.quote(self.symbol, *back)

    def _hide(self) -> None:
        self._shown = False
        self._market.quote(self.symbol, {}, {}, full=True)


def on_grid(price: Decimal, tick: Decimal, rounding: str) -> int:
    """A price in whole ticks."""
    return int((price / tick).to_integral_value(rounding=rounding))


def _overdue(
    wanted: Mapping[int, int], standing: Mapping[int, int], missing: dict[int, float], now: float
) -> dict[int, int]:
    """Levels that have been short for REPLENISH seconds; notes since when the others are."""
    found = {}
    for ticks, lots in wanted.items():
        if standing.get(ticks, 0) >= lots:
            missing.pop(ticks, None)
        elif now - missing.setdefault(ticks, now) >= REPLENISH:
            del missing[ticks]
            found[ticks] = lots
    return found
