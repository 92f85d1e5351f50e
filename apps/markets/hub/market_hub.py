"""The hub: every watched book of every venue in one process, and what others learn of them.

It lives in the engine's event loop. Frames arrive in `VenueFeed`, change a book, and are told to
listeners at once (`BookTouched`); everything slower (live frames, the Redis mirror, the history in
PostgreSQL) happens on timers beside it, and none of it can stop the feeds.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import structlog

from apps.core.domain.errors import CryonelError
from apps.core.ending import end_all
from apps.markets.domain.board import SpreadRow, VenueFace
from apps.markets.domain.books import Book
from apps.markets.domain.errors import BookUnwatched
from apps.markets.domain.mids import MidRoller
from apps.markets.domain.scanned import ScannedPair
from apps.markets.hub.board import Fees, SpreadBoard
from apps.markets.hub.feeds import VenueFeed
from apps.markets.hub.outlets import Outlet, PlatformOutlet
from apps.markets.hub.venues import face_of, stream_of
from apps.venues.domain.ports import BookStream

logger = structlog.get_logger(__name__)

STALE_AFTER = 5.0  # seconds without a frame of a book after which it may not be traded on
FACTS_LAST = 60.0  # seconds after which names and fees are read again
Levels = tuple[tuple[tuple[Decimal, Decimal], ...], tuple[tuple[Decimal, Decimal], ...]]


@dataclass(frozen=True, slots=True)
class BookTouched:
    """A book changed or became unusable. received_ns: time.monotonic_ns() of its frame."""

    symbol: str
    venue: str
    received_ns: int


Listener = Callable[[BookTouched], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rhythm:
    """Seconds between two rounds of each chore."""

    live: float = 0.25
    mirror: float = 0.5
    samples: float = 5.0
    candles: float = 15.0
    facts: float = 2.0
    supervision: float = 1.0


class MarketHub:
    """See the module. Every method belongs to the loop that runs `run`; none but `run` waits."""

    def __init__(
        self,
        *,
        open_stream: Callable[[str], BookStream] = stream_of,
        face: Callable[[str], VenueFace] = face_of,
        outlet: Outlet | None = None,
        rhythm: Rhythm | None = None,
        stale_after: float = STALE_AFTER,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._open_stream, self._ask_face, self._now = open_stream, face, now
        self._faces: dict[str, VenueFace] = {}
        self._rhythm = rhythm or Rhythm()
        self._outlet = outlet or PlatformOutlet()
        self._stale_after = stale_after
        self._feeds: dict[str, VenueFeed] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._listeners: list[Listener] = []
        self._board = SpreadBoard(face=self._face, max_age=stale_after)
        self._mids = MidRoller()
        self._running = False
        self._fees_known: set[tuple[str, str]] = set()
        self._facts_at = float("-inf")
        self._rates: dict[str, tuple[int, float, float]] = {}

    # --- what is watched

    def watch(self, venue: str, symbol: str) -> None:
        """Follow this book; known ones stay as they are. May be called before `run`."""
        feed = self._feeds.get(venue)
        if feed is None:
            feed = VenueFeed(venue, self._open_stream, self._touched, self._now)
            self._feeds[venue] = feed
        if feed.watch(symbol):
            self._arrange()
        if self._running:
            self._ensure_running(feed)

    def unwatch(self, venue: str, symbol: str) -> None:
        feed = self._feeds.get(venue)
        if feed is not None and feed.unwatch(symbol):
            self._arrange()

    def watched(self) -> list[tuple[str, str]]:
        """(venue, symbol) of every watched book."""
        return sorted((f.venue, symbol) for f in self._feeds.values() for symbol in f.books)

    def listen(self, callback: Listener) -> None:
        """Called in the loop for each changed book: put the work elsewhere, return at once."""
        self._listeners.append(callback)

    # --- reading

    def book(self, venue: str, symbol: str) -> Book:
        """Raises BookUnwatched."""
        feed = self._feeds.get(venue)
        book = feed.books.get(symbol) if feed else None
        if book is None:
            raise BookUnwatched(venue=venue, symbol=symbol)
        return book

    def problem(self, venue: str, symbol: str) -> CryonelError | None:
        """Why the book must not be traded on now, or None. Never raises."""
        try:
            return self.book(venue, symbol).problem(self._now(), self._stale_after)
        except BookUnwatched as e:
            return e

    def levels(self, venue: str, symbol: str, depth: int | None = None) -> Levels:
        """(bids, asks), each (price, quantity) best first, for `exact_spread`.

        Raises what `problem` finds: levels of a doubtful book are never handed out.
        """
        problem = self.problem(venue, symbol)
        if problem is not None:
            raise problem
        book = self.book(venue, symbol)
        return tuple(book.exact_bids(depth)), tuple(book.exact_asks(depth))

    def mid(self, venue: str, symbol: str) -> float | None:
        """The middle of a usable book's top, quote units."""
        if self.problem(venue, symbol) is not None:
            return None
        return _mid(self.book(venue, symbol))

    def spreads(self, symbol: str) -> list[ScannedPair]:
        """Every ordered venue pair of a symbol from the books of this very moment, as floats."""
        return self._board.spreads(symbol, self._now())

    def rows(self) -> list[SpreadRow]:
        """The board as pages show it."""
        return self._board.rows(self._now())

    def statistics(self) -> list[dict[str, Any]]:
        """One entry per venue, as JSON carries it; `rate` is frames a second of late."""
        return [self._statistics_of(feed) for _, feed in sorted(self._feeds.items())]

    # --- running

    async def run(self) -> None:
        """Until cancelled. Failures of single venues, Redis or PostgreSQL do not end it."""
        self._running = True
        for feed in self._feeds.values():
            self._ensure_running(feed)
        pace, chores = self._rhythm, []
        for name, period, chore in (
            ("live", pace.live, self._tell_spreads),
            ("mirror", pace.mirror, self._mirror),
            ("samples", pace.samples, self._record_samples),
            ("candles", pace.candles, self._record_candles),
            ("facts", pace.facts, self._learn_facts),
            ("supervision", pace.supervision, self._supervise),
        ):
            chores.append(asyncio.create_task(_repeated(name, period, chore), name=name))
        try:
            await asyncio.gather(*chores)
        finally:
            self._running = False
            await end_all([*chores, *self._tasks.values()])
            self._tasks.clear()
            await self._outlet.close()

    # --- inside

    def _ensure_running(self, feed: VenueFeed) -> None:
        task = self._tasks.get(feed.venue)
        if task is None or task.done():
            self._tasks[feed.venue] = asyncio.create_task(feed.run(), name=f"feed {feed.venue}")

    def _arrange(self) -> None:
        self._board.arrange(b for f in self._feeds.values() for b in f.books.values())

    def _touched(self, book: Book, received_ns: int) -> None:
        if book.flaw is None:
            self._mids.observe(book.venue, book.symbol, _mid(book) or 0.0, book.received_at)
        event = BookTouched(book.symbol, book.venue, received_ns)
        for callback in self._listeners:
            try:
                callback(event)
            except Exception:
                logger.exception("hub.listener_failed")

    async def _tell_spreads(self) -> None:
        now = self._now()
        told, gone = self._board.changed(self._board.rows(now), now)
        if told or gone:
            await self._outlet.spreads(told, gone)

    async def _mirror(self) -> None:
        now = self._now()
        rows = self._board.rows(now)
        books = []
        for symbol in self._board.symbols:
            books.append(self._board.snapshot(symbol, now))
            await asyncio.sleep(0)  # a frame that came meanwhile does not wait for all books
        await self._outlet.books(books)
        await self._outlet.mirror(rows, books, self.statistics(), now)

    async def _record_samples(self) -> None:
        now = self._now()
        rows = [row for row in self._board.rows(now) if row.state in {"ok", "thin"}]
        if rows:
            await self._outlet.samples(rows, now)

    async def _record_candles(self) -> None:
        candles = self._mids.closed(self._now())
        if candles:
            await self._outlet.candles(candles)

    async def _learn_facts(self) -> None:
        """Names and fees: each minute, and at once for books that were watched since."""
        now, wanted = self._now(), self.watched()
        due = now - self._facts_at >= FACTS_LAST
        for venue in {venue for venue, _ in wanted if due or venue not in self._faces}:
            self._faces[venue] = await asyncio.to_thread(self._ask_face, venue)
        if due or not set(wanted) <= self._fees_known:
            fees: Fees = await self._outlet.fees(wanted)
            self._board.set_fees(fees)
            self._fees_known, self._facts_at = set(fees), now

    def _face(self, venue: str) -> VenueFace:
        """Asking may take a network: until it was answered, the code, and no claim to be real."""
        return self._faces.get(venue) or VenueFace(venue, venue, simulated=True)

    async def _supervise(self) -> None:
        now = self._now()
        for feed in self._feeds.values():
            if feed.books:
                self._ensure_running(feed)
            feed.check_silence()
            self._rate(feed, now)

    def _rate(self, feed: VenueFeed, now: float) -> None:
        count, at, rate = self._rates.get(feed.venue, (feed.stats.messages, now, 0.0))
        if now - at >= 1.0:
            fresh = (feed.stats.messages - count) / (now - at)
            rate = fresh if rate == 0.0 else rate + 0.3 * (fresh - rate)
            count, at = feed.stats.messages, now
        self._rates[feed.venue] = (count, at, rate)

    def _statistics_of(self, feed: VenueFeed) -> dict[str, Any]:
        now, face, stats = self._now(), self._face(feed.venue), feed.stats
        usable = sum(b.problem(now, self._stale_after) is None for b in feed.books.values())
        last = stats.last_frame_at
        return {
            "venue": feed.venue,
            "label": face.label,
            "simulated": face.simulated,
            "state": stats.state,
            "reason": stats.reason,
            "books": len(feed.books),
            "usable": usable,
            "messages": stats.messages,
            "rate": round(self._rates.get(feed.venue, (0, 0.0, 0.0))[2], 1),
            "lag_ms": None if stats.lag_ms is None else round(stats.lag_ms, 1),
            "gaps": stats.gaps,
            "refused": stats.refused,
            "reconnects": stats.reconnects,
            "silent_ms": None if last is None else max(0, round((now - last) * 1000)),
        }


def _mid(book: Book) -> float | None:
    bid, ask = book.best_bid, book.best_ask
    return None if bid is None or ask is None else (bid[0] + ask[0]) / 2


async def _repeated(name: str, period: float, chore: Callable[[], Awaitable[None]]) -> None:
    """A chore that fails is logged once per streak and tried again: the feeds go on."""
    failing = False
    while True:
        began = time.monotonic()
        try:
            await chore()
            if failing:
                logger.info("hub.chore_recovered", chore=name)
            failing = False
        except Exception:
            if not failing:
                logger.exception("hub.chore_failed", chore=name)
            failing = True
        await asyncio.sleep(max(0.01, period - (time.monotonic() - began)))
