"""Answers of the REST side in Binance's shapes. Amounts are texts with eight decimals."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from apps.practice.domain.events import OrderFilled
from apps.practice.domain.ledger import Account, Order
from apps.practice.domain.matching import HalfBook
from apps.practice.domain.rules import SymbolRules
from apps.practice.domain.triggers import CONTINGENT
from apps.practice.tape import MINUTE, Candle, Day


def text8(amount: Decimal) -> str:
    """An amount as Binance writes it."""
    return f"{amount:.8f}"


def symbol_shape(rules: SymbolRules, *, halted: bool = False) -> dict[str, Any]:
    """One entry of exchangeInfo: names, precisions and the filters that are enforced."""
    return {
        "symbol": rules.id,
        "status": "BREAK" if halted else "TRADING",
        "baseAsset": rules.base,
        "baseAssetPrecision": 8,
        "quoteAsset": rules.quote,
        "quotePrecision": 8,
        "quoteAssetPrecision": 8,
        "baseCommissionPrecision": 8,
        "quoteCommissionPrecision": 8,
        "orderTypes": ["LIMIT", "LIMIT_MAKER", "MARKET", *CONTINGENT],
        "icebergAllowed": False,
        "ocoAllowed": False,
        "otoAllowed": False,
        "quoteOrderQtyMarketAllowed": True,
        "allowTrailingStop": True,
        "cancelReplaceAllowed": False,
        "isSpotTradingAllowed": True,
        "isMarginTradingAllowed": False,
        "filters": filter_shapes(rules),
        "permissions": ["SPOT"],
        "permissionSets": [["SPOT"]],
        "defaultSelfTradePreventionMode": "NONE",
        "allowedSelfTradePreventionModes": ["NONE"],
    }


def filter_shapes(rules: SymbolRules) -> list[dict[str, Any]]:
    return [
        {
            "filterType": "PRICE_FILTER",
            "minPrice": text8(rules.tick),
            "maxPrice": text8(rules.max_price),
            "tickSize": text8(rules.tick),
        },
        {
            "filterType": "LOT_SIZE",
            "minQty": text8(rules.min_quantity),
            "maxQty": text8(rules.max_quantity),
            "stepSize": text8(rules.step),
        },
        {
            "filterType": "MARKET_LOT_SIZE",
            "minQty": text8(Decimal(0)),
            "maxQty": text8(rules.market_max_quantity),
            "stepSize": text8(Decimal(0)),
        },
        {
            "filterType": "PERCENT_PRICE_BY_SIDE",
            "bidMultiplierUp": f"{rules.percent_up:f}",
            "bidMultiplierDown": f"{rules.percent_down:f}",
            "askMultiplierUp": f"{rules.percent_up:f}",
            "askMultiplierDown": f"{rules.percent_down:f}",
            "avgPriceMins": 0,
        },
        {
            "filterType": "NOTIONAL",
            "minNotional": text8(rules.min_notional),
            "applyMinToMarket": True,
            "maxNotional": text8(rules.max_notional),
            "applyMaxToMarket": True,
            "avgPriceMins": 0,
        },
        {
            "filterType": "TRAILING_DELTA",
            "minTrailingAboveDelta": rules.trailing_delta[0],
            "maxTrailingAboveDelta": rules.trailing_delta[1],
            "minTrailingBelowDelta": rules.trailing_delta[0],
            "maxTrailingBelowDelta": rules.trailing_delta[1],
        },
        {"filterType": "MAX_NUM_ORDERS", "maxNumOrders": rules.max_orders},
        {"filterType": "MAX_NUM_ALGO_ORDERS", "maxNumAlgoOrders": rules.max_algo_orders},
    ]


def levels_shape(half: HalfBook, rules: SymbolRules, limit: int) -> list[list[str]]:
    """The best levels as [price, quantity]."""
    return [
        [text8(rules.price(ticks)), text8(rules.quantity(lots))] for ticks, lots in half.top(limit)
    ]


def order_shape(order: Order) -> dict[str, Any]:
    """An order as the queries answer it. A waiting one does not work; -1 is its workingTime."""
    answer = {
        "symbol": order.symbol.replace("/", ""),
        "orderId": order.id,
        "orderListId": -1,
        "clientOrderId": order.client_order_id,
        "price": text8(order.price),
        "origQty": text8(order.quantity),
        "executedQty": text8(order.executed),
        "origQuoteOrderQty": text8(order.quote_quantity),
        "cummulativeQuoteQty": text8(order.quote_executed),
        "status": order.status,
        "timeInForce": order.time_in_force,
        "type": order.type,
        "side": order.side,
        "stopPrice": text8(order.stop_price),
        "icebergQty": "0.00000000",
        "time": order.created_at,
        "updateTime": order.updated_at,
        "isWorking": order.working,
        "workingTime": order.working_at,
        "selfTradePreventionMode": "NONE",
    }
    if order.trailing_delta:
        answer["trailingDelta"] = order.trailing_delta
    return answer


def placed_shape(order: Order, fills: Iterable[OrderFilled], response_type: str) -> dict[str, Any]:
    """The answer to a new order: ACK, RESULT or FULL."""
    answer: dict[str, Any] = {
        "symbol": order.symbol.replace("/", ""),
        "orderId": order.id,
        "orderListId": -1,
        "clientOrderId": order.client_order_id,
        "transactTime": order.updated_at,
    }
    if response_type == "ACK":
        return answer
    full = order_shape(order)
    kept: tuple[str, ...] = (
        "price",
        "origQty",
        "executedQty",
        "origQuoteOrderQty",
        "cummulativeQuoteQty",
    )
    kept += ("status", "timeInForce", "type", "side", "workingTime", "selfTradePreventionMode")
    if order.type in CONTINGENT:
        kept += tuple(name for name in ("stopPrice", "trailingDelta") if name in full)
    answer |= {name: full[name] for name in kept}
    if response_type == "FULL":
        answer["fills"] = [
            {
                "price": text8(fill.price),
                "qty": text8(fill.quantity),
                "commission": text8(fill.fee),
                "commissionAsset": fill.fee_asset,
                "tradeId": fill.trade_id,
            }
            for fill in fills
        ]
    return answer


def canceled_shape(order: Order, client_id: str) -> dict[str, Any]:
    answer = order_shape(order)
    dropped = ["time", "updateTime", "isWorking", "workingTime", "icebergQty"]
    for name in dropped if order.type in CONTINGENT else [*dropped, "stopPrice"]:
        del answer[name]
    return answer | {
        "origClientOrderId": order.client_order_id,
        "clientOrderId": client_id or f"cancel-{order.id}",
        "transactTime": order.updated_at,
    }


def my_trade_shape(fill: OrderFilled) -> dict[str, Any]:
    return {
        "symbol": fill.symbol.replace("/", ""),
        "id": fill.trade_id,
        "orderId": fill.order_id,
        "orderListId": -1,
        "price": text8(fill.price),
        "qty": text8(fill.quantity),
        "quoteQty": text8(fill.quote),
        "commission": text8(fill.fee),
        "commissionAsset": fill.fee_asset,
        "time": fill.at,
        "isBuyer": fill.side == "BUY",
        "isMaker": fill.maker,
        "isBestMatch": True,
    }


def account_shape(
    account: Account, fees: tuple[Decimal, Decimal], *, omit_zero: bool
) -> dict[str, Any]:
    """Balances, rights and fees (maker, taker) of an account."""
    maker, taker = fees
    return {
        "makerCommission": int(maker * 10_000),
        "takerCommission": int(taker * 10_000),
        "buyerCommission": 0,
        "sellerCommission": 0,
        "commissionRates": {
            "maker": text8(maker),
            "taker": text8(taker),
            "buyer": "0.00000000",
            "seller": "0.00000000",
        },
        "canTrade": account.can_trade,
        "canWithdraw": account.can_withdraw,
        "canDeposit": False,
        "brokered": False,
        "requireSelfTradePrevention": False,
        "preventSor": False,
        "updateTime": account.updated_at,
        "accountType": "SPOT",
        "balances": [
            {"asset": asset, "free": text8(balance.free), "locked": text8(balance.locked)}
            for asset, balance in sorted(account.balances.items())
            if not omit_zero or balance.free or balance.locked
        ],
        "permissions": ["SPOT"],
        "uid": account.id,
    }


def candle_shape(bar: Candle, minutes: int) -> list[Any]:
    return [
        bar.opened,
        text8(bar.open),
        text8(bar.high),
        text8(bar.low),
        text8(bar.close),
        text8(bar.volume),
        bar.opened + minutes * MINUTE - 1,
        text8(bar.quote_volume),
        bar.trades,
        text8(bar.taken),
        text8(bar.quote_taken),
        "0",
    ]


def day_shape(symbol_id: str, day: Day, top: dict[str, str]) -> dict[str, Any]:
    """ticker/24hr; `top` brings bidPrice, bidQty, askPrice, askQty."""
    change = day.last - day.open
    average = day.quote_volume / day.volume if day.volume else day.last
    return {
        "symbol": symbol_id,
        "priceChange": text8(change),
        "priceChangePercent": f"{change / day.open * 100:.3f}",
        "weightedAvgPrice": text8(average),
        "prevClosePrice": text8(day.open),
        "lastPrice": text8(day.last),
        "lastQty": "0.00000000",
        **top,
        "openPrice": text8(day.open),
        "highPrice": text8(day.high),
        "lowPrice": text8(day.low),
        "volume": text8(day.volume),
        "quoteVolume": text8(day.quote_volume),
        "openTime": day.opened_at,
        "closeTime": day.closed_at,
        "firstId": day.first_id,
        "lastId": day.last_id,
        "count": day.trades,
    }
