"""Where the hub's figures go: sockets, the Redis mirror that pages read, PostgreSQL.

Database work runs in one thread of its own, so that a slow query costs the feeds nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from typing import Any, Protocol, TypeVar

import orjson
import redis.asyncio
from django.conf import settings
from django.db import close_old_connections, connections

from apps.core import live
from apps.markets import mirror, selectors, services
from apps.markets.domain.board import SpreadRow
from apps.markets.domain.mids import CandleRow
from apps.markets.hub.board import Fees, encoded

Result = TypeVar("Result")
Snapshot = dict[str, Any]
Fields = dict[Any, Any]  # as redis-py takes a hash
NET = "net"  # the name of the chart's series; points of frames carry the same
REDIS_PATIENCE = 2.0  # seconds
LISTING_PAUSE = 60.0  # seconds between two questions what a venue lists


class Outlet(Protocol):
    """What the hub says to the outside. Every method may raise; the hub then tries again."""

    async def spreads(self, rows: Sequence[SpreadRow], gone: Sequence[str]) -> None: ...

    async def books(self, books: Sequence[Snapshot]) -> None: ...

    async def mirror(
        self,
        rows: Sequence[SpreadRow],
        books: Sequence[Snapshot],
        venues: Sequence[dict[str, Any]],
        now: float,
    ) -> None: ...

    async def samples(self, rows: Sequence[SpreadRow], now: float) -> None: ...

    async def candles(self, candles: Sequence[CandleRow]) -> None: ...

    async def fees(self, books: Sequence[tuple[str, str]]) -> Fees: ...

    async def close(self) -> None: ...


class PlatformOutlet:
    """The real one: Channels groups, the `markets:` keys in Redis, the tables of this room."""

    def __init__(self) -> None:
        self._redis: redis.asyncio.Redis | None = None
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="hub-database")
        self._unsaved: list[CandleRow] = []
        self._asked_at: dict[str, float] = {}

    async def spreads(self, rows: Sequence[SpreadRow], gone: Sequence[str]) -> None:
        """One frame for everybody, and one per symbol for those who look at a single pair."""
        fragments = {row.key: orjson.Fragment(encoded(row)) for row in rows}
        await _tell("all", {"rows": list(fragments.values()), "gone": list(gone)})
        by_symbol: dict[str, dict[str, list[Any]]] = {}
        for row in rows:
            frame = by_symbol.setdefault(row.symbol, {"rows": [], "gone": []})
            frame["rows"].append(fragments[row.key])
        for key in gone:
            frame = by_symbol.setdefault(key.partition("|")[0], {"rows": [], "gone": []})
            frame["gone"].append(key)
        for symbol, frame in by_symbol.items():
            await _tell(symbol, frame)

    async def books(self, books: Sequence[Snapshot]) -> None:
        for book in books:
            symbol = book["symbol"]
            await live.push_async(live.group("book", symbol), f"book:{symbol}", book)

    async def mirror(
        self,
        rows: Sequence[SpreadRow],
        books: Sequence[Snapshot],
        venues: Sequence[dict[str, Any]],
        now: float,
    ) -> None:
        written_at = round(now * 1000)
        board: Fields = {row.key: encoded(row) for row in rows}
        board[mirror.META] = orjson.dumps({"written_at": written_at, "venues": venues})
        shelf: Fields = {book["symbol"]: orjson.dumps(book) for book in books}
        shelf[mirror.META] = orjson.dumps({"written_at": written_at})
        async with self._store().pipeline(transaction=True) as pipe:
            pipe.delete(mirror.BOARD, mirror.BOOKS)
            pipe.hset(mirror.BOARD, mapping=board)
            pipe.hset(mirror.BOOKS, mapping=shelf)
            pipe.expire(mirror.BOARD, mirror.KEPT_FOR)
            pipe.expire(mirror.BOOKS, mirror.KEPT_FOR)
            await pipe.execute()

    async def samples(self, rows: Sequence[SpreadRow], now: float) -> None:
        """Into the history, and as points to the charts that are open."""
        at = datetime.fromtimestamp(now, tz=UTC)
        best: dict[str, Decimal] = {}
        for row in rows:
            net = row.net_fraction
            if net is not None:
                best[row.symbol] = max(net, best.get(row.symbol, net))
        for symbol, net in best.items():
            point = [int(now), f"{net * 100:.4f}"]
            await _tell(symbol, {"rows": [], "gone": [], "points": {NET: [point]}})
        await self._in_thread(lambda: services.spread_samples_record(rows=rows, at=at))

    async def candles(self, candles: Sequence[CandleRow]) -> None:
        """Kept until PostgreSQL took them: a minute without a database is not lost."""
        self._unsaved = [*self._unsaved, *candles][-mirror.MOST_UNSAVED :]
        batch = list(self._unsaved)
        await self._in_thread(lambda: services.candles_record(candles=batch, origin="MID"))
        self._unsaved = self._unsaved[len(batch) :]

    async def fees(self, books: Sequence[tuple[str, str]]) -> Fees:
        found = await self._in_thread(lambda: selectors.taker_fees(books=books))
        unlisted = {venue for venue, symbol in books if found.get((venue, symbol)) is None}
        await self._ask_listings(unlisted)
        return {book: math.nan if fee is None else float(fee) for book, fee in found.items()}

    async def _ask_listings(self, venues: Iterable[str]) -> None:
        """A worker learns what a venue newly watched lists; each is asked once in a while."""
        from apps.markets.tasks import instruments_refresh

        now = time.monotonic()
        for venue in venues:
            if now - self._asked_at.get(venue, -LISTING_PAUSE) >= LISTING_PAUSE:
                self._asked_at[venue] = now
                await self._in_thread(partial(instruments_refresh.delay, venue=venue))

    async def close(self) -> None:
        with contextlib.suppress(Exception):  # a database that is away has nothing to close
            await asyncio.get_running_loop().run_in_executor(self._thread, connections.close_all)
        self._thread.shutdown(wait=False, cancel_futures=True)
        if self._redis is not None:
            await self._redis.aclose()
            self._redis = None

    def _store(self) -> redis.asyncio.Redis:
        if self._redis is None:
            self._redis = redis.asyncio.Redis.from_url(
                settings.REDIS_URL,
                socket_timeout=REDIS_PATIENCE,
                socket_connect_timeout=REDIS_PATIENCE,
            )
        return self._redis

    async def _in_thread(self, work: Callable[[], Result]) -> Result:
        def with_connection() -> Result:
            close_old_connections()
            try:
                return work()
            finally:
                close_old_connections()

        return await asyncio.get_running_loop().run_in_executor(self._thread, with_connection)


async def _tell(argument: str, frame: dict[str, Any]) -> None:
    await live.push_async(live.group("spreads", argument), f"spreads:{argument}", frame)
