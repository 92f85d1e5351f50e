"""Each fault is seen by a real ccxt client as the failure it stands for, and leaves the truth."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import ccxt
import pytest

from tests.fakes.practice import OpenedAccount, PracticeVenue

PATIENCE = 10.0
ORDER = "POST /api/v3/order"


def buy(trader: Any, client_id: str = "mine-1") -> Any:
    return trader.create_order("BTC/USDT", "limit", "buy", 1, 59000, {"clientOrderId": client_id})


@pytest.fixture
def ready(trader: Any) -> Any:
    trader.load_markets()
    return trader


def open_ids(trader: Any) -> list[str]:
    return [order["clientOrderId"] for order in trader.fetch_open_orders("BTC/USDT")]


def test_silence_after_acceptance_hides_an_order_that_stands(
    ready: Any, venue: PracticeVenue
) -> None:
    venue.add_fault_now("alpha", "accept_then_timeout", endpoint=ORDER, count=1)

    with pytest.raises(ccxt.NetworkError):
        buy(ready)

    assert open_ids(ready) == ["mine-1"]


@pytest.mark.parametrize(("when", "standing"), [("before", []), ("after", ["mine-1"])])
def test_a_5xx_may_hide_an_order_or_not(
    ready: Any, venue: PracticeVenue, when: str, standing: list[str]
) -> None:
    venue.add_fault_now("alpha", "http_5xx", endpoint=ORDER, count=1, when=when, status=504)

    with pytest.raises(ccxt.BaseError, match="-1007"):
        buy(ready)

    assert open_ids(ready) == standing


def test_a_late_answer_is_a_timeout_and_the_order_stands(ready: Any, venue: PracticeVenue) -> None:
    venue.add_fault_now("alpha", "latency", endpoint=ORDER, count=1, ms=600)
    ready.timeout = 200

    with pytest.raises(ccxt.RequestTimeout):
        buy(ready)

    venue.clear_faults_now("alpha")
    ready.timeout = 5_000
    deadline = time.monotonic() + PATIENCE
    while open_ids(ready) != ["mine-1"]:
        assert time.monotonic() < deadline


def test_maintenance_is_a_page_and_not_an_answer(ready: Any, venue: PracticeVenue) -> None:
    venue.add_fault_now("alpha", "maintenance", count=1)

    with pytest.raises(ccxt.NetworkError, match="maintenance"):
        ready.fetch_order_book("BTC/USDT")


def test_a_storm_refuses_with_429_as_often_as_asked(ready: Any, venue: PracticeVenue) -> None:
    venue.add_fault_now("alpha", "rate_limit_storm", count=2, retry_after=3)

    for _ in range(2):
        with pytest.raises(ccxt.DDoSProtection, match="429"):
            buy(ready)
    assert ready.last_response_headers["Retry-After"] == "3"

    assert buy(ready)["status"] == "open"


def test_a_skewed_venue_refuses_right_clocks(ready: Any, venue: PracticeVenue) -> None:
    venue.add_fault_now("alpha", "clock_skew", ms=60_000)

    with pytest.raises(ccxt.InvalidNonce):
        ready.fetch_balance()

    assert abs(ready.fetch_time() - time.time() * 1_000 - 60_000) < 30_000


def test_a_partial_fill_gives_only_the_share(ready: Any, venue: PracticeVenue) -> None:
    venue.add_fault_now("alpha", "partial_fill", share="0.25", count=1)

    order = ready.create_order("BTC/USDT", "limit", "buy", 1, 60010, {"timeInForce": "IOC"})

    assert (order["status"], order["filled"]) == ("expired", 0.25)


def test_a_fault_of_one_account_spares_the_others(
    ready: Any, venue: PracticeVenue, alice: OpenedAccount
) -> None:
    venue.add_fault_now("alpha", "maintenance", account_id=alice.account_id + 1)

    assert buy(ready)["status"] == "open"


def test_a_cleared_fault_happens_no_more(ready: Any, venue: PracticeVenue) -> None:
    venue.add_fault_now("alpha", "maintenance")
    venue.clear_faults_now("alpha")

    assert buy(ready)["status"] == "open"
    assert venue.control("GET", "alpha/faults")["faults"] == []


def test_an_unknown_fault_is_refused_with_the_known_ones(venue: PracticeVenue) -> None:
    with pytest.raises(OSError, match="422"):
        venue.add_fault_now("alpha", "earthquake")


async def events_of_a_purchase(streamer: Any, count: int) -> list[tuple[str, int]]:
    """(execution type, trade id) of the first events that a market order makes."""
    told: list[tuple[str, int]] = []
    enough = asyncio.Event()
    await streamer.load_markets()
    await streamer.authenticate({"type": "spot"})
    original = streamer.handle_order_update

    def listen(client: Any, message: dict[str, Any]) -> None:
        told.append((message["x"], message["t"]))
        original(client, message)
        if len(told) >= count:
            enough.set()

    streamer.handle_order_update = listen
    await streamer.create_order("BTC/USDT", "market", "buy", 0.5)
    async with asyncio.timeout(PATIENCE):
        await enough.wait()
    return told


async def test_a_fill_may_be_told_twice(streamer: Any, venue: PracticeVenue) -> None:
    await venue.add_fault("alpha", "duplicate_fill_event", count=1)

    told = await events_of_a_purchase(streamer, 3)

    assert [kind for kind, _ in told] == ["NEW", "TRADE", "TRADE"]
    assert told[1] == told[2]


async def test_events_may_come_in_the_wrong_order(streamer: Any, venue: PracticeVenue) -> None:
    await venue.add_fault("alpha", "out_of_order_event", count=1)

    told = await events_of_a_purchase(streamer, 2)

    assert [kind for kind, _ in told] == ["TRADE", "NEW"]


async def test_dropped_sockets_are_a_network_failure(streamer: Any, venue: PracticeVenue) -> None:
    await streamer.load_markets()
    watching = asyncio.create_task(streamer.watch_bids_asks(["BTC/USDT"]))
    await asyncio.sleep(0)
    await venue.add_fault("alpha", "drop_sockets", count=1)

    with pytest.raises(ccxt.NetworkError):
        async with asyncio.timeout(PATIENCE):
            await watching
