"""A listener that never reads is cut off; whoever reads misses nothing meanwhile."""

from __future__ import annotations

import asyncio
import base64
import os
import socket
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import aiohttp
import pytest

from apps.practice import hub
from tests.fakes.practice import PracticeVenue

PATIENCE = 30.0
STREAM = "btcusdt@depth@100ms"
LEVELS = 500  # on each side: a diff of tens of kilobytes


@pytest.fixture(autouse=True)
def short_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that megabytes, not gigabytes, show who does not read."""
    monkeypatch.setattr(hub, "QUEUE", 20)


@pytest.fixture
def deaf(venue: PracticeVenue) -> Iterator[socket.socket]:
    """A WebSocket opened by hand that reads nothing after the venue's first answer."""
    where = urlsplit(venue.url)
    with socket.socket() as opened:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        opened.connect((where.hostname, where.port))
        key = base64.b64encode(os.urandom(16)).decode()
        lines = (f"GET /alpha/ws/{STREAM} HTTP/1.1", f"Host: {where.netloc}", "Upgrade: websocket")
        more = ("Connection: Upgrade", f"Sec-WebSocket-Key: {key}", "Sec-WebSocket-Version: 13")
        opened.sendall("\r\n".join([*lines, *more, "", ""]).encode())
        assert opened.recv(64).startswith(b"HTTP/1.1 101")
        yield opened


async def until(fits: Callable[[], bool]) -> None:
    for _ in range(int(PATIENCE / 0.01)):
        if fits():
            return
        await asyncio.sleep(0.01)
    raise TimeoutError


async def test_a_listener_that_never_reads_is_dropped_and_nobody_else_misses_anything(
    venue: PracticeVenue, deaf: socket.socket
) -> None:
    listeners = venue.running.instances["alpha"].hub.listeners
    url = f"{venue.url.replace('http', 'ws')}/alpha/ws/{STREAM}"
    spans: list[tuple[int, int]] = []

    async def hear(listening: aiohttp.ClientWebSocketResponse) -> None:
        async for message in listening:
            told = message.json()
            spans.append((told["U"], told["u"]))

    async with asyncio.timeout(PATIENCE), aiohttp.ClientSession() as session:
        async with session.ws_connect(url, max_msg_size=0) as listening:
            hearing = asyncio.create_task(hear(listening))
            await until(lambda: len(listeners) == 2)
            moves = 0
            while len(listeners) == 2:
                moves += 1
                await venue.set_book(
                    "alpha",
                    "BTC/USDT",
                    bids=[(f"{60_000 - i - moves % 2 / 2:.2f}", "1") for i in range(LEVELS)],
                    asks=[(f"{60_001 + i + moves % 2 / 2:.2f}", "1") for i in range(LEVELS)],
                )
            last = venue.running.instances["alpha"].exchange.books["BTC/USDT"].update_id
            await until(lambda: bool(spans) and spans[-1][1] >= last)
        await hearing

    assert [first for first, _ in spans[1:]] == [end + 1 for _, end in spans[:-1]]
    assert len(spans) >= moves > 20
