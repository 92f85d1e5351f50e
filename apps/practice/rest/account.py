"""Account, orders, own trades, rights and user streams: what a key may ask."""

from __future__ import annotations

from typing import Any

from apps.practice.dialect import reading, shapes
from apps.practice.domain import refusals
from apps.practice.domain.events import OrderFilled
from apps.practice.domain.ledger import Order
from apps.practice.rest.table import Call, Need, endpoint

DAY_MS = 86_400_000


@endpoint("GET /api/v3/account", need=Need.SIGNATURE, weight=20)
def account(call: Call) -> Any:
    omit = call.parameters.text("omitZeroBalances", "false") == "true"
    fees = call.instance.fees_of(call.account)
    return shapes.account_shape(call.account, fees, omit_zero=omit)


@endpoint("POST /api/v3/order", need=Need.TRADE, weight=1, counts_as_order=True, writes=True)
def order_place(call: Call) -> Any:
    symbol, parameters = call.symbol(), call.parameters
    ticket = reading.read_ticket(parameters, symbol)
    response_type = reading.read_response_type(parameters, ticket.type)
    if parameters.has("selfTradePreventionMode"):
        parameters.text("selfTradePreventionMode")
    parameters.require_all_read()
    order, fills = call.instance.place(call.account, ticket)
    return shapes.placed_shape(order, fills, response_type)


@endpoint("POST /api/v3/order/test", need=Need.TRADE, weight=1)
def order_test(call: Call) -> Any:
    """Checks the request's fields only, like the model's own test endpoint without rates."""
    ticket = reading.read_ticket(call.parameters, call.symbol())
    reading.read_response_type(call.parameters, ticket.type)
    call.parameters.require_all_read()
    return {}


@endpoint("GET /api/v3/order", need=Need.SIGNATURE, weight=4)
def order_query(call: Call) -> Any:
    found = _order(call)
    if found is None:
        raise refusals.order_absent()
    return shapes.order_shape(found)


@endpoint("DELETE /api/v3/order", need=Need.TRADE, weight=1, writes=True)
def order_cancel(call: Call) -> Any:
    client_id = reading.read_client_id(call.parameters, "newClientOrderId")
    found = _order(call)
    if found is None or not found.open:
        raise refusals.cancel_rejected()
    call.parameters.require_all_read()
    call.instance.cancel(found, client_id=client_id)
    return shapes.canceled_shape(found, client_id)


@endpoint("GET /api/v3/openOrders", need=Need.SIGNATURE, weight=6)
def open_orders(call: Call) -> Any:
    symbol = call.symbol() if call.parameters.has("symbol") else None
    orders = call.instance.exchange.ledger.orders
    return [
        shapes.order_shape(orders[order_id])
        for order_id in call.account.open_ids
        if symbol is None or orders[order_id].symbol == symbol
    ]


@endpoint("DELETE /api/v3/openOrders", need=Need.TRADE, weight=1, writes=True)
def open_orders_cancel(call: Call) -> Any:
    symbol = call.symbol()
    call.parameters.require_all_read()
    orders = call.instance.exchange.ledger.orders
    standing = [orders[i] for i in call.account.open_ids if orders[i].symbol == symbol]
    if not standing:
        raise refusals.cancel_rejected()
    for order in standing:
        call.instance.cancel(order)
    return [shapes.canceled_shape(order, "") for order in standing]


@endpoint("GET /api/v3/allOrders", need=Need.SIGNATURE, weight=20)
def all_orders(call: Call) -> Any:
    symbol, parameters = call.symbol(), call.parameters
    first, limit = parameters.whole("orderId"), parameters.limit(500, 1000)
    start, end = _period(call)
    orders = call.instance.exchange.ledger.orders
    found = [
        orders[order_id]
        for order_id in call.account.order_ids
        if orders[order_id].symbol == symbol
        and (first is None or order_id >= first)
        and (start is None or orders[order_id].created_at >= start)
        and (end is None or orders[order_id].created_at <= end)
    ]
    chosen = found[:limit] if first is not None or start is not None else found[-limit:]
    return [shapes.order_shape(order) for order in chosen]


@endpoint("GET /api/v3/myTrades", need=Need.SIGNATURE, weight=20)
def my_trades(call: Call) -> Any:
    symbol, parameters = call.symbol(), call.parameters
    order_id, first = parameters.whole("orderId"), parameters.whole("fromId")
    limit = parameters.limit(500, 1000)
    start, end = _period(call)

    def fits(fill: OrderFilled) -> bool:
        return (
            fill.symbol == symbol
            and (order_id is None or fill.order_id == order_id)
            and (first is None or fill.trade_id >= first)
            and (start is None or fill.at >= start)
            and (end is None or fill.at <= end)
        )

    found = [fill for fill in call.account.trades if fits(fill)]
    chosen = found[:limit] if first is not None or start is not None else found[-limit:]
    return [shapes.my_trade_shape(fill) for fill in chosen]


@endpoint("GET /api/v3/account/commission", need=Need.SIGNATURE, weight=20)
def commission(call: Call) -> Any:
    nothing = {"maker": "0.00000000", "taker": "0.00000000"}
    symbol = call.symbol()
    maker, taker = call.instance.exchange.fees_of(call.account, symbol)
    rates = {"maker": shapes.text8(maker), "taker": shapes.text8(taker)}
    sides = {"buyer": "0.00000000", "seller": "0.00000000"}
    return {
        "symbol": call.instance.rules[symbol].id,
        "standardCommission": rates | sides,
        "specialCommission": nothing | sides,
        "taxCommission": nothing | sides,
        "discount": {
            "enabledForAccount": False,
            "enabledForSymbol": False,
            "discountAsset": "BNB",
            "discount": "0.00000000",
        },
    }


@endpoint("GET /api/v3/rateLimit/order", need=Need.SIGNATURE, weight=40)
def order_rate(call: Call) -> Any:
    return call.instance.limiter.order_counts(call.account.id, call.instance.now())


@endpoint("GET /sapi/v1/account/apiRestrictions", need=Need.SIGNATURE, weight=1)
def api_restrictions(call: Call) -> Any:
    owner = call.account
    return {
        "ipRestrict": owner.ip_restricted,
        "createTime": owner.opened_at,
        "enableReading": True,
        "enableSpotAndMarginTrading": owner.can_trade,
        "enableWithdrawals": owner.can_withdraw,
        "enableInternalTransfer": False,
        "enableMargin": False,
        "enableFutures": False,
        "permitsUniversalTransfer": False,
        "enableVanillaOptions": False,
        "enableFixApiTrade": False,
        "enableFixReadOnly": False,
        "enablePortfolioMarginTrading": False,
    }


@endpoint("GET /sapi/v1/asset/tradeFee", need=Need.SIGNATURE, weight=1)
def trade_fee(call: Call) -> Any:
    chosen = [call.symbol()] if call.parameters.has("symbol") else list(call.instance.rules)
    answer = []
    for symbol in chosen:
        maker, taker = call.instance.exchange.fees_of(call.account, symbol)
        answer.append(
            {
                "symbol": call.instance.rules[symbol].id,
                "makerCommission": f"{maker:f}",
                "takerCommission": f"{taker:f}",
            }
        )
    return answer


@endpoint("GET /sapi/v1/capital/config/getall", need=Need.SIGNATURE, weight=10)
def coins(call: Call) -> Any:
    """Every asset of the venue; nothing here can be withdrawn, so no network is open."""
    assets = {
        asset for rules in call.instance.rules.values() for asset in (rules.base, rules.quote)
    }
    answer = []
    for asset in sorted(assets | set(call.account.balances)):
        balance = call.account.balances.get(asset)
        answer.append(
            {
                "coin": asset,
                "name": asset,
                "free": shapes.text8(balance.free) if balance else "0",
                "locked": shapes.text8(balance.locked) if balance else "0",
                "freeze": "0",
                "ipoable": "0",
                "ipoing": "0",
                "storage": "0",
                "withdrawing": "0",
                "depositAllEnable": False,
                "withdrawAllEnable": False,
                "trading": True,
                "isLegalMoney": False,
                "networkList": [],
            }
        )
    return answer


@endpoint("POST /api/v3/userDataStream", need=Need.KEY, weight=2)
def listen_key_open(call: Call) -> Any:
    return {"listenKey": call.instance.listen_key_issue(call.account)}


@endpoint("PUT /api/v3/userDataStream", need=Need.KEY, weight=2)
def listen_key_extend(call: Call) -> Any:
    _own_listen_key(call)
    call.instance.listen_key_issue(call.account)
    return {}


@endpoint("DELETE /api/v3/userDataStream", need=Need.KEY, weight=2)
def listen_key_close(call: Call) -> Any:
    del call.instance.listen_keys[_own_listen_key(call)]
    return {}


def _own_listen_key(call: Call) -> str:
    key = call.parameters.text("listenKey")
    if call.instance.listen_key_owner(key) != call.account.id:
        raise refusals.listen_key_unknown()
    return key


def _order(call: Call) -> Order | None:
    """The caller's order by orderId or origClientOrderId on the symbol; None if there is none."""
    symbol, parameters = call.symbol(), call.parameters
    order_id = parameters.whole("orderId")
    client_id = reading.read_client_id(parameters, "origClientOrderId")
    ledger = call.instance.exchange.ledger
    if order_id is not None:
        order = ledger.orders.get(order_id)
    elif client_id:
        order = ledger.order_by_client_id(call.account.id, symbol, client_id)
    else:
        raise refusals.parameter_choice_missing("origClientOrderId", "orderId")
    if order is None or order.account_id != call.account.id or order.symbol != symbol:
        return None
    return order


def _period(call: Call) -> tuple[int | None, int | None]:
    """startTime and endTime; raises -1127 for more than a day, as the model does."""
    start, end = call.parameters.whole("startTime"), call.parameters.whole("endTime")
    if start is not None and end is not None and end - start > DAY_MS:
        raise refusals.interval_too_big()
    return start, end
