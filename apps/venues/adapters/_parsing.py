"""ccxt's dictionaries in our types. None stays None: what a venue did not say is not zero."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from apps.venues.domain.ports import (
    Balance,
    BookLevels,
    InstrumentInfo,
    OrderKind,
    OrderReceipt,
    ReceiptStatus,
    Side,
    VenueTrade,
)

DECIMAL_PLACES, SIGNIFICANT_DIGITS, TICK_SIZE = 2, 3, 4  # ccxt's precision modes
ENDED = {
    "canceled": ReceiptStatus.CANCELLED,
    "canceling": ReceiptStatus.OPEN,
    "expired": ReceiptStatus.EXPIRED,
    "rejected": ReceiptStatus.REJECTED,
    "closed": ReceiptStatus.FILLED,
}
AT_ONCE = {"IOC", "FOK"}
PLAIN_KINDS = {"limit": OrderKind.LIMIT, "market": OrderKind.MARKET}


def decimal(value: Any) -> Decimal | None:
    """None for what is absent, empty, no number or not finite."""
    if value is None or value == "":
        return None
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def instant(milliseconds: Any) -> datetime | None:
    return None if milliseconds is None else datetime.fromtimestamp(int(milliseconds) / 1000, UTC)


def receipt(
    raw: Mapping[str, Any],
    client_order_id: str,
    words: Mapping[str, OrderKind] | None = None,
) -> OrderReceipt:
    """An order as ccxt unified it; `words` are the venue's own names of kinds, in lower case."""
    filled, quantity = decimal(raw.get("filled")), decimal(raw.get("amount"))
    status = ENDED.get(str(raw.get("status") or ""), ReceiptStatus.OPEN)
    if status is ReceiptStatus.FILLED and filled is not None and filled < (quantity or 0):
        status = ReceiptStatus.CANCELLED  # some say "closed" of an IOC that found nobody
    if status is ReceiptStatus.FILLED and filled == 0:
        status = ReceiptStatus.CANCELLED
    if status is ReceiptStatus.EXPIRED and raw.get("timeInForce") in AT_ONCE:
        status = ReceiptStatus.CANCELLED
    return OrderReceipt(
        venue_order_id=str(raw.get("id") or ""),
        status=status,
        filled=filled,
        client_order_id=client_order_id,
        symbol=str(raw.get("symbol") or ""),
        side=Side(raw["side"]) if raw.get("side") in {"buy", "sell"} else None,
        quantity=quantity,
        limit_price=decimal(raw.get("price")),
        trades=trades(raw.get("trades") or ()),
        kind=kind(raw, words or {}),
        trigger_price=trigger(raw),
        created_at=instant(raw.get("timestamp")),
    )


def kind(raw: Mapping[str, Any], words: Mapping[str, OrderKind]) -> OrderKind | None:
    said = str(raw.get("type") or "").lower()
    return words.get(said) or PLAIN_KINDS.get(said)


def found(row: Any, path: tuple[str | int, ...]) -> Any:
    """What stands in a raw answer under this path; None where it is not there."""
    for name in path:
        try:
            row = row[name]
        except (IndexError, KeyError, TypeError):
            return None
    return row


def trigger(raw: Mapping[str, Any]) -> Decimal | None:
    """What the order waits, or waited, for."""
    names = ("triggerPrice", "stopLossPrice", "takeProfitPrice")
    told = (above_zero(raw.get(name)) for name in names)
    return next((price for price in told if price is not None), None)


def trades(raw: Iterable[Mapping[str, Any]]) -> tuple[VenueTrade, ...]:
    """Executions that can be booked: an id without an amount cannot yet."""
    return tuple(trade(row) for row in raw if row.get("id") and decimal(row.get("amount")))


def trade(raw: Mapping[str, Any]) -> VenueTrade:
    fee = raw.get("fee") or next(iter(raw.get("fees") or ()), None) or {}
    cost, asset = decimal(fee.get("cost")), fee.get("currency") or ""
    maker = {"maker": True, "taker": False}.get(str(raw.get("takerOrMaker")))
    return VenueTrade(
        venue_trade_id=str(raw["id"]),
        quantity=Decimal(str(raw["amount"])),
        price=decimal(raw.get("price")),
        fee=cost if asset else None,
        fee_asset=asset if cost is not None else "",
        is_maker=maker,
        traded_at=instant(raw.get("timestamp")),
    )


def balances(raw: Mapping[str, Any]) -> list[Balance]:
    """What is held, by asset. Raises ValueError where the venue left an amount out."""
    held = []
    for asset, free in (raw.get("free") or {}).items():
        free, used = decimal(free), decimal(raw["used"].get(asset))
        total = decimal(raw["total"].get(asset))
        if free is None and used is None and total == 0:
            continue
        if free is None or used is None:
            raise ValueError(f"no amount of {asset}")
        if free or used:
            held.append(Balance(asset=asset, free=free, used=used))
    return sorted(held, key=lambda balance: balance.asset)


def instrument(market: Mapping[str, Any], mode: int) -> InstrumentInfo:
    precision, limits = market.get("precision") or {}, market.get("limits") or {}
    amount, cost = limits.get("amount") or {}, limits.get("cost") or {}
    return InstrumentInfo(
        symbol=market["symbol"],
        base=market["base"],
        quote=market["quote"],
        active=market.get("active") is not False,
        price_step=step(precision.get("price"), mode),
        quantity_step=step(precision.get("amount"), mode),
        min_quantity=above_zero(amount.get("min")),
        max_quantity=above_zero(amount.get("max")),
        min_notional=above_zero(cost.get("min")),
        maker_fee=decimal(market.get("maker")),
        taker_fee=decimal(market.get("taker")),
    )


def step(precision: Any, mode: int) -> Decimal | None:
    """The grid of a price or quantity; None where only the number of digits is limited."""
    value = decimal(precision)
    if value is None or mode == SIGNIFICANT_DIGITS:
        return None
    if mode == DECIMAL_PLACES:
        return Decimal(1).scaleb(-int(value))
    return above_zero(value)


def above_zero(value: Any) -> Decimal | None:
    number = decimal(value)
    return number if number is not None and number > 0 else None


def book(symbol: str, raw: Mapping[str, Any], depth: int) -> BookLevels:
    nonce = raw.get("nonce")
    return BookLevels(
        symbol=symbol,
        bids=levels(raw["bids"], depth),
        asks=levels(raw["asks"], depth),
        sequence=None if nonce is None else int(nonce),
        at=instant(raw.get("timestamp")),
    )


def levels(rows: Iterable[Any], depth: int) -> tuple[tuple[Decimal, Decimal], ...]:
    made = ((Decimal(str(row[0])), Decimal(str(row[1]))) for row in rows)
    return tuple(level for level in made if level[1] > 0)[:depth]
