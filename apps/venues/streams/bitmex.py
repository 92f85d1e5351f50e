"""Books over BitMEX's realtime API: a table of levels, told whole once and then by its changes.

`orderBookL2` is not throttled and has no numbers. What comes before a table's "partial" is void; a
change of a level that the table does not have proves that something was missed, and the table is
asked for anew. Sizes are whole numbers of an instrument's smallest unit, levels are known by id.
Written after https://www.bitmex.com/app/wsAPI.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import aiohttp
import orjson
import structlog

from apps.venues.adapters._bitmex import SPOT_TYPE, market
from apps.venues.domain.ports import BookFrame, StreamDown
from apps.venues.streams.backoff import pause

logger = structlog.get_logger(__name__)

TABLE = "orderBookL2"
QUIET = 10.0  # seconds without a message after which we ask whether the venue is there
PATIENCE = 5.0  # seconds for its answer
CHUNK = 20  # tables in one request
TIMEOUT = aiohttp.ClientTimeout(total=10)
GOODBYE = aiohttp.ClientWSTimeout(ws_close=1.0)  # a venue that hangs does not answer a close

Level = tuple[str, float, float]  # side, price, base units
Item = BookFrame | StreamDown
Socket = aiohttp.ClientWebSocketResponse


@dataclass(frozen=True, slots=True)
class BitmexAddress:
    """rest: before /instrument/active; stream: the realtime socket."""

    rest: str = "https://www.bitmex.com/api/v1"
    stream: str = "wss://ws.bitmex.com/realtime"


class StreamLost(Exception):
    """The socket is of no more use; the text says why."""


class LevelMissing(Exception):
    """A change of a level that the book does not have: something was missed."""


@dataclass(slots=True)
class Table:
    """One book as the venue tells it. levels None: its partial has not come."""

    symbol: str
    multiplier: float  # of the venue's units to one unit of base
    levels: dict[int, Level] | None = None

    def take(self, action: str, rows: Sequence[Mapping[str, Any]]) -> BookFrame | None:
        """The change as a frame; None for what is void. Raises LevelMissing."""
        if action == "partial":
            self.levels = {row["id"]: self._level(row) for row in rows}
            return self._frame(rows, self.levels.values(), snapshot=True)
        if self.levels is None:
            return None
        return self._frame(rows, list(self._changes(action, rows, self.levels)), snapshot=False)

    def _changes(
        self, action: str, rows: Sequence[Mapping[str, Any]], levels: dict[int, Level]
    ) -> Iterator[Level]:
        for row in rows:
            number = row["id"]
            if action == "insert":
                levels[number] = self._level(row)
                yield levels[number]
                continue
            if number not in levels:
                raise LevelMissing
            side, price, _ = levels[number]
            if action == "delete":
                del levels[number]
                yield side, price, 0.0
                continue
            changed = self._level({"side": side, "price": price, **row})
            if (side, price) != changed[:2]:
                yield side, price, 0.0
            levels[number] = changed
            yield changed

    def _level(self, row: Mapping[str, Any]) -> Level:
        return str(row["side"]), float(row["price"]), float(row["size"]) / self.multiplier

    def _frame(self, rows: Sequence[Any], levels: Any, *, snapshot: bool) -> BookFrame:
        told = rows[-1].get("timestamp") if rows else None
        levels = list(levels)
        return BookFrame(
            symbol=self.symbol,
            snapshot=snapshot,
            bids=tuple((price, size) for side, price, size in levels if side == "Buy"),
            asks=tuple((price, size) for side, price, size in levels if side == "Sell"),
            first_seq=None,
            last_seq=None,
            venue_ms=None if told is None else _milliseconds(told),
            received_ns=time.monotonic_ns(),
        )


@dataclass(slots=True)
class Link:
    """One socket's life."""

    address: BitmexAddress
    quiet: float
    tables: dict[str, Table] = field(default_factory=dict)  # by the venue's name of the pair

    async def batches(self, symbols: Sequence[str]) -> AsyncIterator[list[Item]]:
        """What the socket says. Raises StreamLost, aiohttp's errors."""
        async with aiohttp.ClientSession(timeout=TIMEOUT) as session:
            self.tables = await self._tables(session)
            wires = {table.symbol: wire for wire, table in self.tables.items()}
            missing = tuple(symbol for symbol in symbols if symbol not in wires)
            if missing:
                yield [StreamDown(symbols=missing, reason="the venue has no such book")]
            wanted = [wires[symbol] for symbol in symbols if symbol in wires]
            async with await session.ws_connect(
                self.address.stream, max_msg_size=2**24, timeout=GOODBYE
            ) as socket:
                for at in range(0, len(wanted), CHUNK):
                    await _say(socket, "subscribe", wanted[at : at + CHUNK])
                while True:
                    items = await self._heard(socket, await self._next(socket))
                    if items:
                        yield items

    async def _tables(self, session: aiohttp.ClientSession) -> dict[str, Table]:
        async with session.get(f"{self.address.rest}/instrument/active") as answer:
            if answer.status != 200:
                raise StreamLost(f"the list of pairs was answered with {answer.status}")
            rows = await answer.json(loads=orjson.loads)
        listed = [market(row) for row in rows if row.get("typ") == SPOT_TYPE]
        return {row["id"]: Table(row["symbol"], float(row["multiplier"])) for row in listed}

    async def _next(self, socket: Socket) -> str:
        """The next message. A quiet venue is asked whether it is there."""
        for patience in (self.quiet, PATIENCE):
            try:
                message = await socket.receive(patience)
            except TimeoutError:
                if patience == self.quiet:
                    await socket.send_str("ping")
                continue
            if message.type is not aiohttp.WSMsgType.TEXT:
                raise StreamLost(f"the socket ended ({socket.close_code})")
            return str(message.data)
        raise StreamLost(f"silent for {self.quiet + PATIENCE:g} s")

    async def _heard(self, socket: Socket, text: str) -> list[Item]:
        if text == "pong":
            return []
        try:
            told = orjson.loads(text)
            if "error" in told:
                return await self._refused(socket, told)
            if told.get("table") == TABLE:
                return await self._change(socket, told)
        except (ValueError, KeyError, TypeError, AttributeError) as e:
            raise StreamLost(f"a message cannot be read ({type(e).__name__})") from e
        return []  # the welcome, and that a subscription stands

    async def _change(self, socket: Socket, told: Mapping[str, Any]) -> list[Item]:
        rows = told["data"]
        wire = rows[0]["symbol"] if rows else told.get("filter", {}).get("symbol", "")
        table = self.tables.get(wire)
        if table is None:
            return []
        try:
            frame = table.take(told["action"], rows)
        except LevelMissing:
            table.levels = None
            await _say(socket, "unsubscribe", [wire])
            await _say(socket, "subscribe", [wire])
            return [StreamDown(symbols=(table.symbol,), reason="a change was missed")]
        return [] if frame is None else [frame]

    async def _refused(self, socket: Socket, told: Mapping[str, Any]) -> list[Item]:
        """A bad table spoils its whole request: each is asked for alone. Else it is named."""
        asked = told.get("request", {})
        wires = [str(arg).partition(":")[2] for arg in asked.get("args", ())]
        if asked.get("op") != "subscribe" or not wires:
            raise StreamLost(f"refused: {told['error']}")
        if len(wires) > 1:
            for wire in wires:
                await _say(socket, "subscribe", [wire])
            return []
        symbol = self.tables[wires[0]].symbol
        return [StreamDown(symbols=(symbol,), reason="the venue has no such book")]


class BitmexBookStream:
    """`BookStream` of BitMEX's spot pairs."""

    def __init__(self, address: BitmexAddress | None = None, *, quiet: float = QUIET) -> None:
        self._address, self._quiet = address or BitmexAddress(), quiet
        self._closed = asyncio.Event()

    async def frames(self, symbols: Sequence[str]) -> AsyncIterator[list[Item]]:
        failures = 0
        while not self._closed.is_set():
            reason = "closed"
            try:
                async for batch in Link(self._address, self._quiet).batches(symbols):
                    failures = 0
                    yield batch
            except (StreamLost, aiohttp.ClientError, OSError, TimeoutError) as e:
                reason = str(e) or type(e).__name__
            failures += 1
            logger.warning("venues.stream_down", stream=self._address.stream, reason=reason)
            yield [StreamDown(symbols=tuple(symbols), reason=reason)]
            await asyncio.sleep(pause(failures))

    async def close(self) -> None:
        self._closed.set()


async def _say(socket: Socket, command: str, wires: Sequence[str]) -> None:
    await socket.send_json({"op": command, "args": [f"{TABLE}:{wire}" for wire in wires]})


def _milliseconds(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1000)
