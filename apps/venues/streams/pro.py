"""Books of every other venue through ccxt.pro, as full snapshots.

ccxt.pro follows each venue's own dialect, checksums and sequence included; what it raises is a lost
book here. One task per symbol keeps the newest state of its book; a slow reader skips states, never
sees one out of order.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Sequence
from typing import Any

import structlog

from apps.venues.domain.ports import BookFrame, StreamDown, VenueSpec
from apps.venues.streams.backoff import pause

logger = structlog.get_logger(__name__)

DEPTH = 50  # levels a side that are handed on
SILENT = 60.0  # seconds without a change of one book after which it is subscribed anew
UNSUBSCRIBE = 5.0  # seconds

Batch = list[BookFrame | StreamDown]


class ProBookStream:
    """`BookStream` of one venue through its ccxt.pro class."""

    def __init__(self, spec: VenueSpec, client: Any = None, *, silent_for: float = SILENT) -> None:
        self._spec, self._silent_for = spec, silent_for
        self._client = client
        self._newest: dict[str, BookFrame | StreamDown] = {}
        self._ready = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    async def frames(self, symbols: Sequence[str]) -> AsyncIterator[Batch]:
        if self._client is None:
            self._client = _client_of(self._spec.ccxt_id)
        self._tasks = [asyncio.create_task(self._watch(symbol)) for symbol in symbols]
        while True:
            await self._ready.wait()
            self._ready.clear()
            newest, self._newest = self._newest, {}
            if newest:
                yield list(newest.values())

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._client is not None:
            await self._client.close()

    async def _watch(self, symbol: str) -> None:
        """Keep one book alive for ever; what goes wrong is said and tried again."""
        failures = 0
        while True:
            try:
                # asyncio.timeout, not wait_for: that one can swallow a cancellation (3.11)
                async with asyncio.timeout(self._silent_for):
                    raw = await self._client.watch_order_book(symbol)
                self._give(symbol, _frame(symbol, raw))
                failures = 0
            except TimeoutError:
                self._warn(symbol, "silent", failures)
                await self._lost(symbol, f"silent for {self._silent_for:g} s")
                failures += 1
            except Exception as e:  # noqa: BLE001 ccxt raises much; each of it is a lost book
                self._warn(symbol, type(e).__name__, failures)
                await self._lost(symbol, type(e).__name__)
                failures += 1
            if failures:
                await asyncio.sleep(pause(failures))

    def _warn(self, symbol: str, problem: str, failures: int) -> None:
        """Once for each loss, however often the book is then asked for again."""
        if not failures:
            logger.warning(
                "venues.stream_down", venue=self._spec.code, symbol=symbol, problem=problem
            )

    def _give(self, symbol: str, item: BookFrame | StreamDown) -> None:
        self._newest[symbol] = item
        self._ready.set()

    async def _lost(self, symbol: str, reason: str) -> None:
        self._give(symbol, StreamDown(symbols=(symbol,), reason=reason))
        with contextlib.suppress(Exception):  # so that the next watch subscribes anew
            if self._client.has.get("unWatchOrderBook"):
                async with asyncio.timeout(UNSUBSCRIBE):
                    await self._client.un_watch_order_book(symbol)


def _frame(symbol: str, raw: Any) -> BookFrame:
    stamp = raw.get("timestamp")
    return BookFrame(
        symbol=symbol,
        snapshot=True,
        bids=tuple((float(level[0]), float(level[1])) for level in raw["bids"][:DEPTH]),
        asks=tuple((float(level[0]), float(level[1])) for level in raw["asks"][:DEPTH]),
        first_seq=None,
        last_seq=None,
        venue_ms=int(stamp) if stamp else None,
        received_ns=time.monotonic_ns(),
    )


def _client_of(ccxt_id: str) -> Any:
    from apps.venues.adapters._loader import exchange_class

    return exchange_class(ccxt_id, "pro")({"enableRateLimit": True, "newUpdates": False})
