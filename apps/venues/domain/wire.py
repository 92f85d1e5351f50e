"""Venue wire text to typed market facts. Pure: bytes in, frozen values out, or a typed error.

This is the general decoder of Binance's spot stream dialect (which the practice venue speaks too):
any valid JSON spelling of a message, each message read whole or refused whole. The compiled fast
path for depth diffs is in `wire_kernels`; it accepts less and agrees with this one on all of it.

Prices and quantities of books are float64, for scanning: a price of at most 15 digits gives its
decimal text back exactly (`exact`), and one with more is refused. Trades carry Decimal. What is
booked anywhere else (orders, fills, fees) never comes from here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import orjson

from apps.venues.domain.wire_errors import WireMalformed, WireUnknown

Level = tuple[float, float]  # (price in quote, quantity in base); quantity 0 removes the level

NUMBER = re.compile(r"[0-9]{1,18}(\.[0-9]{1,18})?")
PRICE_DIGITS = 15
MAX_ID = 10**18


@dataclass(frozen=True, slots=True)
class DepthDelta:
    """Changed levels of a book: absolute quantities, 0 for a removed level."""

    symbol: str  # the venue's own spelling, upper case
    first: int  # id of the first update inside
    final: int  # id of the last update inside
    previous: int | None  # the last id before this message, where the venue says it
    event_ms: int  # venue time, UTC milliseconds
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]


@dataclass(frozen=True, slots=True)
class DepthSnapshot:
    """All levels of a book, or its best ones (partial depth)."""

    symbol: str | None  # None where the message does not say; the subscription does
    final: int  # id of the last update inside
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]


@dataclass(frozen=True, slots=True)
class BestQuote:
    """The best price and quantity of both sides."""

    symbol: str
    final: int
    bid: Level
    ask: Level


@dataclass(frozen=True, slots=True)
class TradePrint:
    """One public trade."""

    symbol: str
    trade_id: int
    price: Decimal
    quantity: Decimal
    at_ms: int  # UTC milliseconds
    buyer_is_maker: bool


@dataclass(frozen=True, slots=True)
class StreamReply:
    """The answer to a subscribe or unsubscribe request; error is None when it worked."""

    request_id: int | str | None
    error: str | None


Message = DepthDelta | DepthSnapshot | BestQuote | TradePrint | StreamReply


def decode(text: bytes | str, *, symbol: str | None = None) -> Message:
    """Read one stream message, bare or in the combined-stream envelope.

    `symbol` (venue's spelling) names the book of a partial-depth message outside an envelope.
    Raises WireMalformed or WireUnknown.
    """
    try:
        body = orjson.loads(text)
    except orjson.JSONDecodeError as problem:
        raise WireMalformed(problem="it is not JSON") from problem
    if isinstance(body, dict) and isinstance(body.get("stream"), str) and "data" in body:
        symbol = body["stream"].partition("@")[0].upper()
        body = body["data"]
    if not isinstance(body, dict):
        raise WireMalformed(problem="it is not a JSON object")
    return _reader(body)(body, symbol)


def exact(value: float) -> Decimal:
    """The decimal text that a float of at most 15 digits was read from."""
    return Decimal(repr(value))


def _reader(body: Mapping[str, Any]) -> Callable[[Mapping[str, Any], str | None], Message]:
    kind = body.get("e")
    if isinstance(kind, str):
        if kind in EVENTS:
            return EVENTS[kind]
        raise WireUnknown(kind=kind[:40])
    if "lastUpdateId" in body:
        return _depth_snapshot
    if "u" in body and "B" in body:
        return _best_quote
    if "id" in body or "error" in body:
        return _stream_reply
    raise WireUnknown(kind="no event name")


def _depth_delta(body: Mapping[str, Any], _: str | None) -> DepthDelta:
    first, final = _id(body, "U"), _id(body, "u")
    if final < first:
        raise WireMalformed(problem="its last update comes before its first")
    return DepthDelta(
        symbol=_name(body),
        first=first,
        final=final,
        previous=_id(body, "pu") if "pu" in body else None,
        event_ms=_id(body, "E"),
        bids=_levels(body, "b"),
        asks=_levels(body, "a"),
    )


def _depth_snapshot(body: Mapping[str, Any], symbol: str | None) -> DepthSnapshot:
    return DepthSnapshot(
        symbol=symbol,
        final=_id(body, "lastUpdateId"),
        bids=_levels(body, "bids"),
        asks=_levels(body, "asks"),
    )


def _best_quote(body: Mapping[str, Any], _: str | None) -> BestQuote:
    return BestQuote(
        symbol=_name(body),
        final=_id(body, "u"),
        bid=(_price(body.get("b")), _quantity(body.get("B"))),
        ask=(_price(body.get("a")), _quantity(body.get("A"))),
    )


def _trade(body: Mapping[str, Any], _: str | None) -> TradePrint:
    price, quantity = Decimal(_number(body.get("p"))), Decimal(_number(body.get("q")))
    maker = body.get("m")
    if not (price > 0 and quantity > 0 and isinstance(maker, bool)):
        raise WireMalformed(problem="the trade has no price, quantity or side")
    return TradePrint(
        symbol=_name(body),
        trade_id=_id(body, "t"),
        price=price,
        quantity=quantity,
        at_ms=_id(body, "T"),
        buyer_is_maker=maker,
    )


def _stream_reply(body: Mapping[str, Any], _: str | None) -> StreamReply:
    problem = body.get("error")
    said = problem.get("msg") if isinstance(problem, dict) else problem
    return StreamReply(
        request_id=body.get("id"), error=None if problem is None else str(said)[:200]
    )


EVENTS: dict[str, Callable[[Mapping[str, Any], str | None], Message]] = {
    "depthUpdate": _depth_delta,
    "trade": _trade,
}


def _name(body: Mapping[str, Any]) -> str:
    name = body.get("s")
    if not isinstance(name, str) or not name:
        raise WireMalformed(problem="it names no symbol")
    return name.upper()


def _id(body: Mapping[str, Any], key: str) -> int:
    value = body.get(key)
    if type(value) is not int or not 0 <= value < MAX_ID:
        raise WireMalformed(problem=f"its field {key} is not a whole number")
    return value


def _levels(body: Mapping[str, Any], key: str) -> tuple[Level, ...]:
    rows = body.get(key)
    if not isinstance(rows, list):
        raise WireMalformed(problem=f"its field {key} is not a list of levels")
    return tuple(_level(row) for row in rows)


def _level(row: object) -> Level:
    if not isinstance(row, list) or len(row) != 2:
        raise WireMalformed(problem="a level is not a pair")
    return _price(row[0]), _quantity(row[1])


def _price(text: object) -> float:
    number = _number(text)
    value = float(number)
    digits = number.replace(".", "").lstrip("0")
    if "." in number:
        digits = digits.rstrip("0")
    if not value > 0 or len(digits) > PRICE_DIGITS:
        raise WireMalformed(problem="a price is zero or has more than 15 digits")
    return value


def _quantity(text: object) -> float:
    return float(_number(text))


def _number(text: object) -> str:
    if not isinstance(text, str) or NUMBER.fullmatch(text) is None:
        raise WireMalformed(problem="a price or quantity is not a plain decimal")
    return text
