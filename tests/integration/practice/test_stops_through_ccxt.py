"""Stops of the practice venue through ccxt's own classes and over the user stream."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import aiohttp
import ccxt
import pytest

from tests.fakes.practice import OpenedAccount, PracticeVenue, practice_thread
from tests.integration.practice.conftest import client_of

CodeOf = Callable[[Exception], str]
SYMBOL = "BTC/USDT"


def sold_below(trader: Any, price: int) -> dict[str, Any]:
    made: dict[str, Any] = trader.create_order(
        SYMBOL, "market", "sell", 0.5, None, {"stopLossPrice": price}
    )
    return made


def test_a_stop_is_shown_as_waiting_until_a_trade_reaches_it(
    trader: Any, venue: PracticeVenue
) -> None:
    order = sold_below(trader, 59500)

    (shown,) = trader.fetch_open_orders(SYMBOL)
    row = shown["info"]
    assert (row["type"], row["stopPrice"], row["isWorking"], row["workingTime"], row["status"]) == (
        "STOP_LOSS",
        "59500.00000000",
        False,
        -1,
        "NEW",
    )
    assert trader.fetch_balance()["used"]["BTC"] == 0.5
    venue.trade_now("alpha", SYMBOL, "59500")
    done = trader.fetch_order(order["id"], SYMBOL)
    assert (done["status"], done["filled"], done["average"]) == ("closed", 0.5, 60000.0)


def test_a_stop_that_is_met_already_is_refused(trader: Any, venue: PracticeVenue) -> None:
    venue.trade_now("alpha", SYMBOL, "60005")

    with pytest.raises(ccxt.OrderImmediatelyFillable, match="would trigger immediately"):
        sold_below(trader, 60005)

    assert trader.fetch_open_orders(SYMBOL) == []


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"stopPrice": None}, "-1102"),
        ({"timeInForce": None}, "-1102"),
        ({"price": None}, "-1102"),
        ({"type": "STOP_LOSS", "timeInForce": None}, "-1106"),
        ({"type": "STOP_LOSS", "price": None}, "-1106"),
        ({"type": "LIMIT"}, "-1106"),
        ({"quoteOrderQty": "5"}, "-1106"),
        ({"stopPrice": "59500.001"}, "-1013"),
        ({"trailingDelta": "5"}, "-1013"),
        ({"trailingDelta": "1.5"}, "-1100"),
    ],
)
def test_a_malformed_stop_gets_the_models_code(
    trader: Any, code_of: CodeOf, changed: dict[str, str | None], code: str
) -> None:
    right = {
        "symbol": "BTCUSDT",
        "side": "SELL",
        "type": "STOP_LOSS_LIMIT",
        "timeInForce": "GTC",
        "quantity": "0.5",
        "price": "59000",
        "stopPrice": "59500",
    }
    said = {name: value for name, value in (right | changed).items() if value is not None}

    with pytest.raises(ccxt.BaseError) as refused:
        trader.private_post_order(said)

    assert code_of(refused.value) == code
    assert trader.fetch_balance()["used"]["BTC"] == 0


def test_all_orders_of_a_symbol_are_cancelled_at_once(trader: Any, code_of: CodeOf) -> None:
    sold_below(trader, 59500)
    trader.create_order(SYMBOL, "limit", "buy", 1, 59000)

    trader.cancel_all_orders(SYMBOL)

    assert trader.fetch_open_orders(SYMBOL) == []
    assert set(trader.fetch_balance()["used"].values()) == {0.0}
    with pytest.raises(ccxt.OrderNotFound) as refused:
        trader.cancel_all_orders(SYMBOL)
    assert code_of(refused.value) == "-2011"


def test_the_markets_name_what_they_take(trader: Any) -> None:
    info = trader.load_markets()[SYMBOL]["info"]

    assert info["orderTypes"] == [
        "LIMIT",
        "LIMIT_MAKER",
        "MARKET",
        "STOP_LOSS",
        "STOP_LOSS_LIMIT",
        "TAKE_PROFIT",
        "TAKE_PROFIT_LIMIT",
    ]


def test_a_stop_outlives_the_venue(tmp_path: Path) -> None:
    with practice_thread(tmp_path) as venue:
        alice = venue.open_account_now("alpha", {"BTC": "1"})
        order = sold_below(client_of(ccxt.binance, venue, alice), 59500)
    with practice_thread(tmp_path) as venue:
        trader = client_of(ccxt.binance, venue, alice)
        venue.set_book_now("alpha", SYMBOL, bids=[("59000", "1")], asks=[])
        assert [row["id"] for row in trader.fetch_open_orders(SYMBOL)] == [order["id"]]

        venue.trade_now("alpha", SYMBOL, "59400")

        done = trader.fetch_order(order["id"], SYMBOL)
        assert (done["status"], done["average"]) == ("closed", 59000.0)
        assert Decimal(venue.control("GET", "alpha/audit")["surplus"]["BTC"]) == 0


async def test_a_stop_is_told_when_it_comes_and_when_it_works(
    venue: PracticeVenue, alice: OpenedAccount
) -> None:
    url = f"{venue.url}/alpha"
    async with aiohttp.ClientSession(headers={"X-MBX-APIKEY": alice.key}) as session:
        async with session.post(f"{url}/api/v3/userDataStream") as answer:
            key = (await answer.json())["listenKey"]
        async with session.ws_connect(f"{url}/ws/{key}") as socket:
            sold_below(client_of(ccxt.binance, venue, alice), 59500)
            venue.trade_now("alpha", SYMBOL, "59500")
            told: list[dict[str, Any]] = []
            while not any(message.get("x") == "TRADE" for message in told):
                told.append(json.loads((await socket.receive(timeout=10)).data))

    reports = [m for m in told if m["e"] == "executionReport"]
    assert [(m["x"], m["X"], m["w"], m["P"], "W" in m) for m in reports] == [
        ("NEW", "NEW", False, "59500.00000000", False),
        ("NEW", "NEW", True, "59500.00000000", True),
        ("TRADE", "FILLED", False, "59500.00000000", True),
    ]
