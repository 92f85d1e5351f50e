"""ccxt.pro's own class follows books and orders; and the streams' ids fit the snapshots."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import ccxt.async_support
import pytest

from tests.fakes.practice import OpenedAccount, PracticeVenue
from tests.integration.practice.conftest import client_of

PATIENCE = 10.0


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as opened:
        yield opened


async def test_the_asynchronous_class_trades(venue: PracticeVenue, alice: OpenedAccount) -> None:
    client = client_of(ccxt.async_support.binance, venue, alice)
    try:
        order = await client.create_order("BTC/USDT", "market", "buy", 0.5)
        assert order["status"] == "closed"
    finally:
        await client.close()


async def test_a_book_follows_the_market(streamer: Any, venue: PracticeVenue) -> None:
    async with asyncio.timeout(PATIENCE):
        watching = asyncio.create_task(streamer.watch_order_book("BTC/USDT"))
        price = 60_001
        while not watching.done():
            await venue.set_book(
                "alpha", "BTC/USDT", bids=[(str(price), "1")], asks=[("60020", "2")]
            )
            price += 1
        await venue.set_book("alpha", "BTC/USDT", bids=[("59000", "3")], asks=[("60020", "2")])
        book = await watching
        while book["bids"][0][0] != 59000.0:
            book = await streamer.watch_order_book("BTC/USDT")

    assert book["bids"] == [[59000.0, 3.0]]
    assert book["asks"] == [[60020.0, 2.0]]


async def test_orders_are_told_as_they_change(streamer: Any) -> None:
    async with asyncio.timeout(PATIENCE):
        await streamer.load_markets()
        await streamer.authenticate({"type": "spot"})
        watching = asyncio.create_task(streamer.watch_orders("BTC/USDT"))
        await asyncio.sleep(0)
        order = await streamer.create_order("BTC/USDT", "limit", "buy", 0.5, 59000)
        told = await watching
        await streamer.cancel_order(order["id"], "BTC/USDT")
        while told[-1]["status"] != "canceled":
            told = await streamer.watch_orders("BTC/USDT")

    assert told[-1]["id"] == order["id"]


async def test_own_trades_are_told(streamer: Any) -> None:
    async with asyncio.timeout(PATIENCE):
        await streamer.load_markets()
        await streamer.authenticate({"type": "spot"})
        watching = asyncio.create_task(streamer.watch_my_trades("BTC/USDT"))
        await asyncio.sleep(0)
        order = await streamer.create_order("BTC/USDT", "market", "buy", 0.5)
        (trade,) = await watching

    assert (trade["order"], trade["price"], trade["amount"]) == (order["id"], 60010.0, 0.5)


async def test_diffs_continue_exactly_where_the_last_ended(
    venue: PracticeVenue, session: aiohttp.ClientSession
) -> None:
    url = venue.url.replace("http", "ws") + "/alpha/ws/btcusdt@depth@100ms"
    async with asyncio.timeout(PATIENCE), session.ws_connect(url) as socket:
        depth = f"{venue.url}/alpha/api/v3/depth?symbol=BTCUSDT"
        snapshot = await (await session.get(depth)).json()
        spans = []
        for price in ("60001", "60002", "60003"):
            await venue.set_book("alpha", "BTC/USDT", bids=[(price, "1")], asks=[("60020", "2")])
            told = await socket.receive_json()
            spans.append((told["U"], told["u"]))

    assert [first for first, _ in spans] == [
        last + 1 for last in (snapshot["lastUpdateId"], spans[0][1], spans[1][1])
    ]


async def test_combined_streams_name_themselves(
    venue: PracticeVenue, session: aiohttp.ClientSession
) -> None:
    root = venue.url.replace("http", "ws") + "/alpha/stream?streams="
    url = root + "btcusdt@bookTicker/btcusdt@depth5@100ms"
    async with asyncio.timeout(PATIENCE), session.ws_connect(url) as socket:
        await venue.set_book("alpha", "BTC/USDT", bids=[("60001", "1")], asks=[("60020", "2")])
        first, second = await socket.receive_json(), await socket.receive_json()

    assert (first["stream"], first["data"]["b"]) == ("btcusdt@bookTicker", "60001.00000000")
    assert second["data"]["asks"] == [["60020.00000000", "2.00000000"]]


async def test_an_unknown_stream_is_refused(
    venue: PracticeVenue, session: aiohttp.ClientSession
) -> None:
    async with session.ws_connect(venue.url.replace("http", "ws") + "/alpha/ws") as socket:
        await socket.send_str(json.dumps({"method": "SUBSCRIBE", "params": ["x@y"], "id": 7}))
        answer = await socket.receive_json(timeout=PATIENCE)

    assert (answer["id"], answer["error"]["code"]) == (7, 2)


async def test_the_listen_key_way_tells_an_execution(
    venue: PracticeVenue, alice: OpenedAccount, session: aiohttp.ClientSession
) -> None:
    client = client_of(ccxt.async_support.binance, venue, alice)
    try:
        key = (await client.public_post_userdatastream())["listenKey"]
        url = venue.url.replace("http", "ws") + f"/alpha/ws/{key}"
        async with asyncio.timeout(PATIENCE), session.ws_connect(url) as socket:
            await client.create_order("BTC/USDT", "market", "buy", 0.5)
            told = [await socket.receive_json() for _ in range(3)]
    finally:
        await client.close()

    assert [(m["e"], m.get("x")) for m in told] == [
        ("executionReport", "NEW"),
        ("executionReport", "TRADE"),
        ("outboundAccountPosition", None),
    ]
    assert told[1]["n"] == "0.00025000"


async def test_a_wrong_signature_gets_no_user_stream(streamer: Any) -> None:
    streamer.secret = "wrong"

    with pytest.raises(ccxt.AuthenticationError):
        async with asyncio.timeout(PATIENCE):
            await streamer.watch_orders("BTC/USDT")
