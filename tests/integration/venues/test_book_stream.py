"""Books over the real practice server, in Binance's dialect."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager

import pytest

from apps.venues.domain.ports import BookFrame, StreamDown
from apps.venues.streams.binance import BinanceAddress, BinanceBookStream
from tests.fakes.depth import depth_server
from tests.fakes.practice import practice_server


class Follower:
    """Folds a stream into plain books, the way any reader would."""

    def __init__(self) -> None:
        self.books: dict[str, dict[str, dict[float, float]]] = {}
        self.downs: list[StreamDown] = []
        self.snapshots = 0

    def take(self, item: BookFrame | StreamDown) -> None:
        if isinstance(item, StreamDown):
            self.downs.append(item)
            for symbol in item.symbols:
                self.books.pop(symbol, None)
            return
        if item.snapshot:
            self.snapshots += 1
            self.books[item.symbol] = {"bids": {}, "asks": {}}
        for side, levels in (("bids", item.bids), ("asks", item.asks)):
            for price, quantity in levels:
                self.books[item.symbol][side][price] = quantity
                if not quantity:
                    del self.books[item.symbol][side][price]

    async def until(self, condition, within: float = 10.0) -> None:
        deadline = asyncio.get_running_loop().time() + within
        while not condition():
            assert asyncio.get_running_loop().time() < deadline, (self.books, self.downs)
            await asyncio.sleep(0.01)


@asynccontextmanager
async def following(root: str, *symbols: str, **options: float):
    stream = BinanceBookStream(BinanceAddress(root, root.replace("http", "ws", 1)), **options)
    follower = Follower()

    async def follow() -> None:
        async for batch in stream.frames(symbols):
            for item in batch:
                follower.take(item)

    task = asyncio.create_task(follow())
    try:
        yield follower
    finally:
        await stream.close()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
async def venue(tmp_path):
    async with practice_server(tmp_path) as running:
        await running.set_book("alpha", "BTC/USDT", bids=[("100", "1")], asks=[("101", "2")])
        await running.set_book("alpha", "ETH/USDT", bids=[("10", "5")], asks=[("11", "6")])
        yield running


async def test_books_start_from_a_snapshot_and_follow_the_diffs(venue):
    async with following(f"{venue.url}/alpha", "BTC/USDT", "ETH/USDT") as follower:
        await follower.until(lambda: len(follower.books) == 2)
        assert follower.books["BTC/USDT"] == {"bids": {100.0: 1.0}, "asks": {101.0: 2.0}}

        await venue.set_book("alpha", "BTC/USDT", bids=[("99", "3")], asks=[("101", "1.5")])
        changed = {"bids": {99.0: 3.0}, "asks": {101.0: 1.5}}
        await follower.until(lambda: follower.books["BTC/USDT"] == changed)
        assert follower.books["ETH/USDT"] == {"bids": {10.0: 5.0}, "asks": {11.0: 6.0}}
        assert (follower.snapshots, follower.downs) == (2, [])


async def test_a_dropped_socket_is_said_and_the_books_come_back(venue):
    async with following(f"{venue.url}/alpha", "BTC/USDT") as follower:
        await follower.until(lambda: "BTC/USDT" in follower.books)

        await venue.add_fault("alpha", "drop_sockets")
        await follower.until(lambda: len(follower.downs) == 1)
        await follower.until(lambda: follower.snapshots == 2)

        assert follower.downs[0].symbols == ("BTC/USDT",)
        assert follower.books["BTC/USDT"] == {"bids": {100.0: 1.0}, "asks": {101.0: 2.0}}


async def test_a_silent_socket_is_opened_anew(venue):
    async with following(f"{venue.url}/alpha", "BTC/USDT", silent_for=0.4) as follower:
        await follower.until(lambda: follower.snapshots >= 2)

        assert follower.downs[0].reason == "silent for 0.4 s"


async def test_an_unknown_symbol_is_named_and_harms_no_other(venue):
    async with following(f"{venue.url}/alpha", "BTC/USDT", "NOPE/USDT") as follower:
        await follower.until(lambda: "BTC/USDT" in follower.books and follower.downs)

        down = StreamDown(symbols=("NOPE/USDT",), reason="the venue has no such book")
        assert follower.downs == [down]


async def test_a_hole_in_the_numbers_is_said_and_a_fresh_snapshot_follows():
    async with depth_server() as venue, following(venue.url, "BTC/USDT") as follower:
        await follower.until(lambda: follower.snapshots == 1)
        await venue.say(11, 12, quantity="2")
        await follower.until(lambda: follower.books["BTC/USDT"]["bids"] == {100.0: 2.0})

        await venue.say(14, 15, quantity="5")  # 13 never came
        await follower.until(lambda: follower.snapshots == 2)

        assert follower.downs == [StreamDown(symbols=("BTC/USDT",), reason="sequence gap")]
        assert (len(venue.sockets), venue.snapshots) == (1, 2)
        await venue.say(16, 16, quantity="7")
        await follower.until(lambda: follower.books["BTC/USDT"]["bids"] == {100.0: 7.0})


async def test_a_message_that_cannot_be_read_costs_the_socket():
    async with depth_server() as venue, following(venue.url, "BTC/USDT") as follower:
        await follower.until(lambda: follower.snapshots == 1)

        await venue.say_text('{"e":"depthUpdate","E":1,"s":"BTCUSDT","U":"x"}')
        await follower.until(lambda: follower.snapshots == 2)

        assert "cannot be read" in follower.downs[0].reason
        assert (len(venue.sockets), venue.subscribed) == (2, ["btcusdt@depth@100ms"] * 2)
