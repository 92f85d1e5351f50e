"""BitMEX's books over a local server of its dialect."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager

import pytest

from apps.markets.domain.books import Book
from apps.markets.hub.feeds import _apply
from apps.venues.domain.ports import BookFrame, StreamDown
from apps.venues.streams import bitmex, book_stream
from apps.venues.streams.bitmex import BitmexAddress, BitmexBookStream
from tests.fakes.bitmex import bitmex_server, row
from tests.integration.venues.test_book_stream import Follower

WHOLE = {"bids": {100.0: 0.5}, "asks": {101.0: 2.0}}


@pytest.fixture(autouse=True)
def soon(monkeypatch):
    monkeypatch.setattr(bitmex, "pause", lambda failures: 0.01)


@pytest.fixture
async def venue():
    async with bitmex_server() as running:
        yield running


@asynccontextmanager
async def following(venue, *symbols, **options):
    stream = BitmexBookStream(BitmexAddress(venue.rest, venue.stream), **options)
    follower = Follower()

    async def follow():
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


async def test_a_book_is_told_whole_and_follows_its_changes(venue):
    async with following(venue, "BTC/USDT", "ETH/USDT") as follower:
        await follower.until(lambda: len(follower.books) == 2)
        assert follower.books["BTC/USDT"] == WHOLE  # sizes in base units, by each pair's own unit
        assert follower.books["ETH/USDT"] == {"bids": {100.0: 50.0}, "asks": {101.0: 200.0}}

        await venue.say("insert", row(3, "Buy", 10_000_000, 99.5))
        await venue.say("update", row(2, "Sell", 150_000_000))
        await venue.say("delete", row(1, "Buy", 0))
        changed = {"bids": {99.5: 0.1}, "asks": {101.0: 1.5}}
        await follower.until(lambda: follower.books["BTC/USDT"] == changed)
        assert (follower.snapshots, follower.downs) == (2, [])


async def test_a_level_that_changes_its_side_leaves_the_other(venue):
    async with following(venue, "BTC/USDT") as follower:
        await follower.until(lambda: follower.books)

        await venue.say("update", row(1, "Sell", 70_000_000, 100.0))

        changed = {"bids": {}, "asks": {100.0: 0.7, 101.0: 2.0}}
        await follower.until(lambda: follower.books["BTC/USDT"] == changed)


async def test_what_comes_before_the_whole_book_is_void(venue):
    venue.answers = False
    async with following(venue, "BTC/USDT") as follower:
        await follower.until(lambda: venue.heard)
        await venue.say("update", row(9, "Buy", 1))
        await venue.say("insert", row(8, "Buy", 1, 500.0))
        await venue.partial()

        await follower.until(lambda: follower.books)
        assert (follower.books["BTC/USDT"], follower.downs) == (WHOLE, [])


@pytest.mark.parametrize("action", ["update", "delete"])
async def test_a_change_of_a_level_nobody_told_of_costs_that_book_a_new_whole(venue, action):
    async with following(venue, "BTC/USDT", "ETH/USDT") as follower:
        await follower.until(lambda: len(follower.books) == 2)

        await venue.say(action, row(77, "Buy", 1))
        await follower.until(lambda: follower.snapshots == 3)

        assert follower.downs == [StreamDown(symbols=("BTC/USDT",), reason="a change was missed")]
        assert venue.heard[-2:] == ["unsubscribe XBT_USDT", "subscribe XBT_USDT"]
        assert (follower.books["BTC/USDT"], len(venue.sockets)) == (WHOLE, 1)


async def test_a_lost_socket_is_said_and_the_books_come_back(venue):
    async with following(venue, "BTC/USDT") as follower:
        await follower.until(lambda: follower.books)

        await venue.sockets[-1].close()
        await follower.until(lambda: follower.snapshots == 2)

        assert follower.downs[0].symbols == ("BTC/USDT",)
        assert follower.books["BTC/USDT"] == WHOLE


async def test_a_quiet_venue_is_asked_and_a_dead_one_left(venue, monkeypatch):
    monkeypatch.setattr(bitmex, "PATIENCE", 0.1)
    async with following(venue, "BTC/USDT", quiet=0.1) as follower:
        await follower.until(lambda: venue.heard.count("ping") >= 2)
        assert follower.downs == []

        venue.pongs = False
        await follower.until(lambda: len(venue.sockets) >= 2)
        assert follower.downs[0].reason == "silent for 0.2 s"


async def test_an_unreadable_message_costs_the_socket(venue):
    async with following(venue, "BTC/USDT") as follower:
        await follower.until(lambda: follower.books)

        await venue.sockets[-1].send_str('{"table":"orderBookL2","action":"update","data":[7]}')
        await follower.until(lambda: follower.snapshots == 2)

        assert "cannot be read" in follower.downs[0].reason


async def test_a_pair_that_is_refused_or_unknown_is_named_and_harms_no_other(venue):
    venue.refuses = "ETH_USDT"
    async with following(venue, "BTC/USDT", "ETH/USDT", "NOPE/USDT") as follower:
        await follower.until(lambda: follower.books and len(follower.downs) == 2)

        said = {each.symbols: each.reason for each in follower.downs}
        assert said.keys() == {("NOPE/USDT",), ("ETH/USDT",)}
        assert follower.books["BTC/USDT"] == WHOLE


async def test_the_hub_reads_it_in_the_order_of_arrival(venue):
    stream = BitmexBookStream(BitmexAddress(venue.rest, venue.stream))
    frames = stream.frames(["BTC/USDT"])
    book = Book("bitmex", "BTC/USDT", wire_symbol="BTC/USDT")
    [whole] = await anext(frames)
    await venue.say("update", row(1, "Buy", 30_000_000))
    [change] = await anext(frames)
    for frame in (whole, change):
        _apply(book, frame, 1.0)
    await frames.aclose()

    assert isinstance(whole, BookFrame)
    assert (whole.venue_ms, book.flaw) == (1780315200000, None)
    assert book.bids().tolist() == [[100.0, 0.3]]


def test_it_is_what_bitmex_is_followed_by():
    assert isinstance(book_stream("bitmex"), BitmexBookStream)
