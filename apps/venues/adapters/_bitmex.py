"""BitMEX's REST API in the unified form: signature, names, scales and what its errors mean."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from apps.venues.adapters._loader import ccxt_errors
from apps.venues.adapters._native import NativeClient
from apps.venues.adapters._parsing import decimal
from apps.venues.adapters._rights import iso_instant

SPOT_TYPE = "IFXXXP"  # instrument/active lists contracts and indices as well
EXPIRES = 5  # seconds after which a signed request is refused, so that `visible_after` holds
PAGE = 500  # executions an answer, the most there are
PAGES = 20
NAMES = {"XBT": "BTC"}
STATUS = {
    "Filled": "closed",
    "Canceled": "canceled",
    "Expired": "expired",
    "Rejected": "rejected",
}
MEANINGS = {  # documented beginnings of error.message; what is not here proves nothing
    "Invalid API Key": "AuthenticationError",
    "Signature not valid": "AuthenticationError",
    "This key is disabled": "AuthenticationError",
    "Access Denied": "PermissionDenied",
    "This request has expired": "InvalidNonce",
    "Account has insufficient Available Balance": "InsufficientFunds",
    "Duplicate clOrdID": "DuplicateOrderId",
    "orderQty is invalid": "InvalidOrder",
    "Invalid orderQty": "InvalidOrder",
    "Invalid price": "InvalidOrder",
    "Invalid symbol": "BadSymbol",
    "Unable to cancel order due to existing state": "OrderNotFound",
    "Invalid orderID": "OrderNotFound",
    "Invalid clOrdID": "OrderNotFound",
    "Not Found": "OrderNotFound",
}
STATUSES = {401: "AuthenticationError", 429: "RateLimitExceeded"}


NOTHING: Mapping[str, Any] = {}


class BitmexClient(NativeClient):
    """BitMEX's REST API, answers in the unified form."""

    api = "https://www.bitmex.com/api/v1"
    has = {"fetchTime": True, "fetchTradingFees": True}

    def sign(self, method: str, path: str, body: str) -> Mapping[str, str]:
        expires = str(int(time.time()) + EXPIRES)
        said = f"{method}{path}{expires}{body}".encode()
        return {
            "api-expires": expires,
            "api-key": self.apiKey,
            "api-signature": hmac.new(self.secret.encode(), said, hashlib.sha256).hexdigest(),
        }

    def problem(self, status: int, told: Any) -> Exception:
        """A 503 ("overloaded") may or may not have passed the order on: it proves nothing."""
        said = told.get("error") if isinstance(told, dict) else None
        text = str(said.get("message")) if isinstance(said, dict) else ""
        return meaning(text, STATUSES.get(status, "ExchangeNotAvailable"))

    # --- public

    def fetch_markets(self) -> list[dict[str, Any]]:
        self.options["currencies"] = {
            row["currency"]: (named(row["asset"]), int(row["scale"]))
            for row in self.ask("/wallet/assets")
        }
        rows = [row for row in self.ask("/instrument/active") if row.get("typ") == SPOT_TYPE]
        return [market(row) for row in rows if decimal(row.get("underlyingToPositionMultiplier"))]

    def set_markets_from_exchange(self, other: NativeClient) -> None:
        super().set_markets_from_exchange(other)
        self.options["currencies"] = other.options["currencies"]

    def fetch_time(self) -> int:
        """Milliseconds, from the API's own description of itself."""
        return int(self.ask("")["timestamp"])

    def fetch_order_book(self, symbol: str, limit: int | None = None) -> dict[str, Any]:
        found = self.markets[symbol]
        rows = self.ask("/orderBook/L2", symbol=found["id"], depth=limit or 25)
        sides: dict[str, list[tuple[Decimal, Decimal]]] = {"Buy": [], "Sell": []}
        for row in rows:
            price = decimal(row.get("price"))
            if price is not None:
                sides[row["side"]].append((price, self._quantity(found, row["size"]) or Decimal(0)))
        return {"bids": sorted(sides["Buy"], reverse=True), "asks": sorted(sides["Sell"])}

    # --- the account

    def fetch_balance(self, params: Mapping[str, Any]) -> dict[str, Any]:
        held: dict[str, dict[str, Any]] = {"free": {}, "used": {}, "total": {}}
        for row in self.ask("/user/margin", signed=True, currency="all"):
            asset, total = self._money(row["currency"], row.get("walletBalance"))
            free = self._money(row["currency"], row.get("availableMargin"))[1]
            if free is not None and total is not None:
                free = min(free, total)  # profits not yet realised are no spot money
            held["free"][asset], held["total"][asset] = free, total
            held["used"][asset] = None if None in (free, total) else total - free  # type: ignore[operator]
        return held

    def fetch_trading_fees(self) -> dict[str, dict[str, Any]]:
        told = self.ask("/user/commission", signed=True)
        return {
            symbol: {"maker": told[m["id"]]["makerFee"], "taker": told[m["id"]]["takerFee"]}
            for symbol, m in self.markets.items()
            if m["id"] in told
        }

    def fetch_open_orders(self, symbol: str | None = None) -> list[dict[str, Any]]:
        only = {} if symbol is None else {"symbol": self.markets[symbol]["id"]}
        told = self.ask(
            "/order", signed=True, filter=json.dumps({"open": True}), count=PAGE, **only
        )
        mine = (self._order(row) for row in told)
        return [row for row in mine if row["symbol"]]  # contracts are another market

    def fetch_order(
        self, number: str | None, symbol: str, params: Mapping[str, Any] = NOTHING
    ) -> dict[str, Any] | None:
        wanted = {"orderID": number} if number else {"clOrdID": params["clOrdID"]}
        rows = self.ask(
            "/order",
            signed=True,
            symbol=self.markets[symbol]["id"],
            filter=json.dumps(wanted),
            count=1,
            reverse="true",
        )
        return self._order(rows[0]) if rows else None

    def fetch_order_trades(self, number: str, symbol: str) -> list[dict[str, Any]]:
        return self._executions(symbol, filter=json.dumps({"orderID": number}))

    def fetch_my_trades(
        self, symbol: str, since: int | None = None, limit: int | None = None, params: Any = None
    ) -> list[dict[str, Any]]:
        start = datetime.fromtimestamp((since or 0) / 1000, UTC)
        return self._executions(symbol, startTime=f"{start:%Y-%m-%dT%H:%M:%S.%f}"[:-3] + "Z")

    # --- commands

    def create_order(
        self,
        symbol: str,
        kind: str,
        side: str,
        quantity: str,
        price: str | None,
        params: Mapping[str, Any],
    ) -> dict[str, Any]:
        found = self.markets[symbol]
        said: dict[str, Any] = {
            "symbol": found["id"],
            "side": side.capitalize(),
            "ordType": kind.capitalize(),
            "orderQty": (Decimal(quantity) * found["multiplier"]).normalize(),
        }
        if price is not None:
            said["price"] = Decimal(price)
        return self._order(self.command("POST", "/order", said | dict(params)))

    def cancel_order(
        self, number: str | None, symbol: str, params: Mapping[str, Any]
    ) -> dict[str, Any]:
        said = {"orderID": number} if number else dict(params)
        (row,) = self.command("DELETE", "/order", said)
        if row.get("error"):
            raise meaning(str(row["error"]), "ExchangeError")
        return self._order(row)

    def cancel_all_orders(self, symbol: str | None) -> None:
        only = {} if symbol is None else {"symbol": self.markets[symbol]["id"]}
        self.command("DELETE", "/order/all", only)

    def cancel_all_orders_after(self, milliseconds: int) -> None:
        self.command("POST", "/order/cancelAllAfter", {"timeout": milliseconds})

    # --- rows in the unified form

    def _order(self, row: Mapping[str, Any]) -> dict[str, Any]:
        found = self._by_id(row.get("symbol"))
        multiplied = found or {"multiplier": Decimal(1)}
        return {
            "id": row.get("orderID"),
            "clientOrderId": row.get("clOrdID"),
            "symbol": found["symbol"] if found else "",
            "side": str(row.get("side")).lower(),
            "amount": self._quantity(multiplied, row.get("orderQty")),
            "filled": self._quantity(multiplied, row.get("cumQty")),
            "price": row.get("price"),
            "status": STATUS.get(str(row.get("ordStatus")), "open"),
            "info": row,
        }

    def _executions(self, symbol: str, **question: Any) -> list[dict[str, Any]]:
        """Oldest first, page by page until one is not full."""
        found = self.markets[symbol]
        rows: list[dict[str, Any]] = []
        for page in range(PAGES):
            told = self.ask(
                "/execution/tradeHistory",
                signed=True,
                symbol=found["id"],
                count=PAGE,
                start=page * PAGE,
                **question,
            )
            rows += [self._trade(row, found) for row in told if row.get("execType") == "Trade"]
            if len(told) < PAGE:
                break
        return rows

    def _trade(self, row: Mapping[str, Any], found: Mapping[str, Any]) -> dict[str, Any]:
        asset, cost = self._money(
            row.get("execCommCcy") or row.get("settlCurrency"), row.get("execComm")
        )
        made = str(row.get("lastLiquidityInd"))
        at = iso_instant(row.get("transactTime"))
        return {
            "id": row["execID"],
            "order": row["orderID"],
            "timestamp": None if at is None else round(at.timestamp() * 1000),
            "amount": self._quantity(found, row.get("lastQty")),
            "price": row.get("lastPx"),
            "takerOrMaker": {"A": "maker", "R": "taker"}.get(made[:1]),
            "fee": {"cost": cost, "currency": asset},
        }

    def _by_id(self, name: Any) -> Mapping[str, Any] | None:
        return next((m for m in self.markets.values() if m["id"] == name), None)

    def _quantity(self, found: Mapping[str, Any], units: Any) -> Decimal | None:
        number = decimal(units)
        return None if number is None else number / found["multiplier"]

    def _money(self, currency: Any, units: Any) -> tuple[str, Decimal | None]:
        """Units of XBt and their like as (asset, amount). Unknown currencies have no scale."""
        if not currency:
            return "", None
        asset, scale = self.options["currencies"][currency]
        number = decimal(units)
        return asset, None if number is None else number.scaleb(-scale)


def market(row: Mapping[str, Any]) -> dict[str, Any]:
    """An instrument in the unified form; sizes in the base asset, not in its units."""
    base, quote = named(row["underlying"]), named(row["quoteCurrency"])
    multiplier = Decimal(str(row["underlyingToPositionMultiplier"]))
    lot, most = decimal(row.get("lotSize")), decimal(row.get("maxOrderQty"))
    step = None if lot is None else lot / multiplier
    return {
        "id": row["symbol"],
        "symbol": f"{base}/{quote}",
        "base": base,
        "quote": quote,
        "spot": True,
        "active": row.get("state") == "Open",
        "multiplier": multiplier,
        "precision": {"price": row["tickSize"], "amount": step},
        "limits": {"amount": {"min": step, "max": None if most is None else most / multiplier}},
        "maker": row.get("makerFee"),
        "taker": row.get("takerFee"),
        "info": row,
    }


def named(asset: str) -> str:
    return NAMES.get(asset, asset.upper())


def meaning(text: str, otherwise: str) -> Exception:
    kind = next((kind for begin, kind in MEANINGS.items() if text.startswith(begin)), otherwise)
    made: Exception = getattr(ccxt_errors(), kind)(text)
    return made
