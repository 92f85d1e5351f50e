"""ccxt's own synchronous class trades on the practice venue; only its addresses are changed."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import ccxt
import pytest

from tests.fakes.practice import OpenedAccount, PracticeVenue

CodeOf = Callable[[Exception], str]


def test_markets_bring_their_precision_and_limits(trader: Any) -> None:
    market = trader.load_markets()["BTC/USDT"]

    assert sorted(trader.markets) == ["BTC/USDT", "ETH/BTC", "ETH/USDT", "SOL/USDT"]
    assert market["precision"] == {"amount": 1e-05, "price": 0.01, "base": 1e-08, "quote": 1e-08}
    assert market["limits"]["cost"]["min"] == 5


def test_currencies_come_with_the_key(trader: Any) -> None:
    assert sorted(trader.fetch_currencies()) == ["BTC", "ETH", "SOL", "USDT"]


def test_a_balance_is_what_was_deposited(trader: Any) -> None:
    assert trader.fetch_balance()["free"] == {"BTC": 1.0, "USDT": 100000.0}


def test_the_fees_are_the_accounts_own(trader: Any, venue: PracticeVenue) -> None:
    fee = trader.fetch_trading_fees()["BTC/USDT"]

    assert (fee["maker"], fee["taker"]) == (0.0002, 0.0005)


def test_an_immediate_order_walks_the_book_and_pays(trader: Any) -> None:
    order = trader.create_order("BTC/USDT", "limit", "buy", 1.5, 60020, {"timeInForce": "IOC"})

    assert (order["status"], order["filled"], order["cost"]) == ("closed", 1.5, 90020.0)
    assert [trade["price"] for trade in order["trades"]] == [60010.0, 60020.0]
    assert order["fee"] == {"currency": "BTC", "cost": 0.00075}


def test_an_immediate_order_that_finds_nobody_is_expired(trader: Any) -> None:
    order = trader.create_order("BTC/USDT", "limit", "buy", 1, 60000, {"timeInForce": "IOC"})

    assert (order["status"], order["filled"]) == ("expired", 0)


def test_a_market_order_sells_at_the_bid(trader: Any) -> None:
    order = trader.create_order("BTC/USDT", "market", "sell", 0.5)

    assert (order["status"], order["average"]) == ("closed", 60000.0)


def test_a_market_order_may_name_its_cost(trader: Any) -> None:
    order = trader.create_market_buy_order_with_cost("BTC/USDT", 3000.5)

    assert (order["filled"], order["cost"]) == (0.05, 3000.5)


def test_post_only_that_would_take_is_refused(trader: Any) -> None:
    with pytest.raises(ccxt.OrderImmediatelyFillable):
        trader.create_order("BTC/USDT", "limit", "buy", 1, 60010, {"postOnly": True})


def test_an_order_is_found_by_its_own_id_and_canceled(trader: Any) -> None:
    trader.create_order("BTC/USDT", "limit", "buy", 1, 59000, {"clientOrderId": "mine-1"})

    found = trader.fetch_order(None, "BTC/USDT", {"origClientOrderId": "mine-1"})
    assert [order["id"] for order in trader.fetch_open_orders("BTC/USDT")] == [found["id"]]
    canceled = trader.cancel_order(None, "BTC/USDT", {"origClientOrderId": "mine-1"})

    assert (found["status"], canceled["status"]) == ("open", "canceled")
    assert trader.fetch_balance()["used"]["USDT"] == 0


def test_a_second_open_order_with_the_same_id_is_refused(trader: Any, code_of: CodeOf) -> None:
    first = {"clientOrderId": "mine-1"}
    trader.create_order("BTC/USDT", "limit", "buy", 1, 59000, first)

    with pytest.raises(ccxt.InvalidOrder, match="Duplicate order sent") as refused:
        trader.create_order("BTC/USDT", "limit", "buy", 1, 59000, first)

    assert code_of(refused.value) == "-2010"
    assert len(trader.fetch_open_orders("BTC/USDT")) == 1


def test_own_trades_name_order_price_and_fee(trader: Any) -> None:
    order = trader.create_order("BTC/USDT", "market", "buy", 0.5)

    (trade,) = trader.fetch_my_trades("BTC/USDT", params={"orderId": order["id"]})

    assert (trade["order"], trade["price"], trade["takerOrMaker"]) == (
        order["id"],
        60010.0,
        "taker",
    )
    assert trade["fee"] == {"currency": "BTC", "cost": 0.00025}


def test_a_resting_order_is_filled_by_a_moving_market(trader: Any, venue: PracticeVenue) -> None:
    order = trader.create_order("BTC/USDT", "limit", "sell", 0.5, 60005)

    venue.set_book_now("alpha", "BTC/USDT", bids=[("60006", "1")], asks=[("60020", "1")])

    done = trader.fetch_order(order["id"], "BTC/USDT")
    assert (done["status"], done["average"]) == ("closed", 60005.0)
    (trade,) = trader.fetch_my_trades("BTC/USDT")
    assert trade["takerOrMaker"] == "maker"


def test_public_data_parse_as_the_models(trader: Any) -> None:
    trader.create_order("BTC/USDT", "market", "buy", 0.5)

    book = trader.fetch_order_book("BTC/USDT", 5)
    assert book["asks"] == [[60010.0, 0.5], [60020.0, 2.0]]
    assert trader.fetch_ticker("BTC/USDT")["last"] == 60010.0
    assert trader.fetch_trades("BTC/USDT")[-1]["amount"] == 0.5
    assert trader.fetch_ohlcv("BTC/USDT", "1m")[-1][4:] == [60010.0, 0.5]
    assert trader.fetch_bids_asks(["BTC/USDT"])["BTC/USDT"]["bid"] == 60000.0


def test_a_wrong_secret_is_refused(trader: Any, code_of: CodeOf) -> None:
    trader.secret = "wrong"

    with pytest.raises(ccxt.AuthenticationError) as refused:
        trader.fetch_balance()

    assert code_of(refused.value) == "-1022"


def test_an_unknown_key_is_refused(trader: Any, code_of: CodeOf) -> None:
    trader.apiKey = "a" * 64

    with pytest.raises(ccxt.AuthenticationError) as refused:
        trader.fetch_balance()

    assert code_of(refused.value) == "-2015"


def test_a_revoked_key_is_refused(
    trader: Any, venue: PracticeVenue, alice: OpenedAccount, code_of: CodeOf
) -> None:
    venue.control("POST", f"alpha/accounts/{alice.account_id}/revoke")

    with pytest.raises(ccxt.AuthenticationError) as refused:
        trader.fetch_balance()

    assert code_of(refused.value) == "-2015"


def test_a_key_without_the_right_cannot_trade_and_says_so(venue: PracticeVenue) -> None:
    from tests.integration.practice.conftest import client_of

    viewer = venue.open_account_now(
        "alpha", {"USDT": "1000"}, permissions={"trade": False, "withdraw": True}
    )
    client = client_of(ccxt.binance, venue, viewer)

    rights = client.sapi_get_account_apirestrictions()
    assert (rights["enableSpotAndMarginTrading"], rights["enableWithdrawals"]) == (False, True)
    with pytest.raises(ccxt.AuthenticationError):
        client.create_order("BTC/USDT", "market", "buy", 0.001)


@pytest.mark.parametrize(("behind_ms", "words"), [(60_000, "outside"), (-5_000, "ahead")])
def test_a_skewed_clock_is_refused(
    trader: Any, code_of: CodeOf, behind_ms: int, words: str
) -> None:
    trader.load_markets()
    real = trader.nonce
    trader.nonce = lambda: real() - behind_ms

    with pytest.raises(ccxt.InvalidNonce, match=words) as refused:
        trader.fetch_balance()

    assert code_of(refused.value) == "-1021"


def test_money_that_is_not_there_is_refused(trader: Any) -> None:
    with pytest.raises(ccxt.InsufficientFunds):
        trader.create_order("BTC/USDT", "limit", "buy", 2, 59000)


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"symbol": "NOPEUSDT"}, "-1121"),
        ({"side": "LEFT"}, "-1117"),
        ({"type": "STOP"}, "-1116"),
        ({"timeInForce": "DAY"}, "-1115"),
        ({"quantity": "-1"}, "-1100"),
        ({"price": ""}, "-1105"),
        ({"surprise": "1"}, "-1104"),
        ({"newOrderRespType": "SHORT"}, "-1136"),
        ({"quoteOrderQty": "5"}, "-1106"),
        ({"newClientOrderId": "no spaces"}, "-1100"),
        ({"quantity": "0.000001"}, "-1013"),
    ],
)
def test_a_malformed_order_gets_the_models_code(
    trader: Any, code_of: CodeOf, wrong: dict[str, str], code: str
) -> None:
    right = {
        "symbol": "BTCUSDT",
        "side": "BUY",
        "type": "LIMIT",
        "timeInForce": "GTC",
        "quantity": "1",
        "price": "59000",
    }

    with pytest.raises(ccxt.BaseError) as refused:
        trader.private_post_order(right | wrong)

    assert code_of(refused.value) == code
    assert trader.fetch_balance()["used"]["USDT"] == 0


def test_a_missing_parameter_is_named(trader: Any) -> None:
    with pytest.raises(ccxt.BadRequest, match="Mandatory parameter 'side' was not sent"):
        trader.private_post_order({"symbol": "BTCUSDT"})


def test_what_does_not_exist_is_told_by_two_codes(trader: Any, code_of: CodeOf) -> None:
    with pytest.raises(ccxt.OrderNotFound) as queried:
        trader.fetch_order("999", "BTC/USDT")
    with pytest.raises(ccxt.OrderNotFound) as canceled:
        trader.cancel_order("999", "BTC/USDT")

    assert (code_of(queried.value), code_of(canceled.value)) == ("-2013", "-2011")


def test_another_accounts_order_does_not_exist(trader: Any, venue: PracticeVenue) -> None:
    from tests.integration.practice.conftest import client_of

    order = trader.create_order("BTC/USDT", "limit", "buy", 1, 59000)
    mallory = client_of(ccxt.binance, venue, venue.open_account_now("alpha", {}))

    with pytest.raises(ccxt.OrderNotFound):
        mallory.cancel_order(order["id"], "BTC/USDT")

    assert trader.fetch_order(order["id"], "BTC/USDT")["status"] == "open"


def test_the_witness_tells_the_same_as_the_dialect(
    trader: Any, venue: PracticeVenue, alice: OpenedAccount
) -> None:
    order = trader.create_order("BTC/USDT", "market", "buy", 0.5)

    ledger = venue.ledger_now("alpha", alice.account_id)

    (fill,) = ledger["fills"]
    assert (str(fill["order_id"]), Decimal(fill["price"])) == (order["id"], Decimal(60010))
    assert ledger["balances"]["BTC"] == {"free": "1.49975000", "locked": "0"}
    surplus = venue.control("GET", "alpha/audit")["surplus"]
    assert {asset: Decimal(amount) for asset, amount in surplus.items()} == {"BTC": 0, "USDT": 0}
