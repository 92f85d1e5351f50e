"""A price-time book in integers: ticks and lots. Pure, no accounts and no clock.

Two kinds of quantity rest at a price: orders of users (by id) and the outside world's liquidity
(id 0), which the market source sets. Both stand in one queue per price. What a taker removes of the
outside's quantity is gone until the source quotes that price again.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import takewhile

OUTSIDE = 0


class Side(StrEnum):
    BUY = "BUY"
    SELL = "SELL"

    @property
    def other(self) -> Side:
        return Side.SELL if self is Side.BUY else Side.BUY


@dataclass(slots=True, eq=False)
class Resting:
    """Quantity standing at a price: a user's order, or the outside (order_id 0)."""

    order_id: int
    lots: int


@dataclass(frozen=True, slots=True)
class Match:
    """Lots taken from one maker at the maker's price."""

    maker_id: int
    ticks: int
    lots: int


class HalfBook:
    """One side, best price first. `keys` ascend from the best: ticks for asks, -ticks for bids."""

    def __init__(self, side: Side) -> None:
        self.side = side
        self.sign = -1 if side is Side.BUY else 1
        self.keys: list[int] = []
        self.queues: dict[int, deque[Resting]] = {}
        self.totals: dict[int, int] = {}
        self.outside: dict[int, int] = {}

    def best(self) -> int | None:
        return self.sign * self.keys[0] if self.keys else None

    def top(self, count: int) -> list[tuple[int, int]]:
        """The best `count` levels as (ticks, lots)."""
        return [(self.sign * key, self.totals[self.sign * key]) for key in self.keys[:count]]

    def reaches(self, ticks: int, limit: int | None) -> bool:
        """Whether a taker with this limit accepts this side's price."""
        return limit is None or self.sign * ticks <= self.sign * limit

    def append(self, ticks: int, order_id: int, lots: int) -> None:
        queue = self.queues.get(ticks)
        if queue is None:
            queue = self.queues[ticks] = deque()
            self.totals[ticks] = 0
            insort(self.keys, self.sign * ticks)
        if order_id == OUTSIDE:
            self.outside[ticks] = self.outside.get(ticks, 0) + lots
            if queue and queue[-1].order_id == OUTSIDE:
                queue[-1].lots += lots
                self.totals[ticks] += lots
                return
        queue.append(Resting(order_id, lots))
        self.totals[ticks] += lots

    def reduce(self, ticks: int, entry: Resting, lots: int) -> None:
        """Take lots out of an entry; an emptied entry and an emptied level disappear."""
        entry.lots -= lots
        self.totals[ticks] -= lots
        if entry.order_id == OUTSIDE:
            left = self.outside[ticks] - lots
            if left:
                self.outside[ticks] = left
            else:
                del self.outside[ticks]
        if not entry.lots:
            self.queues[ticks].remove(entry)
        if not self.totals[ticks]:
            del self.totals[ticks], self.queues[ticks]
            del self.keys[bisect_left(self.keys, self.sign * ticks)]

    def requeue(self, ticks: int, entry: Resting, lots: int) -> None:
        """Move outside lots of an entry behind everybody at this price; the total stays."""
        queue = self.queues[ticks]
        if queue[-1] is entry:
            return
        entry.lots -= lots
        if not entry.lots:
            queue.remove(entry)
        if queue[-1].order_id == OUTSIDE:
            queue[-1].lots += lots
        else:
            queue.append(Resting(OUTSIDE, lots))

    def clear(self) -> None:
        self.keys.clear()
        for held in (self.queues, self.totals, self.outside):
            held.clear()

    def withdraw_outside(self, ticks: int, lots: int) -> None:
        """The outside cancels its latest quantity first: its place in the queue is kept."""
        for entry in list(reversed(self.queues[ticks])):
            if entry.order_id == OUTSIDE and lots:
                taken = min(lots, entry.lots)
                lots -= taken
                self.reduce(ticks, entry, taken)


class Book:
    """Both sides, the update id of the depth stream, and which levels changed since last asked."""

    def __init__(self, update_id: int = 1) -> None:
        self.bids = HalfBook(Side.BUY)
        self.asks = HalfBook(Side.SELL)
        self.update_id = update_id
        self.changed: tuple[set[int], set[int]] = (set(), set())

    def half(self, side: Side) -> HalfBook:
        return self.bids if side is Side.BUY else self.asks

    def fillable(self, side: Side, limit: int | None, lots: int) -> int:
        """How many of these lots a taker would get now, up to `lots`."""
        half, found = self.half(side.other), 0
        for key in half.keys:
            if found >= lots or not half.reaches(half.sign * key, limit):
                break
            found += half.totals[half.sign * key]
        return min(found, lots)

    def cost(self, side: Side, lots: int) -> int:
        """Sum of ticks x lots that taking `lots` at any price would exchange."""
        half, spent = self.half(side.other), 0
        for key in half.keys:
            taken = min(lots, half.totals[half.sign * key])
            spent += taken * half.sign * key
            lots -= taken
            if not lots:
                break
        return spent

    def lots_for(self, side: Side, budget: int) -> int:
        """How many lots a budget of ticks x lots buys (or must be sold to raise it)."""
        half, lots = self.half(side.other), 0
        for key in half.keys:
            ticks = half.sign * key
            taken = min(half.totals[ticks], budget // ticks)
            lots += taken
            budget -= taken * ticks
            if taken < half.totals[ticks]:
                break
        return lots

    def take(self, side: Side, limit: int | None, lots: int) -> list[Match]:
        """Execute a taker: best price first, then time; returns what each maker gave."""
        half, matches = self.half(side.other), []
        while lots and half.keys:
            ticks = half.sign * half.keys[0]
            if not half.reaches(ticks, limit):
                break
            entry = half.queues[ticks][0]
            taken = min(lots, entry.lots)
            lots -= taken
            half.reduce(ticks, entry, taken)
            self._touch(half, ticks)
            matches.append(Match(entry.order_id, ticks, taken))
        return matches

    def thin(self, side: Side, limit: int | None, lots: int) -> None:
        """Withdraw the outside's quantity that this taker would meet beyond its first `lots`."""
        half = self.half(side.other)
        for ticks in [half.sign * key for key in half.keys]:
            if not half.reaches(ticks, limit):
                break
            outside = half.outside.get(ticks, 0)
            surplus = outside - min(outside, lots)
            lots -= outside - surplus
            if surplus:
                half.withdraw_outside(ticks, surplus)
                self._touch(half, ticks)

    def rest(self, side: Side, ticks: int, order_id: int, lots: int) -> None:
        half = self.half(side)
        half.append(ticks, order_id, lots)
        self._touch(half, ticks)

    def remove(self, side: Side, ticks: int, order_id: int) -> int:
        """Take a user's order out; returns the lots it still had."""
        half = self.half(side)
        for entry in half.queues.get(ticks, ()):
            if entry.order_id == order_id:
                left = entry.lots
                half.reduce(ticks, entry, left)
                self._touch(half, ticks)
                return left
        return 0

    def quote(self, bids: Mapping[int, int], asks: Mapping[int, int], *, full: bool) -> list[Match]:
        """Set the outside's lots at these prices (0 removes); `full` removes all others.

        New outside quantity that crosses users' orders trades with them, the users being makers.
        Removals go first, so a market that moves does not trade with its own old quotes.
        """
        grown: list[tuple[Side, list[tuple[int, int]]]] = []
        for side, wanted in ((Side.BUY, bids), (Side.SELL, asks)):
            grown.append((side, self._shrink(self.half(side), wanted, full=full)))
        matches: list[Match] = []
        for side, added in grown:
            for ticks, lots in added:
                gone = self.take(side, ticks, lots)
                matches += [match for match in gone if match.maker_id != OUTSIDE]
                left = lots - sum(match.lots for match in gone)
                if left:
                    self.rest(side, ticks, OUTSIDE, left)
        return matches

    def _shrink(
        self, half: HalfBook, wanted: Mapping[int, int], *, full: bool
    ) -> list[tuple[int, int]]:
        """Apply the removals of a quote; returns the additions, best price first."""
        prices: Iterable[int] = wanted
        if full:
            prices = wanted.keys() | half.outside.keys()
        added = []
        for ticks in list(prices):
            change = wanted.get(ticks, 0) - half.outside.get(ticks, 0)
            if change < 0:
                half.withdraw_outside(ticks, -change)
                self._touch(half, ticks)
            elif change > 0:
                added.append((ticks, change))
        return sorted(added, key=lambda level: half.sign * level[0])

    def report(self, side: Side, ticks: int, lots: int) -> list[Match]:
        """A trade that happened at the real exchange: what users' orders would have had of it.

        Their better prices come first; at the trade's own price they wait for the outside that
        stands before them, which then counts as gone and joins the queue again at its end. The
        outside's totals stay: the exchange tells them itself.
        """
        half, matches = self.half(side.other), []
        met = takewhile(lambda at: half.reaches(at, ticks), (half.sign * k for k in half.keys))
        for reached in list(met):
            if not lots:
                break
            for entry in list(half.queues[reached]):
                taken = min(lots, entry.lots)
                if entry.order_id != OUTSIDE:
                    half.reduce(reached, entry, taken)
                    self._touch(half, reached)
                    matches.append(Match(entry.order_id, reached, taken))
                elif reached != ticks:
                    continue
                else:
                    half.requeue(reached, entry, taken)
                lots -= taken
                if not lots:
                    break
        return matches

    def clear(self) -> None:
        """Empty both sides; every level counts as changed."""
        for half in (self.bids, self.asks):
            for ticks in list(half.queues):
                self._touch(half, ticks)
            half.clear()

    def _touch(self, half: HalfBook, ticks: int) -> None:
        self.update_id += 1
        self.changed[0 if half.side is Side.BUY else 1].add(ticks)

    def take_changes(self) -> tuple[set[int], set[int]]:
        """The levels changed since the last call, (bids, asks) in ticks."""
        changed, self.changed = self.changed, (set(), set())
        return changed
