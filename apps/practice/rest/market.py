"""Public market data."""

from __future__ import annotations

from typing import Any

import orjson

from apps.practice.dialect import messages, shapes
from apps.practice.dialect.reading import Parameters
from apps.practice.domain import refusals
from apps.practice.domain.exchange import Print
from apps.practice.rest.table import Call, endpoint
from apps.practice.tape import INTERVALS


@endpoint("GET /api/v3/ping")
def ping(call: Call) -> Any:
    return {}


@endpoint("GET /api/v3/time")
def time(call: Call) -> Any:
    return {"serverTime": call.instance.now()}


@endpoint("GET /api/v3/exchangeInfo", weight=20)
def exchange_info(call: Call) -> Any:
    limits = call.instance.config.limits
    parameters = call.parameters
    for ignored in ("permissions", "showPermissionSets", "symbolStatus"):
        parameters.has(ignored)
    return {
        "timezone": "UTC",
        "serverTime": call.instance.now(),
        "rateLimits": [
            _rate_limit("REQUEST_WEIGHT", "MINUTE", 1, limits.weight_per_minute),
            _rate_limit("ORDERS", "SECOND", 10, limits.orders_per_10s),
            _rate_limit("ORDERS", "DAY", 1, limits.orders_per_day),
        ],
        "exchangeFilters": [],
        "symbols": [
            shapes.symbol_shape(
                call.instance.rules[symbol], halted=symbol in call.instance.exchange.halted
            )
            for symbol in _chosen(call)[0]
        ],
    }


def _rate_limit(kind: str, interval: str, number: int, limit: int) -> dict[str, Any]:
    return {"rateLimitType": kind, "interval": interval, "intervalNum": number, "limit": limit}


def _depth_weight(parameters: Parameters) -> int:
    limit = parameters.limit(100, 5000)
    return 5 if limit <= 100 else 25 if limit <= 500 else 50 if limit <= 1000 else 250


@endpoint("GET /api/v3/depth", weight=_depth_weight)
def depth(call: Call) -> Any:
    symbol, limit = call.symbol(), call.parameters.limit(100, 5000)
    book, rules = call.instance.exchange.books[symbol], call.instance.rules[symbol]
    return {
        "lastUpdateId": book.update_id,
        "bids": shapes.levels_shape(book.bids, rules, limit),
        "asks": shapes.levels_shape(book.asks, rules, limit),
    }


@endpoint("GET /api/v3/trades", weight=25)
def trades(call: Call) -> Any:
    symbol, limit = call.symbol(), call.parameters.limit(500, 1000)
    return [_trade(deal) for deal in list(call.instance.tickers[symbol].tape.trades)[-limit:]]


def _trade(deal: Print) -> dict[str, Any]:
    return {
        "id": deal.trade_id,
        "price": shapes.text8(deal.price),
        "qty": shapes.text8(deal.quantity),
        "quoteQty": shapes.text8(deal.price * deal.quantity),
        "time": deal.at,
        "isBuyerMaker": deal.buyer_maker,
        "isBestMatch": True,
    }


@endpoint("GET /api/v3/aggTrades", weight=4)
def aggregate_trades(call: Call) -> Any:
    symbol, parameters = call.symbol(), call.parameters
    limit, first = parameters.limit(500, 1000), parameters.whole("fromId")
    start, end = parameters.whole("startTime"), parameters.whole("endTime")
    found = [
        deal
        for deal in call.instance.tickers[symbol].tape.trades
        if (first is None or deal.trade_id >= first)
        and (start is None or deal.at >= start)
        and (end is None or deal.at <= end)
    ]
    chosen = found[-limit:] if first is None and start is None else found[:limit]
    kept = ("a", "p", "q", "f", "l", "T", "m", "M")
    return [
        {name: value for name, value in messages.aggregate_message(deal).items() if name in kept}
        for deal in chosen
    ]


@endpoint("GET /api/v3/klines", weight=2)
def candles(call: Call) -> Any:
    symbol, parameters = call.symbol(), call.parameters
    interval = parameters.text("interval")
    if interval not in INTERVALS:
        raise refusals.interval_invalid()
    bars = call.instance.tickers[symbol].tape.candles(
        interval,
        call.instance.now(),
        limit=parameters.limit(500, 1000),
        start=parameters.whole("startTime"),
        end=parameters.whole("endTime"),
    )
    return [shapes.candle_shape(bar, INTERVALS[interval]) for bar in bars]


def _ticker_weight(parameters: Parameters) -> int:
    return 2 if parameters.has("symbol") else 40


@endpoint("GET /api/v3/ticker/24hr", weight=_ticker_weight)
def ticker_day(call: Call) -> Any:
    call.parameters.has("type")
    now = call.instance.now()
    return _one_or_all(call, lambda symbol: call.instance.tickers[symbol].day_shape(now))


@endpoint("GET /api/v3/ticker/price", weight=2)
def ticker_price(call: Call) -> Any:
    def shape(symbol: str) -> dict[str, Any] | None:
        price = call.instance.exchange.reference_price(symbol)
        if price is None:
            return None
        return {"symbol": call.instance.rules[symbol].id, "price": shapes.text8(price)}

    return _one_or_all(call, shape)


@endpoint("GET /api/v3/ticker/bookTicker", weight=2)
def ticker_book(call: Call) -> Any:
    def shape(symbol: str) -> dict[str, Any]:
        rules = call.instance.rules[symbol]
        bid, ask = messages.top_of(rules, call.instance.exchange.books[symbol])
        return {
            "symbol": rules.id,
            "bidPrice": bid[0],
            "bidQty": bid[1],
            "askPrice": ask[0],
            "askQty": ask[1],
        }

    return _one_or_all(call, shape)


@endpoint("GET /api/v3/avgPrice", weight=2)
def average_price(call: Call) -> Any:
    symbol = call.symbol()
    price = call.instance.exchange.reference_price(symbol)
    if price is None:
        raise refusals.symbol_invalid()
    return {"mins": 0, "price": shapes.text8(price), "closeTime": call.instance.now()}


def _chosen(call: Call) -> tuple[list[str], bool]:
    """The symbols asked for, and whether exactly one was asked for by name."""
    parameters = call.parameters
    if parameters.has("symbol"):
        return [call.symbol()], True
    if not parameters.has("symbols"):
        return list(call.instance.rules), False
    try:
        ids = orjson.loads(parameters.text("symbols"))
    except orjson.JSONDecodeError:
        ids = None
    if not isinstance(ids, list):
        raise refusals.characters_illegal("symbols", r'^\["[A-Z0-9]+"(,"[A-Z0-9]+")*\]$')
    return [call.known(str(name)) for name in ids], False


def _one_or_all(call: Call, shape: Any) -> Any:
    """One object for a named symbol, else a list without the symbols that have nothing yet."""
    symbols, single = _chosen(call)
    found = [made for made in map(shape, symbols) if made is not None]
    if not single:
        return found
    if not found:
        raise refusals.symbol_invalid()
    return found[0]
