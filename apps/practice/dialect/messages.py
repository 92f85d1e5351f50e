"""Messages of the WebSocket side in Binance's shapes: market streams and user events."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from apps.practice.dialect.shapes import text8
from apps.practice.domain import events
from apps.practice.domain.events import OrderFilled
from apps.practice.domain.exchange import Print
from apps.practice.domain.ledger import Account, Order
from apps.practice.domain.matching import Book
from apps.practice.domain.rules import SymbolRules
from apps.practice.tape import MINUTE, Candle


def depth_message(
    rules: SymbolRules, book: Book, changed: tuple[set[int], set[int]], first: int, now: int
) -> dict[str, Any]:
    """A diff: every level changed since update id `first` - 1 with its quantity now."""
    sides = []
    for half, ticks_changed in ((book.bids, changed[0]), (book.asks, changed[1])):
        totals = half.totals
        sides.append(
            [
                [text8(rules.price(ticks)), text8(rules.quantity(totals.get(ticks, 0)))]
                for ticks in sorted(ticks_changed, reverse=half.sign < 0)
            ]
        )
    return {
        "e": "depthUpdate",
        "E": now,
        "s": rules.id,
        "U": first,
        "u": book.update_id,
        "b": sides[0],
        "a": sides[1],
    }


def top_message(rules: SymbolRules, book: Book) -> dict[str, Any]:
    """Best bid and ask; an empty side is told as zero."""
    bid, ask = top_of(rules, book)
    return {"u": book.update_id, "s": rules.id, "b": bid[0], "B": bid[1], "a": ask[0], "A": ask[1]}


def top_of(rules: SymbolRules, book: Book) -> tuple[tuple[str, str], tuple[str, str]]:
    """((bid price, quantity), (ask price, quantity)) as texts; zeros where a side is empty."""
    found = []
    for half in (book.bids, book.asks):
        ticks, lots = (half.top(1) or [(0, 0)])[0]
        found.append((text8(rules.price(ticks)), text8(rules.quantity(lots))))
    return found[0], found[1]


def trade_message(deal: Print) -> dict[str, Any]:
    return {
        "e": "trade",
        "E": deal.at,
        "s": deal.symbol.replace("/", ""),
        "t": deal.trade_id,
        "p": text8(deal.price),
        "q": text8(deal.quantity),
        "T": deal.at,
        "m": deal.buyer_maker,
        "M": True,
    }


def aggregate_message(deal: Print) -> dict[str, Any]:
    """Each trade is its own aggregate: true, and enough for a venue of this size."""
    return {
        "e": "aggTrade",
        "E": deal.at,
        "s": deal.symbol.replace("/", ""),
        "a": deal.trade_id,
        "p": text8(deal.price),
        "q": text8(deal.quantity),
        "f": deal.trade_id,
        "l": deal.trade_id,
        "T": deal.at,
        "m": deal.buyer_maker,
        "M": True,
    }


def candle_message(
    symbol_id: str, interval: str, minutes: int, bar: Candle, now: int
) -> dict[str, Any]:
    closes = bar.opened + minutes * MINUTE - 1
    return {
        "e": "kline",
        "E": now,
        "s": symbol_id,
        "k": {
            "t": bar.opened,
            "T": closes,
            "s": symbol_id,
            "i": interval,
            "f": -1,
            "L": -1,
            "o": text8(bar.open),
            "c": text8(bar.close),
            "h": text8(bar.high),
            "l": text8(bar.low),
            "v": text8(bar.volume),
            "n": bar.trades,
            "x": now > closes,
            "q": text8(bar.quote_volume),
            "V": text8(bar.taken),
            "Q": text8(bar.quote_taken),
            "B": "0",
        },
    }


_DAY_NAMES = {
    "priceChange": "p",
    "priceChangePercent": "P",
    "weightedAvgPrice": "w",
    "prevClosePrice": "x",
    "lastPrice": "c",
    "lastQty": "Q",
    "bidPrice": "b",
    "bidQty": "B",
    "askPrice": "a",
    "askQty": "A",
    "openPrice": "o",
    "highPrice": "h",
    "lowPrice": "l",
    "volume": "v",
    "quoteVolume": "q",
    "openTime": "O",
    "closeTime": "C",
    "firstId": "F",
    "lastId": "L",
    "count": "n",
}


def day_message(day: Mapping[str, Any], now: int) -> dict[str, Any]:
    """The 24 hour ticker: the REST answer under the stream's short names."""
    short = {_DAY_NAMES[name]: value for name, value in day.items() if name in _DAY_NAMES}
    return {"e": "24hrTicker", "E": now, "s": day["symbol"], **short}


def execution_message(order: Order, fact: events.Fact, now: int) -> dict[str, Any]:
    """executionReport of one fact about an order, as things stood right after that fact.

    A waiting order is told as NEW and not working, and as NEW once more when it is triggered.
    """
    works = not (order.waits or (isinstance(fact, events.OrderAccepted) and fact.waits))
    message: dict[str, Any] = {
        "e": "executionReport",
        "E": now,
        "s": order.symbol.replace("/", ""),
        "c": order.client_order_id,
        "S": order.side,
        "o": order.type,
        "f": order.time_in_force,
        "q": text8(order.quantity),
        "p": text8(order.price),
        "P": text8(order.stop_price),
        "F": "0.00000000",
        "g": -1,
        "C": "",
        "x": "NEW",
        "X": "NEW",
        "r": "NONE",
        "i": order.id,
        "l": "0.00000000",
        "z": "0.00000000",
        "L": "0.00000000",
        "n": "0",
        "N": None,
        "T": fact.at,
        "t": -1,
        "I": fact.at,
        "w": works,
        "m": False,
        "M": False,
        "O": order.created_at,
        "Z": "0.00000000",
        "Y": "0.00000000",
        "Q": text8(order.quote_quantity),
        "V": "NONE",
    }
    if works:
        message["W"] = order.working_at
    if order.trailing_delta:
        message["d"] = order.trailing_delta
    if isinstance(fact, OrderFilled):
        message |= _fill_fields(fact)
    elif isinstance(fact, events.OrderClosed):
        message |= {
            "c": fact.cancel_client_id or order.client_order_id,
            "C": order.client_order_id if fact.status == "CANCELED" else "",
            "x": fact.status,
            "X": fact.status,
            "z": text8(order.executed),
            "Z": text8(order.quote_executed),
            "w": False,
        }
    return message


def _fill_fields(fact: OrderFilled) -> dict[str, Any]:
    return {
        "x": "TRADE",
        "X": fact.status,
        "l": text8(fact.quantity),
        "z": text8(fact.executed),
        "L": text8(fact.price),
        "n": text8(fact.fee),
        "N": fact.fee_asset,
        "t": fact.trade_id,
        "w": fact.status != "FILLED" and fact.maker,
        "m": fact.maker,
        "M": True,
        "Z": text8(fact.quote_executed),
        "Y": text8(fact.quote),
    }


def position_message(account: Account, assets: Iterable[str], now: int) -> dict[str, Any]:
    """outboundAccountPosition: the balances of these assets now."""
    return {
        "e": "outboundAccountPosition",
        "E": now,
        "u": account.updated_at,
        "B": [
            {
                "a": asset,
                "f": text8(account.balance(asset).free),
                "l": text8(account.balance(asset).locked),
            }
            for asset in sorted(assets)
        ],
    }


def adjusted_message(fact: events.BalanceAdjusted, now: int) -> dict[str, Any]:
    return {"e": "balanceUpdate", "E": now, "a": fact.asset, "d": text8(fact.amount), "T": fact.at}
