"""Books over Binance's spot streams, which the practice venue speaks too.

One socket carries the diffs of all symbols; each book starts from a REST snapshot and follows the
numbering. A hole in one book costs that book a new snapshot; a lost or silent socket costs all of
them. Nothing here ends by itself: whoever iterates decides when to stop.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any

import aiohttp
import orjson
import structlog

from apps.venues.domain.depth_sync import DepthSync, SequenceGap
from apps.venues.domain.ports import BookFrame, StreamDown
from apps.venues.domain.wire import DepthDelta, DepthSnapshot, Message, StreamReply, decode
from apps.venues.domain.wire_errors import WireMalformed, WireUnknown
from apps.venues.streams.backoff import pause

logger = structlog.get_logger(__name__)

HEARTBEAT = 15.0  # seconds between our pings; no pong within half of it ends the socket
SILENT = 30.0  # seconds without any message after which the socket is held for dead
CHUNK = 100  # streams in one SUBSCRIBE
PACE = 0.25  # seconds between requests on the socket: the venue takes five a second
SNAPSHOTS_AT_ONCE = 4
SNAPSHOT_TRIES = 5
TIMEOUT = aiohttp.ClientTimeout(total=10)
GOODBYE = aiohttp.ClientWSTimeout(ws_close=1.0)  # a venue that hangs does not answer a close

Batch = list[BookFrame | StreamDown]


@dataclass(frozen=True, slots=True)
class BinanceAddress:
    """rest: https://host (before /api/v3), stream: wss://host (before /stream)."""

    rest: str
    stream: str


class StreamLost(Exception):
    """The socket is of no more use; the text says why."""


class BinanceBookStream:
    """`BookStream` of one venue in Binance's dialect."""

    def __init__(self, address: BinanceAddress, *, silent_for: float = SILENT) -> None:
        self._address, self._silent_for = address, silent_for
        self._link: Link | None = None
        self._closed = False

    async def frames(self, symbols: Sequence[str]) -> AsyncIterator[Batch]:
        failures = 0
        while not self._closed:
            link = self._link = Link(self._address, symbols, silent_for=self._silent_for)
            reason = "closed"
            try:
                async for batch in link.batches():
                    failures = 0
                    yield batch
            except (StreamLost, aiohttp.ClientError, OSError, TimeoutError) as e:
                reason = str(e) or type(e).__name__
            finally:
                await link.close()
            if self._closed:
                return
            failures += 1
            logger.warning("venues.stream_down", stream=self._address.stream, reason=reason)
            yield [StreamDown(symbols=tuple(symbols), reason=reason)]
            await asyncio.sleep(pause(failures))

    async def close(self) -> None:
        self._closed = True
        if self._link is not None:
            await self._link.close()


class Link:
    """One socket's life. Messages are read by a task, so that a slow reader gets larger batches."""

    def __init__(
        self, address: BinanceAddress, symbols: Sequence[str], *, silent_for: float
    ) -> None:
        self._address, self._silent_for = address, silent_for
        self._books = {symbol.replace("/", "").upper(): DepthSync(symbol) for symbol in symbols}
        self._limit = _snapshot_limit(len(self._books))
        self._turns = asyncio.Semaphore(SNAPSHOTS_AT_ONCE)
        self._asked: dict[int, Sequence[str]] = {}  # symbols by request id
        self._out: Batch = []
        self._ready = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._lost: BaseException | None = None

    async def batches(self) -> AsyncIterator[Batch]:
        """What has arrived since the last time. Raises StreamLost and aiohttp's errors."""
        async with aiohttp.ClientSession(timeout=TIMEOUT) as session:
            socket = await session.ws_connect(
                f"{self._address.stream}/stream",
                heartbeat=HEARTBEAT,
                max_msg_size=2**24,
                timeout=GOODBYE,
            )
            async with socket:
                self._start(self._subscribe(socket, list(self._books), CHUNK))
                self._start(self._read(socket, session))
                while True:
                    await self._ready.wait()
                    self._ready.clear()
                    batch, self._out = self._out, []
                    if batch:
                        yield batch
                    if self._lost is not None:
                        raise self._lost

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _subscribe(
        self, socket: aiohttp.ClientWebSocketResponse, wires: Sequence[str], size: int
    ) -> None:
        """Ask for diffs, `size` symbols a request; the reply starts their snapshots."""
        for at in range(0, len(wires), size):
            number = len(self._asked) + 1
            self._asked[number] = wires[at : at + size]
            names = [f"{wire.lower()}@depth@100ms" for wire in self._asked[number]]
            await socket.send_json({"method": "SUBSCRIBE", "params": names, "id": number})
            await asyncio.sleep(PACE)

    async def _read(
        self, socket: aiohttp.ClientWebSocketResponse, session: aiohttp.ClientSession
    ) -> None:
        while True:
            try:
                message = await socket.receive(self._silent_for)
            except TimeoutError:
                raise StreamLost(f"silent for {self._silent_for:g} s") from None
            if message.type is not aiohttp.WSMsgType.TEXT:
                raise StreamLost(f"the socket ended ({socket.close_code})")
            told = self._take(message.data, time.monotonic_ns(), session)
            if isinstance(told, StreamReply):
                self._answered(told, socket, session)

    def _take(self, text: str, received_ns: int, session: aiohttp.ClientSession) -> Message:
        try:
            told = decode(text)
        except (WireMalformed, WireUnknown) as e:
            raise StreamLost(str(e)) from e
        if isinstance(told, DepthDelta):
            book = self._books.get(told.symbol)
            if book is not None:
                self._follow(book, told, received_ns, session)
        return told

    def _answered(
        self,
        reply: StreamReply,
        socket: aiohttp.ClientWebSocketResponse,
        session: aiohttp.ClientSession,
    ) -> None:
        """Start the books of a request that worked; find the bad symbol of one that did not."""
        wires = self._asked.get(reply.request_id, ()) if isinstance(reply.request_id, int) else ()
        if reply.error is None:
            for wire in wires:
                self._start(self._snapshot(wire, self._books[wire], session))
        elif len(wires) > 1:
            self._start(self._subscribe(socket, wires, 1))
        elif wires:
            symbols = (self._books[wires[0]].symbol,)
            self._give(StreamDown(symbols=symbols, reason="the venue has no such book"))
        else:
            raise StreamLost(f"refused: {reply.error}")

    def _follow(
        self, book: DepthSync, delta: DepthDelta, received_ns: int, session: aiohttp.ClientSession
    ) -> None:
        try:
            frame = book.delta(delta, received_ns)
        except SequenceGap:
            book.reset()
            book.delta(delta, received_ns)  # the first of those that wait for the next snapshot
            self._give(StreamDown(symbols=(book.symbol,), reason="sequence gap"))
            self._start(self._snapshot(delta.symbol, book, session))
        else:
            if frame is not None:
                self._give(frame)

    async def _snapshot(self, wire: str, book: DepthSync, session: aiohttp.ClientSession) -> None:
        """Start the book, or say that this symbol has none. A failing venue loses the socket."""
        for attempt in range(1, SNAPSHOT_TRIES + 1):
            async with self._turns:
                status, body = await self._fetched(wire, session)
            if status == 400:
                self._give(StreamDown(symbols=(book.symbol,), reason="the venue has no such book"))
                return
            if status == 200 and (told := _snapshot_read(body, wire)) is not None:
                try:
                    frames = book.snapshot(told, time.monotonic_ns())
                except SequenceGap:
                    book.reset()
                    frames = None
                if frames is not None:
                    self._give(*frames)
                    return
            await asyncio.sleep(pause(attempt))
        raise StreamLost(f"no usable snapshot of {book.symbol}")

    async def _fetched(self, wire: str, session: aiohttp.ClientSession) -> tuple[int, bytes]:
        url = f"{self._address.rest}/api/v3/depth"
        limit = str(self._limit)
        async with session.get(url, params={"symbol": wire, "limit": limit}) as answer:
            return answer.status, await answer.read()

    def _give(self, *items: BookFrame | StreamDown) -> None:
        self._out += items
        self._ready.set()

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        """Run a part of this link; whatever ends it ends the link."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (problem := task.exception()) is not None:
            self._lost = self._lost or problem
            self._ready.set()


def _snapshot_limit(books: int) -> int:
    """Levels asked for: deep while that costs little of the venue's request weight (6000/min)."""
    if books <= 20:
        return 1000
    return 500 if books <= 80 else 100


def _snapshot_read(body: bytes, wire: str) -> DepthSnapshot | None:
    with contextlib.suppress(WireMalformed, WireUnknown, orjson.JSONDecodeError):
        told = decode(body, symbol=wire)
        if isinstance(told, DepthSnapshot):
            return told
    return None
