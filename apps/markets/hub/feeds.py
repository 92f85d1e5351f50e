"""One venue's books, followed over its stream; restarted with backoff whenever it fails."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from apps.core.domain.errors import CryonelError
from apps.markets.domain.books import Applied, Book
from apps.venues.domain.ports import BookFrame, BookStream, StreamDown
from apps.venues.domain.wire import DepthDelta, DepthSnapshot

logger = structlog.get_logger(__name__)

SETTLE = 0.05  # seconds in which a burst of watch() calls becomes one subscription
SILENT = 20.0  # seconds without any frame after which the stream is opened anew
BACKOFF = (0.5, 30.0)  # seconds: first pause, longest pause
EASE = 0.1  # weight of the newest lag in the smoothed one

Touched = Callable[[Book, int], None]  # the book and when its frame came (monotonic ns)


@dataclass(slots=True)
class FeedStats:
    """Counters of one venue since the process started. lag_ms: our clock minus the venue's
    stamp when a frame arrives, smoothed; None where the venue sends no time."""

    state: str = "idle"  # idle, connecting, live, down
    reason: str = ""
    messages: int = 0
    gaps: int = 0
    refused: int = 0  # frames that could not be read as a book
    reconnects: int = 0
    lag_ms: float | None = None
    last_frame_at: float | None = None  # UTC seconds


class VenueFeed:
    """Owns the books of one venue. All methods belong to the hub's event loop."""

    def __init__(
        self,
        venue: str,
        open_stream: Callable[[str], BookStream],
        touched: Touched,
        now: Callable[[], float],
    ) -> None:
        self.venue = venue
        self.books: dict[str, Book] = {}
        self.stats = FeedStats()
        self._open_stream = open_stream
        self._touched = touched
        self._now = now
        self._again = asyncio.Event()  # set: open the stream anew, with the symbols of now
        self._began_at = float("-inf")
        self._broken = ""  # why we broke off by ourselves

    def watch(self, symbol: str) -> bool:
        """True when this symbol is new here."""
        if symbol in self.books:
            return False
        self.books[symbol] = Book(self.venue, symbol, wire_symbol=symbol)
        self._again.set()
        return True

    def unwatch(self, symbol: str) -> bool:
        if self.books.pop(symbol, None) is None:
            return False
        self._again.set()
        return True

    async def run(self) -> None:
        """Follow the stream for ever; what goes wrong is a state, never an end."""
        failures = 0
        while True:
            await self._until_wanted()
            seen = self.stats.messages
            planned = await self._follow()
            self._forget_all()
            if planned:
                failures = 0
                continue
            failures = 1 if self.stats.messages > seen else failures + 1
            self.stats.reconnects += 1
            self._again.clear()
            pause = min(BACKOFF[0] * 2 ** (failures - 1), BACKOFF[1])
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._again.wait(), pause * random.uniform(0.8, 1.2))  # noqa: S311 spreads reconnects, hides nothing

    def check_silence(self) -> None:
        """Called now and then: a stream that says nothing at all is opened anew."""
        last = max(self.stats.last_frame_at or float("-inf"), self._began_at)
        if self.stats.state in {"live", "connecting"} and self._now() - last > SILENT:
            self._break_off("silent")

    # --- inside

    async def _until_wanted(self) -> None:
        while True:
            self._again.clear()
            if self.books:
                await asyncio.sleep(SETTLE)
                self._again.clear()
                return
            self.stats.state = "idle"
            await self._again.wait()

    async def _follow(self) -> bool:
        """Until the stream ends or must be opened anew; True when that was wanted."""
        self.stats.state, self.stats.reason, self._broken = "connecting", "", ""
        self._began_at = self._now()
        work = asyncio.create_task(self._consume(tuple(sorted(self.books))))
        wish = asyncio.create_task(self._again.wait())
        try:
            await asyncio.wait({work, wish}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            wish.cancel()
            work.cancel()
            outcome = (await asyncio.gather(work, return_exceptions=True))[0]
        if self._broken:
            self.stats.state, self.stats.reason = "down", self._broken
            return False
        if isinstance(outcome, asyncio.CancelledError):
            return True
        self._note_end(outcome)
        return False

    async def _consume(self, symbols: tuple[str, ...]) -> None:
        stream = self._open_stream(self.venue)
        try:
            async for batch in stream.frames(symbols):
                self.apply(batch)
        finally:
            await stream.close()

    def _note_end(self, outcome: object) -> None:
        self.stats.state = "down"
        if isinstance(outcome, CryonelError):
            self.stats.reason = str(outcome)
            logger.warning("feed.down", venue=self.venue, reason=self.stats.reason)
        elif isinstance(outcome, Exception):
            self.stats.reason = type(outcome).__name__
            logger.error("feed.failed", venue=self.venue, exc_info=outcome)
        else:
            self.stats.reason = "the stream ended"

    def apply(self, batch: list[BookFrame | StreamDown]) -> None:
        """Bring the books forward and tell of each changed one once, in its newest state."""
        touched: dict[str, int] = {}
        wall = self._now() - time.monotonic_ns() / 1e9  # our UTC at monotonic zero
        for item in batch:
            if isinstance(item, StreamDown):
                self._lost(item)
            elif self._apply_frame(item, wall + item.received_ns / 1e9):
                touched[item.symbol] = item.received_ns
        for symbol, received_ns in touched.items():
            book = self.books.get(symbol)
            if book is not None:
                self._touched(book, received_ns)

    def _apply_frame(self, frame: BookFrame, received_at: float) -> bool:
        stats, book = self.stats, self.books.get(frame.symbol)
        stats.messages += 1
        stats.last_frame_at = received_at
        if stats.state != "live":
            stats.state, stats.reason = "live", ""
        if frame.venue_ms:
            lag = received_at * 1000 - frame.venue_ms
            stats.lag_ms = (
                lag if stats.lag_ms is None else stats.lag_ms + EASE * (lag - stats.lag_ms)
            )
        if book is None:
            return False  # unwatched a moment ago
        try:
            outcome = _apply(book, frame, received_at)
        except CryonelError as e:
            stats.refused += 1
            book.forget()
            self._break_off(str(e))
            return True
        if outcome is Applied.GAP:
            stats.gaps += 1
            self._break_off("gap")
        return outcome in {Applied.APPLIED, Applied.GAP}

    def _lost(self, down: StreamDown) -> None:
        """The stream reconnects by itself; until its snapshots come nothing may be believed."""
        names = down.symbols or tuple(self.books)
        self.stats.reconnects += 1
        self.stats.reason = down.reason
        if len(names) >= len(self.books):
            self.stats.state = "connecting"
        for name in names:
            book = self.books.get(name)
            if book is not None:
                book.forget()
                self._touched(book, time.monotonic_ns())

    def _break_off(self, reason: str) -> None:
        logger.warning("feed.restart", venue=self.venue, reason=reason)
        self._broken = reason
        self._again.set()

    def _forget_all(self) -> None:
        for book in self.books.values():
            book.forget()
            self._touched(book, time.monotonic_ns())


def _apply(book: Book, frame: BookFrame, received_at: float) -> Applied:
    """A venue without numbering is taken in the order of arrival."""
    final = book.sequence + 1 if frame.last_seq is None else frame.last_seq
    if frame.snapshot:
        return book.apply_snapshot(
            DepthSnapshot(None, final, tuple(frame.bids), tuple(frame.asks)), received_at
        )
    first = final if frame.first_seq is None else frame.first_seq
    delta = DepthDelta(
        frame.symbol, first, final, None, frame.venue_ms or 0, tuple(frame.bids), tuple(frame.asks)
    )
    return book.apply_delta(delta, received_at)
