"""The hub with its real outlet: Redis, Channels and PostgreSQL, only the venues are scripted."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from decimal import Decimal

import orjson
import pytest
from channels.layers import get_channel_layer
from django.db import connections

from apps.core import live
from apps.markets import health, selectors
from apps.markets.domain.board import VenueFace
from apps.markets.hub import MarketHub, Rhythm
from apps.markets.models import SpreadSample
from tests.factories.markets import instrument
from tests.fakes.streams import ScriptedVenues, frame, until

pytestmark = pytest.mark.django_db(transaction=True)
FAST = Rhythm(live=0.02, mirror=0.02, samples=0.05, candles=0.05, facts=0.05, supervision=0.05)


@pytest.fixture
def listed() -> None:
    instrument("alpha")
    instrument("beta")


@pytest.fixture
async def venues(listed: None) -> AsyncIterator[ScriptedVenues]:
    venues = ScriptedVenues()
    hub = MarketHub(
        open_stream=venues.open,
        face=lambda code: VenueFace(code, code.title(), simulated=True),
        rhythm=FAST,
    )
    hub.watch("alpha", "BTC/USDT")
    hub.watch("beta", "BTC/USDT")
    running = asyncio.create_task(hub.run())
    yield venues
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running


async def speak(venues: ScriptedVenues) -> None:
    (await venues.stream("alpha")).say(frame(bids=[(99.0, 50.0)], asks=[(100.0, 50.0)]))
    (await venues.stream("beta")).say(frame(bids=[(101.0, 50.0)], asks=[(102.0, 50.0)]))


async def test_pages_read_from_redis_what_the_hub_sees(venues: ScriptedVenues) -> None:
    await speak(venues)
    await until(lambda: any(row.state == "ok" for row in selectors.spread_board()))

    best, worst = selectors.spread_board()

    assert (best.key, best.state, best.simulated) == ("BTC/USDT|alpha|beta", "ok", True)
    assert (best.gross, best.fees, best.slippage, best.net) == (
        "0.010000",
        "0.002010",
        "0.000000",
        "0.007990",
    )
    assert (best.notional, best.quantity) == ("1000.00", "10.00000000")
    assert worst.key == "BTC/USDT|beta|alpha"
    book = selectors.books_now("BTC/USDT")
    assert book is not None
    assert book["venues"][0]["bids"] == [["99", "50"]]
    assert selectors.mids_now() == {"BTC/USDT": Decimal("100.5")}
    assert health.market_data() == ""
    assert [v["state"] for v in selectors.board_get().venues] == ["live", "live"]


async def test_listeners_of_a_symbol_get_its_rows(venues: ScriptedVenues) -> None:
    layer = get_channel_layer()
    assert layer is not None
    name = await layer.new_channel()
    await layer.group_add(live.group("spreads", "BTC/USDT"), name)
    await speak(venues)

    rows: list[dict[str, str]] = []
    while not any(row["state"] == "ok" for row in rows):
        message = await asyncio.wait_for(layer.receive(name), 5)
        heard = orjson.loads(message["text"])
        assert heard["channel"] == "spreads:BTC/USDT"
        rows = heard["data"]["rows"]

    assert {row["key"] for row in rows} == {"BTC/USDT|alpha|beta", "BTC/USDT|beta|alpha"}


async def test_samples_reach_the_history(venues: ScriptedVenues) -> None:
    await speak(venues)

    def kept() -> SpreadSample | None:
        try:
            return SpreadSample.objects.filter(buy_venue="alpha").order_by("-id").first()
        finally:
            connections.close_all()

    deadline = asyncio.get_running_loop().time() + 5
    while (sample := await asyncio.to_thread(kept)) is None:
        assert asyncio.get_running_loop().time() < deadline

    assert sample.net == Decimal("0.00799")
    assert sample.notional == Decimal("1000.00")
