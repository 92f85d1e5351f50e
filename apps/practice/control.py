"""The control address: accounts, balances, faults, ledgers, and the book of a manual market.

Behind a bearer token of its own, because it gives money and secrets; the dialect knows none of it.
"""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

import orjson
from aiohttp import web

from apps.practice.domain.events import fact_to_record
from apps.practice.domain.ledger import Account
from apps.practice.domain.matching import Side
from apps.practice.domain.rules import CENT8
from apps.practice.faults import KINDS, FaultInvalid
from apps.practice.instance import Instance

MOST = Decimal(10) ** 15
Action = Callable[[Instance, web.Request], Awaitable[Any]]


class ControlRefused(Exception):
    """A control request that cannot be carried out; status and a sentence."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def add_routes(app: web.Application, instances: Mapping[str, Instance], token: str) -> None:
    """Mount everything under /control/{instance}."""

    def guarded(action: Action) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def handle(request: web.Request) -> web.Response:
            if not _authorized(request, token):
                return _json({"error": "a valid bearer token is needed"}, 401)
            instance = instances.get(request.match_info["instance"])
            if instance is None:
                return _json({"error": "there is no such instance"}, 404)
            try:
                result = await action(instance, request)
                await instance.journal.sync()
                return _json(result, 200)
            except ControlRefused as refused:
                return _json({"error": str(refused)}, refused.status)

        return handle

    prefix = "/control/{instance}"
    one = prefix + r"/accounts/{id:\d+}"
    app.router.add_post(prefix + "/accounts", guarded(account_open))
    app.router.add_get(prefix + "/accounts", guarded(account_list))
    app.router.add_post(one + "/deposit", guarded(account_deposit))
    app.router.add_post(one + "/reset", guarded(account_reset))
    app.router.add_post(one + "/revoke", guarded(account_revoke))
    app.router.add_get(one + "/ledger", guarded(account_ledger))
    app.router.add_get(prefix + "/faults", guarded(fault_list))
    app.router.add_post(prefix + "/faults", guarded(fault_add))
    app.router.add_delete(prefix + "/faults", guarded(fault_clear))
    app.router.add_delete(prefix + r"/faults/{fault:\d+}", guarded(fault_clear))
    app.router.add_get(prefix + "/model", guarded(model))
    app.router.add_post(prefix + "/book", guarded(book_set))
    app.router.add_post(prefix + "/clock", guarded(clock_set))
    app.router.add_post(prefix + "/trade", guarded(trade_report))
    app.router.add_get(prefix + "/audit", guarded(audit))


async def account_open(instance: Instance, request: web.Request) -> Any:
    """Open an account, or return the one opened before with the same `ref`."""
    body = await _body(request)
    rights = body.get("permissions") or {}
    account, secret = instance.open_account(
        ref=str(body.get("ref") or ""),
        label=str(body.get("label") or ""),
        balances=_amounts(body.get("balances") or {}),
        can_trade=bool(rights.get("trade", True)),
        can_withdraw=bool(rights.get("withdraw", False)),
        ip_restricted=bool(rights.get("ip_restricted", False)),
        maker_fee=_fee(body, "maker_fee"),
        taker_fee=_fee(body, "taker_fee"),
    )
    return {"account_id": account.id, "key": account.key, "secret": secret}


async def account_list(instance: Instance, request: web.Request) -> Any:
    return {"accounts": [_account(item) for item in instance.exchange.ledger.accounts.values()]}


async def account_deposit(instance: Instance, request: web.Request) -> Any:
    account = _known(instance, request)
    body = await _body(request)
    instance.deposit(account.id, _amounts(body.get("balances") or {}))
    return _account(account)


async def account_reset(instance: Instance, request: web.Request) -> Any:
    """Cancel all open orders and set the balances to exactly these."""
    account = _known(instance, request)
    body = await _body(request)
    instance.reset(account.id, _amounts(body.get("balances") or {}))
    return _account(account)


async def account_revoke(instance: Instance, request: web.Request) -> Any:
    account = _known(instance, request)
    instance.revoke(account.id)
    return _account(account)


async def account_ledger(instance: Instance, request: web.Request) -> Any:
    """Everything that happened to the account, from the journal's facts, and where it stands."""
    account = _known(instance, request)
    orders = instance.exchange.ledger.orders
    return {
        **_account(account),
        "orders": [
            {
                "order_id": order.id,
                "client_order_id": order.client_order_id,
                "symbol": order.symbol,
                "side": order.side,
                "type": order.type,
                "time_in_force": order.time_in_force,
                "price": f"{order.price:f}",
                "stop_price": f"{order.stop_price:f}",
                "trailing_delta": order.trailing_delta,
                "waits": order.waits,
                "quantity": f"{order.quantity:f}",
                "executed": f"{order.executed:f}",
                "quote_executed": f"{order.quote_executed:f}",
                "status": order.status,
                "created_at": order.created_at,
                "updated_at": order.updated_at,
            }
            for order in (orders[order_id] for order_id in account.order_ids)
        ],
        "fills": [fact_to_record(fill) for fill in account.trades],
        "adjustments": [fact_to_record(fact) for fact in account.adjustments],
    }


async def fault_list(instance: Instance, request: web.Request) -> Any:
    return {"faults": instance.faults.list(), "kinds": KINDS}


async def fault_add(instance: Instance, request: web.Request) -> Any:
    try:
        return instance.faults.add(await _body(request)).describe()
    except (FaultInvalid, TypeError, ValueError, InvalidOperation) as wrong:
        raise ControlRefused(422, str(wrong)) from None


async def fault_clear(instance: Instance, request: web.Request) -> Any:
    one = request.match_info.get("fault")
    return {"cleared": instance.faults.clear(int(one) if one else None)}


async def model(instance: Instance, request: web.Request) -> Any:
    return {
        "code": instance.config.code,
        "source": instance.source.kind,
        **instance.source.describe(instance.config.code),
        "now": instance.now(),
    }


async def book_set(instance: Instance, request: web.Request) -> Any:
    """Set a manual market's book exactly: {symbol, bids: [[price, quantity]], asks: [...]}."""
    if instance.source.kind != "manual":
        raise ControlRefused(409, "only the book of a manual market can be set")
    body = await _body(request)
    rules = instance.rules.get(str(body.get("symbol")))
    if rules is None:
        raise ControlRefused(422, "there is no such symbol; write it as BTC/USDT")
    sides = []
    for name in ("bids", "asks"):
        try:
            levels = [(Decimal(str(p)), Decimal(str(q))) for p, q in body.get(name) or []]
        except (InvalidOperation, TypeError, ValueError):
            raise ControlRefused(422, f"{name} must be a list of [price, quantity]") from None
        if any(p <= 0 or q <= 0 or p % rules.tick or q % rules.step for p, q in levels):
            raise ControlRefused(422, f"{name} has a level off the grid of {rules.symbol}")
        sides.append({int(p / rules.tick): int(q / rules.step) for p, q in levels})
    if sides[0] and sides[1] and max(sides[0]) >= min(sides[1]):
        raise ControlRefused(422, "the book is crossed")
    instance.quote(rules.symbol, sides[0], sides[1], full=True)
    return {"lastUpdateId": instance.exchange.books[rules.symbol].update_id}


async def clock_set(instance: Instance, request: web.Request) -> Any:
    """Set a manual market's clock so far ahead of the machine's; it never goes back."""
    if instance.source.kind != "manual":
        raise ControlRefused(409, "only the clock of a manual market can be set")
    ahead = (await _body(request)).get("ahead_ms")
    if not isinstance(ahead, int) or ahead < instance.ahead_ms:
        raise ControlRefused(422, "ahead_ms must be a whole number, not below what it was")
    instance.ahead_ms = ahead
    return {"now": instance.now()}


async def trade_report(instance: Instance, request: web.Request) -> Any:
    """A trade of a manual market: {symbol, price, quantity, side of the taker}.

    It is printed as the last price, fills the users' orders it reaches, and leaves the outside's
    quantities as they are.
    """
    if instance.source.kind != "manual":
        raise ControlRefused(409, "only a manual market can be told a trade")
    body = await _body(request)
    rules = instance.rules.get(str(body.get("symbol")))
    if rules is None or body.get("side") not in tuple(Side):
        raise ControlRefused(422, "a trade needs symbol (as BTC/USDT) and side (BUY or SELL)")
    try:
        price, quantity = Decimal(str(body.get("price"))), Decimal(str(body.get("quantity")))
    except InvalidOperation:
        raise ControlRefused(422, "price and quantity must be numbers") from None
    if min(price, quantity) <= 0 or price % rules.tick or quantity % rules.step:
        raise ControlRefused(422, f"the trade is off the grid of {rules.symbol}")
    ticks, lots = int(price / rules.tick), int(quantity / rules.step)
    instance.report(rules.symbol, body["side"], ticks, lots)
    return {"last": f"{instance.exchange.last_price[rules.symbol]:f}"}


async def audit(instance: Instance, request: web.Request) -> Any:
    """Per asset, what exists beyond what was deposited: all zeros, or the ledger is wrong."""
    surplus = instance.exchange.ledger.surplus()
    fees = instance.exchange.ledger.fees
    return {
        "surplus": {asset: f"{amount:f}" for asset, amount in sorted(surplus.items())},
        "fees": {asset: f"{amount:f}" for asset, amount in sorted(fees.items())},
    }


def _account(account: Account) -> dict[str, Any]:
    return {
        "account_id": account.id,
        "ref": account.ref,
        "label": account.label,
        "key": account.key,
        "revoked": account.revoked,
        "permissions": {
            "trade": account.can_trade,
            "withdraw": account.can_withdraw,
            "ip_restricted": account.ip_restricted,
        },
        "maker_fee": f"{account.maker_fee:f}",
        "taker_fee": f"{account.taker_fee:f}",
        "balances": {
            asset: {"free": f"{balance.free:f}", "locked": f"{balance.locked:f}"}
            for asset, balance in sorted(account.balances.items())
        },
    }


def _known(instance: Instance, request: web.Request) -> Account:
    account = instance.exchange.ledger.accounts.get(int(request.match_info["id"]))
    if account is None:
        raise ControlRefused(404, "there is no such account")
    return account


async def _body(request: web.Request) -> dict[str, Any]:
    try:
        body = orjson.loads(await request.read() or b"{}")
    except orjson.JSONDecodeError:
        raise ControlRefused(422, "the body is no JSON") from None
    if not isinstance(body, dict):
        raise ControlRefused(422, "the body must be an object")
    return body


def _amounts(raw: object) -> dict[str, Decimal]:
    """{asset: amount}: not negative, at most eight decimals."""
    if not isinstance(raw, dict):
        raise ControlRefused(422, "balances must be an object of asset: amount")
    amounts = {}
    for asset, value in raw.items():
        try:
            amount = Decimal(str(value))
        except InvalidOperation:
            raise ControlRefused(422, f"the amount of {asset} is no number") from None
        if not amount.is_finite() or not 0 <= amount <= MOST or amount % CENT8:
            raise ControlRefused(422, f"the amount of {asset} must be 0 to 1e15, eight decimals")
        amounts[str(asset)] = amount
    return amounts


def _fee(body: Mapping[str, Any], name: str) -> Decimal | None:
    if body.get(name) is None:
        return None
    try:
        fee = Decimal(str(body[name]))
    except InvalidOperation:
        raise ControlRefused(422, f"{name} is no number") from None
    if not 0 <= fee < Decimal("0.1"):
        raise ControlRefused(422, f"{name} must be a fraction between 0 and 0.1")
    return fee


def _authorized(request: web.Request, token: str) -> bool:
    given = request.headers.get("Authorization", "")
    return hmac.compare_digest(given.encode(), f"Bearer {token}".encode())


def _json(content: Any, status: int) -> web.Response:
    return web.Response(body=orjson.dumps(content), status=status, content_type="application/json")
