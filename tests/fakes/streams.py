"""Venue streams whose every batch a test says itself, and an outlet that remembers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

from apps.markets.domain.board import SpreadRow
from apps.markets.domain.mids import CandleRow
from apps.venues.domain.ports import BookFrame, StreamDown

Batch = list[BookFrame | StreamDown]


class ScriptedStream:
    """Yields what `say` was given; an exception given to `say` is raised."""

    def __init__(self) -> None:
        self.said: asyncio.Queue[Batch | Exception | None] = asyncio.Queue()
        self.symbols: tuple[str, ...] = ()
        self.closed = False

    def say(self, *items: BookFrame | StreamDown) -> None:
        self.said.put_nowait(list(items))

    def fail(self, problem: Exception) -> None:
        self.said.put_nowait(problem)

    async def frames(self, symbols: Sequence[str]) -> AsyncIterator[Batch]:
        self.symbols = tuple(symbols)
        while (batch := await self.said.get()) is not None:
            if isinstance(batch, Exception):
                raise batch
            yield batch

    async def close(self) -> None:
        self.closed = True


class ScriptedVenues:
    """Opens a new ScriptedStream each time; `stream(venue)` is the one now in use."""

    def __init__(self) -> None:
        self.opened: dict[str, list[ScriptedStream]] = {}

    def open(self, venue: str) -> ScriptedStream:
        stream = ScriptedStream()
        self.opened.setdefault(venue, []).append(stream)
        return stream

    async def stream(self, venue: str, nth: int = 1) -> ScriptedStream:
        await until(lambda: len(self.opened.get(venue, [])) >= nth)
        stream = self.opened[venue][nth - 1]
        await until(lambda: bool(stream.symbols))
        return stream


class RememberingOutlet:
    """Stands where sockets, Redis and PostgreSQL are; `down` makes every call fail."""

    def __init__(self, fees: dict[tuple[str, str], float] | None = None) -> None:
        self.down = False
        self.known_fees = fees or {}
        self.told: list[tuple[list[SpreadRow], list[str]]] = []
        self.shown: list[dict[str, Any]] = []
        self.mirrored: list[tuple[list[SpreadRow], list[dict[str, Any]]]] = []
        self.sampled: list[list[SpreadRow]] = []
        self.stored: list[CandleRow] = []
        self.refused = 0

    def _answer(self) -> None:
        if self.down:
            self.refused += 1
            raise ConnectionError("down")

    async def spreads(self, rows: Sequence[SpreadRow], gone: Sequence[str]) -> None:
        self._answer()
        self.told.append((list(rows), list(gone)))

    async def books(self, books: Sequence[dict[str, Any]]) -> None:
        self._answer()
        self.shown = list(books)

    async def mirror(
        self,
        rows: Sequence[SpreadRow],
        books: Sequence[dict[str, Any]],
        venues: Sequence[dict[str, Any]],
        now: float,
    ) -> None:
        self._answer()
        self.mirrored.append((list(rows), list(venues)))

    async def samples(self, rows: Sequence[SpreadRow], now: float) -> None:
        self._answer()
        self.sampled.append(list(rows))

    async def candles(self, candles: Sequence[CandleRow]) -> None:
        self._answer()
        self.stored += candles

    async def fees(self, books: Sequence[tuple[str, str]]) -> dict[tuple[str, str], float]:
        self._answer()
        return {book: self.known_fees[book] for book in books if book in self.known_fees}

    async def close(self) -> None:
        pass


def frame(symbol: str = "BTC/USDT", **fields: Any) -> BookFrame:
    """A full book around 100 with plenty of depth, unless fields say otherwise."""
    known: dict[str, Any] = {
        "snapshot": True,
        "bids": [(99.0, 50.0)],
        "asks": [(100.0, 50.0)],
        "first_seq": None,
        "last_seq": 1,
        "venue_ms": None,
        "received_ns": time.monotonic_ns(),
    }
    return BookFrame(symbol=symbol, **(known | fields))


async def until(condition: Callable[[], bool], within: float = 5.0) -> None:
    """Wait for a condition with a deadline; the loop goes on meanwhile."""
    deadline = time.monotonic() + within
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError("the condition never came true")
        await asyncio.sleep(0.002)
