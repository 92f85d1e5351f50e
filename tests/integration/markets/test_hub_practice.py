"""The whole way of a price: practice venue, its socket, the stream, the hub, Redis, a page."""

from __future__ import annotations

import asyncio
import contextlib
from decimal import Decimal
from pathlib import Path

import pytest
from django.db import connections
from django.utils import timezone
from pytest_django import Settings

from apps.markets import selectors, services
from apps.markets.hub import BookTouched, MarketHub, Rhythm
from tests.fakes.practice import practice_server
from tests.fakes.streams import until

pytestmark = pytest.mark.django_db(transaction=True)
FAST = Rhythm(live=0.05, mirror=0.05, facts=0.05)
ALPHA = {"bids": [("99", "30")], "asks": [("100", "30")]}
BETA = {"bids": [("101", "30")], "asks": [("102", "30")]}


def refresh() -> None:
    for venue in ("practice.alpha", "practice.beta"):
        services.instruments_refresh(venue=venue, now=timezone.now())
    connections.close_all()


async def test_a_practice_price_reaches_the_page(tmp_path: Path, settings: Settings) -> None:
    async with practice_server(tmp_path) as venue:
        settings.PRACTICE_URL, settings.PRACTICE_TOKEN = venue.url, venue.token
        await venue.set_book("alpha", "BTC/USDT", **ALPHA)
        await venue.set_book("beta", "BTC/USDT", **BETA)
        await asyncio.to_thread(refresh)
        hub = MarketHub(rhythm=FAST)
        touched: list[BookTouched] = []
        hub.listen(touched.append)
        hub.watch("practice.alpha", "BTC/USDT")
        hub.watch("practice.beta", "BTC/USDT")
        running = asyncio.create_task(hub.run())
        try:
            await until(lambda: any(r.state == "ok" for r in selectors.spread_board()), within=15)
            best = selectors.spread_board()[0]
            heard = len(touched)
            await venue.set_book("beta", "BTC/USDT", bids=[("103", "30")], asks=[("104", "30")])
            await until(lambda: len(touched) > heard)
            await until(lambda: hub.book("practice.beta", "BTC/USDT").best_bid == (103.0, 30.0))
        finally:
            running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await running

    assert (best.buy_venue, best.sell_venue) == ("practice.alpha", "practice.beta")
    assert (best.gross, best.buy_label) == ("0.010000", "Practice Alpha")
    assert Decimal(best.fees or 0) == Decimal("0.001005")
    assert best.net == "0.008995"
