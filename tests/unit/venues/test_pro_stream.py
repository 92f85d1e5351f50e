from __future__ import annotations

import asyncio

import pytest

from apps.venues.domain.ports import BookFrame, StreamDown
from apps.venues.streams import pro
from tests.unit.venues.test_circuit import SPEC


class ScriptedPro:
    """Stands where ccxt.pro's exchange does: each watch gives the next thing of the script."""

    has = {"unWatchOrderBook": True}

    def __init__(self) -> None:
        self.script: asyncio.Queue = asyncio.Queue()
        self.unwatched, self.closed, self.starved = [], False, asyncio.Event()

    async def watch_order_book(self, symbol: str):
        if self.script.empty():
            self.starved.set()
        said = await self.script.get()
        if isinstance(said, Exception):
            raise said
        return {"bids": said[0], "asks": said[1], "timestamp": 1700000000000}

    async def un_watch_order_book(self, symbol: str) -> None:
        self.unwatched.append(symbol)

    async def close(self) -> None:
        self.closed = True


@pytest.fixture
def venue(monkeypatch):
    monkeypatch.setattr(pro, "pause", lambda failures: 0.0)
    return ScriptedPro()


async def test_each_state_is_a_whole_snapshot(venue):
    stream = pro.ProBookStream(SPEC, venue)
    venue.script.put_nowait(([[1.5, 2, 1700], [1.4, 1]], [["1.6", "3"]]))

    (frame,) = await anext(stream.frames(["BTC/USDT"]))
    await stream.close()

    assert isinstance(frame, BookFrame)
    assert (frame.snapshot, frame.last_seq, frame.venue_ms) == (True, None, 1700000000000)
    assert (frame.bids, frame.asks) == (((1.5, 2.0), (1.4, 1.0)), ((1.6, 3.0),))
    assert venue.closed


async def test_a_checksum_error_is_a_lost_book_that_is_subscribed_anew(venue):
    stream = pro.ProBookStream(SPEC, venue)
    batches = stream.frames(["BTC/USDT"])
    venue.script.put_nowait(ValueError("checksum"))

    assert await anext(batches) == [StreamDown(symbols=("BTC/USDT",), reason="ValueError")]
    venue.script.put_nowait(([[1, 1]], [[2, 1]]))
    (frame,) = await anext(batches)
    await stream.close()

    assert frame.snapshot
    assert venue.unwatched == ["BTC/USDT"]


async def test_a_silent_book_is_lost(venue):
    stream = pro.ProBookStream(SPEC, venue, silent_for=0.01)

    (down,) = await anext(stream.frames(["BTC/USDT"]))
    await stream.close()

    assert down == StreamDown(symbols=("BTC/USDT",), reason="silent for 0.01 s")


async def test_a_slow_reader_gets_the_newest_state_only(venue):
    stream = pro.ProBookStream(SPEC, venue)
    batches = stream.frames(["BTC/USDT"])
    for price in (1, 2, 3):
        venue.script.put_nowait(([[price, 1]], []))
    first = await anext(batches)
    await venue.starved.wait()  # all three were taken in while nobody read
    newest = first if first[0].bids == ((3.0, 1.0),) else await anext(batches)
    await stream.close()

    assert [frame.bids for frame in newest] == [((3.0, 1.0),)]
