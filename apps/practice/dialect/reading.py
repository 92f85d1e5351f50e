"""Reads a request's parameters as strictly as Binance: missing, empty, malformed, unknown."""

from __future__ import annotations

import re
from decimal import Decimal
from urllib.parse import parse_qsl

from apps.practice.domain import refusals
from apps.practice.domain.intake import Ticket
from apps.practice.domain.matching import Side
from apps.practice.domain.triggers import CONTINGENT, UNPRICED

SIGNING = {"timestamp", "recvWindow", "signature"}
CLIENT_ID = re.compile(r"[.A-Za-z0-9:/_-]{1,36}")
CLIENT_ID_LEGAL = r"^[\.A-Z\:/a-z0-9_-]{1,36}$"
NUMBER = re.compile(r"[0-9]{1,20}(\.[0-9]{1,20})?")
NUMBER_LEGAL = r"^([0-9]{1,20})(\.[0-9]{1,20})?$"
ORDER_TYPES = ("LIMIT", "LIMIT_MAKER", "MARKET", *CONTINGENT)
TIMES_IN_FORCE = ("GTC", "IOC", "FOK")
RESPONSE_TYPES = ("ACK", "RESULT", "FULL")


class Parameters:
    """Query and body together; each read is remembered, so that unread ones can be refused."""

    def __init__(self, query: str, body: str) -> None:
        pairs = parse_qsl(query, keep_blank_values=True) + parse_qsl(body, keep_blank_values=True)
        self._values = dict(pairs)
        if len(pairs) != len(self._values):
            raise refusals.parameters_too_many()
        self._read: set[str] = set()

    @classmethod
    def of(cls, values: dict[str, str]) -> Parameters:
        parameters = cls("", "")
        parameters._values = values
        return parameters

    def text(self, name: str, default: str | None = None) -> str:
        """A mandatory text unless a default is given; raises -1102 or -1105."""
        self._read.add(name)
        value = self._values.get(name, default)
        if value is None:
            raise refusals.parameter_missing(name)
        if value == "" and name in self._values:
            raise refusals.parameter_empty(name)
        return value

    def has(self, name: str) -> bool:
        self._read.add(name)
        return name in self._values

    def number(self, name: str) -> Decimal | None:
        """A positive plain decimal, or None when not sent; raises -1100."""
        if not self.has(name):
            return None
        value = self.text(name)
        if not NUMBER.fullmatch(value):
            raise refusals.characters_illegal(name, NUMBER_LEGAL)
        return Decimal(value)

    def whole(self, name: str) -> int | None:
        if not self.has(name):
            return None
        value = self.text(name)
        if not value.isascii() or not value.isdigit() or len(value) > 20:
            raise refusals.characters_illegal(name, "^[0-9]{1,20}$")
        return int(value)

    def limit(self, default: int, most: int) -> int:
        value = self.whole("limit")
        return default if value is None else max(1, min(value, most))

    def require_all_read(self) -> None:
        """Refuse what nobody asked for: a typo in a trading request must not pass."""
        unread = set(self._values) - self._read - SIGNING
        if unread:
            sent = len(self._values)
            raise refusals.parameters_unread(sent - len(unread), sent)


def read_client_id(parameters: Parameters, name: str) -> str:
    """A client's own id, or "" when not sent; raises -1100."""
    if not parameters.has(name):
        return ""
    value = parameters.text(name)
    if not CLIENT_ID.fullmatch(value):
        raise refusals.characters_illegal(name, CLIENT_ID_LEGAL)
    return value


def read_ticket(parameters: Parameters, symbol: str) -> Ticket:
    """The order a request asks for; raises on fields that do not fit its type."""
    side, kind = parameters.text("side"), parameters.text("type")
    if side not in ("BUY", "SELL"):
        raise refusals.side_invalid()
    if kind not in ORDER_TYPES:
        raise refusals.order_type_invalid()
    price, quantity = parameters.number("price"), parameters.number("quantity")
    quote_quantity = parameters.number("quoteOrderQty")
    in_force = _time_in_force(parameters, kind)
    stop, delta = _trigger(parameters, kind)
    if kind == "MARKET":
        _require_market(price, quantity, quote_quantity)
    elif kind in UNPRICED:
        _require_stop(price, quantity, quote_quantity)
    else:
        _require_limit(price, quantity, quote_quantity)
    return Ticket(
        symbol=symbol,
        side=Side(side),
        type=kind,
        time_in_force=in_force,
        price=price or Decimal(0),
        quantity=quantity or Decimal(0),
        quote_quantity=quote_quantity or Decimal(0),
        client_order_id=read_client_id(parameters, "newClientOrderId"),
        stop_price=stop,
        trailing_delta=delta,
    )


def _trigger(parameters: Parameters, kind: str) -> tuple[Decimal, int]:
    """(stop price, trailing delta in BIPS), zeros where not sent; raises -1102, -1106."""
    stop, delta = parameters.number("stopPrice"), parameters.whole("trailingDelta")
    if kind not in CONTINGENT:
        for name, value in (("stopPrice", stop), ("trailingDelta", delta)):
            if value is not None:
                raise refusals.parameter_not_required(name)
        return Decimal(0), 0
    if not stop and not delta:
        raise refusals.parameter_choice_missing("stopPrice", "trailingDelta")
    return stop or Decimal(0), delta or 0


def _require_stop(
    price: Decimal | None, quantity: Decimal | None, quote_quantity: Decimal | None
) -> None:
    """A stop that becomes a market order names a quantity, and neither price nor cost."""
    for name, value in (("price", price), ("quoteOrderQty", quote_quantity)):
        if value is not None:
            raise refusals.parameter_not_required(name)
    if quantity is None:
        raise refusals.parameter_missing("quantity")


def _require_market(
    price: Decimal | None, quantity: Decimal | None, quote_quantity: Decimal | None
) -> None:
    """A market order names a quantity or a cost, and no price."""
    if price is not None:
        raise refusals.parameter_not_required("price")
    if (quantity is None) == (quote_quantity is None):
        raise refusals.parameter_choice_missing("quantity", "quoteOrderQty")


def _require_limit(
    price: Decimal | None, quantity: Decimal | None, quote_quantity: Decimal | None
) -> None:
    """A limit order names a price and a quantity, and no cost."""
    if quote_quantity is not None:
        raise refusals.parameter_not_required("quoteOrderQty")
    for name, value in (("quantity", quantity), ("price", price)):
        if value is None:
            raise refusals.parameter_missing(name)


def _time_in_force(parameters: Parameters, kind: str) -> str:
    if kind not in ("LIMIT", "STOP_LOSS_LIMIT", "TAKE_PROFIT_LIMIT"):
        if parameters.has("timeInForce"):
            raise refusals.parameter_not_required("timeInForce")
        return "GTC"
    value = parameters.text("timeInForce")
    if value not in TIMES_IN_FORCE:
        raise refusals.time_in_force_invalid()
    return value


def read_response_type(parameters: Parameters, kind: str) -> str:
    """ACK, RESULT or FULL; MARKET and LIMIT default to FULL, others to ACK."""
    default = "FULL" if kind in ("MARKET", "LIMIT") else "ACK"
    value = parameters.text("newOrderRespType", default)
    if value not in RESPONSE_TYPES:
        raise refusals.response_type_invalid()
    return value
