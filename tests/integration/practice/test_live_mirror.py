"""A live-sourced instance: another practice venue plays the real exchange it mirrors.

Both ways that real exchanges are streamed are taken: our own reading of Binance's dialect, and
ccxt.pro's class with its addresses changed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import ccxt
import ccxt.pro
import pytest

from apps.practice.config import PracticeConfig, config_parse
from apps.venues.registry import adapter_for
from apps.venues.streams.binance import BinanceAddress, BinanceBookStream
from apps.venues.streams.pro import ProBookStream
from apps.venues.streams.public import PublicMarketSource
from tests.fakes.practice import PracticeVenue, manual_config, practice_thread
from tests.integration.practice.conftest import OPTIONS, client_of

PATIENCE = 20.0
TOP = {"bids": [("60000.00", "1")], "asks": [("60010.00", "2"), ("60020.00", "3")]}
BOOK = ([[60000.0, 1.0]], [[60010.0, 2.0], [60020.0, 3.0]])
MOVED = {"bids": [("59000.00", "4")], "asks": [("59010.00", "5")]}
MOVED_BOOK = ([[59000.0, 4.0]], [[59010.0, 5.0]])


def through_our_own(url: str, symbols: Sequence[str]) -> PublicMarketSource:
    """The feed of the venue at `url`, as Binance is read."""
    address = BinanceAddress(f"{url}/alpha", f"{url}/alpha".replace("http", "ws", 1))
    client = public_client_of(url)
    return PublicMarketSource("binance", symbols, lambda _: BinanceBookStream(address), client)


def through_ccxt(url: str, symbols: Sequence[str]) -> PublicMarketSource:
    """The feed of the venue at `url`, as every other exchange is read."""
    spec = adapter_for("binance").spec
    return PublicMarketSource(
        "binance", symbols, lambda client: ProBookStream(spec, client), public_client_of(url)
    )


def public_client_of(url: str) -> Callable[[], Any]:
    """Makes keyless clients of the venue at `url`, one for each attempt."""
    urls = PracticeVenue(url, "", None).ccxt_urls("alpha")  # type: ignore[arg-type]
    settings = {"options": OPTIONS, "urls": {"api": urls}, "newUpdates": True}
    return lambda: ccxt.pro.binance(settings)


def mirror_config(exchange: PracticeVenue, way: str) -> PracticeConfig:
    port = f"{__name__}:{way}"
    return config_parse(
        {
            "instances": [
                {
                    "code": "alpha",
                    "source": {"kind": "live", "exchange": exchange.url, "port": port},
                    "maker_fee": "0.05",
                    "taker_fee": "0.05",
                    "symbols": ["BTC/USDT"],
                }
            ]
        }
    )


@pytest.fixture(params=["through_our_own", "through_ccxt"])
def way(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def exchange(tmp_path: Path) -> Iterator[PracticeVenue]:
    with practice_thread(tmp_path / "exchange", exchange_config()) as running:
        yield running


def exchange_config() -> PracticeConfig:
    """The exchange's own rules: coarser steps and higher minima than the practice venue's."""
    own = {"symbol": "BTC/USDT", "tick": "0.5", "step": "0.001", "min_notional": "7"}
    return manual_config(["alpha"], [own | {"min_quantity": "0.002"}])


@pytest.fixture
def trader(exchange: PracticeVenue, way: str, tmp_path: Path) -> Iterator[Any]:
    """A client of the mirror, once the mirror shows the exchange's book."""
    with practice_thread(tmp_path / "mirror", mirror_config(exchange, way)) as mirror:
        account = mirror.open_account_now("alpha", {"USDT": "200000", "BTC": "1"})
        client = client_of(ccxt.binance, mirror, account)
        until(exchange, lambda: book_of(client) == BOOK)
        yield client


def book_of(client: Any) -> tuple[Any, Any]:
    told = client.fetch_order_book("BTC/USDT")
    return told["bids"], told["asks"]


def until(
    exchange: PracticeVenue, fits: Callable[[], bool], book: dict[str, Any] | None = None
) -> None:
    """Wait while the exchange's market moves: a far level comes and goes, then `book` stands."""
    wanted, deadline = book or TOP, time.monotonic() + PATIENCE
    far = {**wanted, "bids": [*wanted["bids"], ("50000.00", "1")]}
    while not fits():
        assert time.monotonic() < deadline
        exchange.set_book_now("alpha", "BTC/USDT", **far)
        time.sleep(0.15)
        exchange.set_book_now("alpha", "BTC/USDT", **wanted)
        time.sleep(0.15)


def test_the_book_is_the_exchanges_and_follows_it(exchange: PracticeVenue, trader: Any) -> None:
    until(exchange, lambda: book_of(trader) == MOVED_BOOK, MOVED)


def test_an_order_fills_at_the_exchanges_prices(trader: Any) -> None:
    order = trader.create_order("BTC/USDT", "limit", "buy", 2.5, 60_020, {"timeInForce": "IOC"})

    assert (order["status"], order["filled"], order["cost"]) == ("closed", 2.5, 150_030.0)
    assert trader.fetch_balance()["total"]["BTC"] == 3.4975


def test_the_rules_and_fees_are_the_exchanges(trader: Any) -> None:
    market = trader.load_markets(reload=True)["BTC/USDT"]

    assert market["active"] is True
    assert (market["precision"]["price"], market["precision"]["amount"]) == (0.5, 0.001)
    assert market["limits"]["amount"]["min"] == 0.002
    assert market["limits"]["cost"]["min"] == 7.0
    assert trader.fetch_trading_fee("BTC/USDT")["taker"] == 0.001


def test_what_a_trader_took_is_not_back_with_the_next_frame(
    exchange: PracticeVenue, trader: Any
) -> None:
    trader.create_order("BTC/USDT", "limit", "buy", 2, 60_010, {"timeInForce": "IOC"})
    more = {"bids": TOP["bids"], "asks": [*TOP["asks"], ("60030.00", "1")]}

    until(
        exchange,
        lambda: book_of(trader)[1] == [[60020.0, 3.0], [60030.0, 1.0]],
        more,
    )


def test_a_public_trade_fills_a_resting_order_and_makes_the_candle(
    exchange: PracticeVenue, trader: Any
) -> None:
    resting = trader.create_order("BTC/USDT", "limit", "sell", 0.5, 60_005)
    there = exchange.open_account_now("alpha", {"USDT": "1000000"})
    buyer = client_of(ccxt.binance, exchange, there)

    def filled() -> bool:
        buyer.create_order("BTC/USDT", "limit", "buy", 0.3, 60_010, {"timeInForce": "IOC"})
        return bool(trader.fetch_order(resting["id"], "BTC/USDT")["status"] == "closed")

    until(exchange, filled)

    assert trader.fetch_ohlcv("BTC/USDT", "1m")[-1][5] >= 0.5
    assert {trade["price"] for trade in trader.fetch_my_trades("BTC/USDT")} == {60_005.0}


def test_a_lost_connection_is_made_again(exchange: PracticeVenue, trader: Any) -> None:
    exchange.add_fault_now("alpha", "drop_sockets", count=1)

    until(exchange, lambda: book_of(trader) == MOVED_BOOK, MOVED)


@pytest.fixture
def held_exchange(tmp_path: Path) -> Iterator[tuple[PracticeVenue, Callable[[], None]]]:
    """An exchange, and how to make it go away."""
    held = practice_thread(tmp_path / "exchange", exchange_config())
    gone: list[bool] = []

    def go() -> None:
        if not gone:
            gone.append(True)
            held.__exit__(None, None, None)

    yield held.__enter__(), go
    go()


def test_without_the_exchange_nothing_can_be_traded(
    held_exchange: tuple[PracticeVenue, Callable[[], None]], way: str, tmp_path: Path
) -> None:
    exchange, go = held_exchange
    with practice_thread(tmp_path / "mirror", mirror_config(exchange, way)) as mirror:
        account = mirror.open_account_now("alpha", {"USDT": "100000"})
        trader = client_of(ccxt.binance, mirror, account)
        until(exchange, lambda: book_of(trader) == BOOK)
        go()
        deadline = time.monotonic() + PATIENCE
        while book_of(trader) != ([], []):
            assert time.monotonic() < deadline
            time.sleep(0.05)

        order = trader.create_order("BTC/USDT", "market", "buy", 0.5)

    assert (order["status"], order["filled"]) == ("expired", 0.0)
