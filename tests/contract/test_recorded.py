"""Answers that venues really gave, read by the real adapters.

Left out because they belong to other markets: orders and fills of Bybit's and OKX's contracts,
Kraken's futures, Hyperliquid's perpetuals. BitMEX's orders and executions were recorded on a
contract; they have the shape of spot's and are read as if one contract were one coin.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal as D

import pytest
from requests.adapters import HTTPAdapter

from apps.venues.adapters._markets import markets_forget
from apps.venues.domain.errors import KeyRefused, VenueUnavailable
from apps.venues.domain.ports import OrderKind, OrderTicket, ReceiptStatus, Side
from apps.venues.registry import adapter_for
from tests.contract.conftest import credentials_of
from tests.fakes.recorded import recorded, recorded_wire

pytestmark = pytest.mark.recorded

LONG_AGO = datetime(2015, 1, 1, tzinfo=UTC)
BINANCE, BYBIT, OKX = (
    "nautilus_adapters/binance/spot/http_json",
    "nautilus_adapters/bybit",
    "nautilus_adapters/okx",
)
KRAKEN, COINBASE = "nautilus_adapters/kraken", "nautilus_adapters/coinbase"
BITMEX, HYPERLIQUID = "nautilus_adapters/bitmex", "nautilus_adapters/hyperliquid"
CONTRACT = {'"XBT_USDT"': '"XBTUSD"', "100000000,": "1,"}
LTC_BTC = {'"BTCUSDT"': '"LTCBTC"', '"BTC"': '"LTC"', '"USDT"': '"BTC"'}
BNB_BTC = {'"BTCUSDT"': '"BNBBTC"', '"BTC"': '"BNB"', '"USDT"': '"BTC"'}
BTC_USD = {"BTC-USDC": "BTC-USD", '"USDC"': '"USD"'}
SOL_USDC = {"@107": "@156", '"index": 107': '"index": 156'}


@pytest.fixture
def venue_of(monkeypatch):
    """A venue that gives a recorded answer on one route, some of its markets under other names."""
    made = []

    def venue(code, route, answer, names=None):
        wire = recorded_wire(code, {route: answer}, names or {})
        monkeypatch.setattr(HTTPAdapter, "send", lambda self, *a, **k: wire.send(self, *a, **k))
        adapter = adapter_for(code)
        made.append(wire)
        return adapter(credentials_of(adapter))

    markets_forget()
    yield venue
    markets_forget()
    assert [wire.unmatched for wire in made] == [[]] * len(made)


def amounts(held):
    return {b.asset: (b.free, b.used) for b in held}


def told(trades):
    """(order, trade, quantity, price, fee, fee asset, maker, milliseconds)"""
    return [
        (
            order,
            t.venue_trade_id,
            *(t.quantity, t.price, t.fee, t.fee_asset, t.is_maker),
            round(t.traded_at.timestamp() * 1000),
        )
        for order, t in trades
    ]


def seen(orders):
    return [
        (o.venue_order_id, o.client_order_id, o.side.value, o.quantity, o.filled, o.limit_price)
        for o in orders
    ]


@pytest.mark.parametrize(
    ("code", "route", "file", "expected"),
    [
        (
            "binance",
            "GET /api/v3/account",
            f"{BINANCE}/account_response.json",
            {"BTC": (D("4723846.89208129"), D(0)), "LTC": (D("4763368.68006011"), D(0))},
        ),
        (
            "bybit",
            "GET /v5/account/wallet-balance",
            f"{BYBIT}/http_get_wallet_balance.json",
            {"USDT": (D("1000.50"), D(0))},
        ),
        (
            "okx",
            "GET /api/v5/account/balance",
            f"{OKX}/http_get_account_balance.json",
            {"USDT": (D("94.42612990333333"), D("5.46856666666668"))},
        ),
        (
            "coinbase",
            "GET /brokerage/accounts",
            f"{COINBASE}/http_accounts.json",
            {"BTC": (D("1.23456789"), D("0.005")), "USD": (D("10000.50"), D("450.00"))},
        ),
        (
            "hyperliquid",
            "POST /info spotClearinghouseState",
            f"{HYPERLIQUID}/http_spot_clearinghouse_state.json",
            {
                "+10": (D(25), D(0)),
                "HYPE": (D("5.2"), D(0)),
                "PURR": (D(1900), D(100)),
                "USDC": (D("14.625485"), D(0)),
            },
        ),
    ],
    ids=lambda value: value if isinstance(value, str) and "/" not in value else "",
)
def test_balances(venue_of, code, route, file, expected):
    venue = venue_of(code, route, recorded(file))

    assert amounts(venue.balances()) == expected


def test_balances_of_bitmex_come_in_the_smallest_unit(venue_of):
    row = recorded(f"{BITMEX}/ws_margin.json")  # the row of GET /user/margin, sent on the socket

    venue = venue_of("bitmex", "GET /api/v1/user/margin", [row])

    assert amounts(venue.balances()) == {"BTC": (D("0.99994411"), D("0.00010769"))}


def test_a_balance_of_kraken_without_its_holds_is_unknown(venue_of):
    told_totals_only = recorded(f"{KRAKEN}/http_spot_balance.json")

    venue = venue_of("kraken", "POST /0/private/Balance", told_totals_only)

    with pytest.raises(VenueUnavailable):
        venue.balances()


@pytest.mark.parametrize(
    ("code", "route", "file", "names", "symbol", "expected"),
    [
        (
            "binance",
            "GET /api/v3/openOrders",
            f"{BINANCE}/open_orders_response.json",
            LTC_BTC,
            "LTC/BTC",
            [("1", "myOrder1", "buy", D(1), D(0), D("0.1"))],
        ),
        (
            "bybit",
            "GET /v5/order/realtime",
            f"{BYBIT}/http_get_orders_realtime.json",
            {"BTCUSDT": "ETHUSDT", '"BTC"': '"ETH"'},
            "ETH/USDT",
            [
                ("open-order-1", "client-open-1", "buy", D("0.01"), D(0), D("3930.41")),
                ("open-order-2", "client-open-2", "sell", D("0.01"), D(0), D("3940.42")),
            ],
        ),
        (
            "kraken",
            "POST /0/private/OpenOrders",
            f"{KRAKEN}/http_open_orders.json",
            {},
            "BTC/USDT",
            [("O26VBY-ISGAE-JP5TLU", "", "buy", D("0.5"), D(0), D(29500))],
        ),
        (
            "bitmex",
            "GET /api/v1/order?",
            f"{BITMEX}/http_get_orders.json",
            CONTRACT,
            "BTC/USDT",
            [
                (
                    "550e8400-e29b-41d4-a716-446655440001",
                    "mm_bitmex_1a/oemUeQ4CAJZgP3fjHsA",
                    "buy",
                    *(D(100), D(0), D(98000)),
                ),
                (
                    "550e8400-e29b-41d4-a716-446655440002",
                    "mm_bitmex_2b/oemUeQ4CAJZgP3fjHsB",
                    "sell",
                    *(D(200), D(200), D(99000)),
                ),
            ],
        ),
    ],
    ids=["binance", "bybit", "kraken", "bitmex"],
)
def test_orders(venue_of, code, route, file, names, symbol, expected):
    venue = venue_of(code, route, recorded(file), names)

    assert seen(venue.open_orders(symbol)) == expected


def test_orders_of_coinbase_keep_their_status(venue_of):
    rows = recorded(f"{COINBASE}/http_orders_list.json")
    venue = venue_of("coinbase", "GET /brokerage/orders/historical/batch", rows, BTC_USD)

    first = venue.open_orders("BTC/USD")[0]

    assert seen([first]) == [
        ("0000-000000-000001", "11111-000000-000001", "buy", D("0.01"), D(0), D(45000))
    ]
    assert first.status is ReceiptStatus.OPEN


@pytest.mark.parametrize(
    ("code", "route", "file", "names", "symbol", "expected"),
    [
        (
            "binance",
            "GET /api/v3/myTrades",
            f"{BINANCE}/account_trades_response.json",
            BNB_BTC,
            "BNB/BTC",
            ("100234", "28457", D(12), D("4.000001"), D("10.1"), "BNB", False, 1499865549590),
        ),
        (
            "kraken",
            "POST /0/private/TradesHistory",
            f"{KRAKEN}/http_trades_history.json",
            {},
            "BTC/USDT",
            (
                "O26VBY-ISGAE-JP5TLU",
                "TCCCTY-WJ6EO-4FP4VZ",
                *(D("0.5"), D("29500.50"), D("23.60"), "USDT", True, 1688585840892),
            ),
        ),
        (
            "coinbase",
            "GET /brokerage/orders/historical/fills",
            f"{COINBASE}/http_fills.json",
            BTC_USD,
            "BTC/USD",
            (
                "0000-000000-000000",
                "1111-11111-111111",
                *(D("0.005"), D("45123.45"), D("1.14"), "USD", True, 1705314600000),
            ),
        ),
        (
            "hyperliquid",
            "POST /info userFillsByTime",
            f"{HYPERLIQUID}/http_user_fills_dust_conversion.json",
            SOL_USDC,
            "HYPE/USDC",
            (
                "228721726126",
                "567745090281031",
                *(D("1.267"), D("160.32"), D("0.00088689"), "USOL", False, 1762697535160),
            ),
        ),
    ],
    ids=["binance", "kraken", "coinbase", "hyperliquid"],
)
def test_executions(venue_of, code, route, file, names, symbol, expected):
    venue = venue_of(code, route, recorded(file), names)

    assert told(venue.my_trades(symbol, since=LONG_AGO)) == [expected]


def test_an_execution_of_okx_may_carry_a_rebate(venue_of):
    row = recorded(f"{OKX}/http_transaction_detail.json")  # one row, recorded without its envelope
    answer = {"code": "0", "msg": "", "data": [row]}
    venue = venue_of("okx", "GET /api/v5/trade/fills-history", answer)

    assert told(venue.my_trades("BTC/USDT", since=LONG_AGO)) == [
        (
            "987654321",
            "123456789",
            *(D("0.001"), D("42000.5"), D("-0.042"), "USDT", False, 1625097600000),
        )
    ]


def test_executions_of_bitmex_carry_their_commission(venue_of):
    rows = recorded(f"{BITMEX}/http_get_executions.json")
    venue = venue_of("bitmex", "GET /api/v1/execution/tradeHistory", rows, CONTRACT)

    order = "550e8400-e29b-41d4-a716-446655440002"
    assert told(venue.my_trades("BTC/USDT", since=LONG_AGO)) == [
        (
            order,
            "550e8400-e29b-41d4-a716-446655440010",
            *(D(100), D(98950), D("0.00000076"), "BTC", True, 1732530900789),
        ),
        (
            order,
            "550e8400-e29b-41d4-a716-446655440011",
            *(D(100), D(98951), D("0.00000151"), "BTC", False, 1732530901123),
        ),
    ]


def test_a_market_order_of_binance_comes_back_with_its_fills(venue_of):
    answer = recorded(f"{BINANCE}/new_order_full_response.json")
    venue = venue_of("binance", "POST /api/v3/order", answer)

    receipt = venue.place_order(
        OrderTicket(
            client_order_id="a1",
            symbol="BTC/USDT",
            side=Side.SELL,
            kind=OrderKind.MARKET,
            quantity=D(10),
            limit_price=None,
        )
    )

    assert (receipt.status, receipt.filled) == (ReceiptStatus.FILLED, D(10))
    assert [(t.venue_trade_id, t.quantity, t.price, t.fee) for t in receipt.trades] == [
        ("56", D(1), D(4000), D(4)),
        ("57", D(5), D(3999), D("19.995")),
        ("58", D(2), D(3998), D("7.996")),
        ("59", D(1), D(3997), D("3.997")),
        ("60", D(1), D(3995), D("3.995")),
    ]


def test_an_acknowledgement_of_kraken_says_nothing_about_fills(venue_of):
    answer = recorded(f"{KRAKEN}/http_add_order_spot.json")
    venue = venue_of("kraken", "POST /0/private/AddOrder", answer)

    receipt = venue.place_order(
        OrderTicket(
            client_order_id="a1",
            symbol="BTC/USDT",
            side=Side.BUY,
            kind=OrderKind.LIMIT,
            quantity=D("0.01"),
            limit_price=D(50000),
        )
    )

    assert (receipt.venue_order_id, receipt.filled) == ("OUF4EM-FRGI2-MQMWZD", None)


@pytest.mark.parametrize(
    ("code", "route", "file", "symbol", "expected"),
    [
        (
            "bybit",
            "GET /v5/market/instruments-info",
            f"{BYBIT}/http_get_instruments_spot.json",
            "BTC/USDT",
            (D("0.1"), D("0.0001"), D("0.001"), D(10)),
        ),
        (
            "okx",
            "GET /api/v5/public/instruments",
            f"{OKX}/http_get_instruments_spot.json",
            "BTC/USD",
            (D("0.1"), D("0.00000001"), D("0.00001"), None),
        ),
        (
            "kraken",
            "GET /0/public/AssetPairs",
            f"{KRAKEN}/http_asset_pairs.json",
            "BTC/USDT",
            (D("0.1"), D("0.00000001"), D("0.00005"), D("0.5")),
        ),
        (
            "coinbase",
            "GET /brokerage/market/products",
            f"{COINBASE}/http_products.json",
            "BTC/USD",
            (D("0.01"), D("0.00000001"), D("0.00000001"), D(1)),
        ),
    ],
    ids=["bybit", "okx", "kraken", "coinbase"],
)
def test_steps_and_minimums(venue_of, code, route, file, symbol, expected):
    venue = venue_of(code, route, recorded(file))

    (info,) = (info for info in venue.instruments() if info.symbol == symbol)

    found = (info.price_step, info.quantity_step, info.min_quantity, info.min_notional)
    assert found == expected


@pytest.mark.parametrize(
    ("code", "route", "file", "names", "symbol", "bid", "ask"),
    [
        (
            "binance",
            "GET /api/v3/depth",
            f"{BINANCE}/depth_response.json",
            {},
            "BTC/USDT",
            (D(4), D(431)),
            (D("4.000002"), D(12)),
        ),
        (
            "bybit",
            "GET /v5/market/orderbook",
            f"{BYBIT}/http_get_orderbook.json",
            {},
            "BTC/USDT",
            (D("27450.5"), D("1.5")),
            (D(27451), D("1.2")),
        ),
        (
            "okx",
            "GET /api/v5/market/books",
            f"{OKX}/http_get_order_book.json",
            {},
            "BTC/USDT",
            (D("41006.7"), D("0.487921")),
            (D("41006.8"), D("0.60038921")),
        ),
        (
            "kraken",
            "GET /0/public/Depth",
            f"{KRAKEN}/http_order_book.json",
            {},
            "BTC/USDT",
            (D("105944.2"), D("0.002")),
            (D("105944.3"), D("0.136")),
        ),
        (
            "coinbase",
            "GET /brokerage/market/product_book",
            f"{COINBASE}/http_product_book.json",
            BTC_USD,
            "BTC/USD",
            (D("68923.66"), D("0.17189468")),
            (D("68923.67"), D("0.16987193")),
        ),
    ],
    ids=["binance", "bybit", "okx", "kraken", "coinbase"],
)
def test_the_top_of_a_book(venue_of, code, route, file, names, symbol, bid, ask):
    venue = venue_of(code, route, recorded(file), names)

    book = venue.book(symbol, depth=5)

    assert (book.bids[0], book.asks[0]) == (bid, ask)


@pytest.mark.parametrize(
    ("code", "route", "file", "expected"),
    [
        (
            "bybit",
            "GET /v5/account/fee-rate",
            f"{BYBIT}/http_get_fee_rate.json",
            (D("0.0001"), D("0.0006")),
        ),
        (
            "okx",
            "GET /api/v5/account/trade-fee",
            f"{OKX}/http_get_trade_fee_response.json",
            (D("0.0008"), D("0.001")),
        ),
    ],
    ids=["bybit", "okx"],
)
def test_fees_of_the_account(venue_of, code, route, file, expected):
    (fees,) = venue_of(code, route, recorded(file)).fees(["BTC/USDT"])

    assert (fees.maker, fees.taker) == expected


def test_a_read_only_key_of_bybit(venue_of):
    answer = recorded(f"{BYBIT}/http_get_user_query_api.json")

    rights = venue_of("bybit", "GET /v5/user/query-api", answer).rights()

    assert (rights.can_read, rights.can_trade, rights.can_withdraw) == (True, False, False)
    assert rights.ip_allow_list == ("18.181.170.164", "13.212.45.47", "13.212.45.48")
    assert rights.expires_at is None


def test_a_wrong_key_of_bitmex(venue_of):
    answer = {"$status": 401, "$body": recorded(f"{BITMEX}/http_error_response.json")}
    venue = venue_of("bitmex", "GET /api/v1/user/margin", answer)

    with pytest.raises(KeyRefused):
        venue.balances()
