"""What a comparison with a venue is made of: what both sides know, what is found, what follows."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from apps.core.domain.money import plain
from apps.trading.domain.orders import OrderOrigin, OrderStatus
from apps.venues.domain.ports import OrderReceipt, Side, VenueTrade

Place = tuple[str, str]  # (symbol, the venue's order id): some number orders per symbol


class FindingCode(StrEnum):
    OURS_MISSING_AT_VENUE = "OURS_MISSING_AT_VENUE"
    VENUE_HAS_FILL_WE_LACK = "VENUE_HAS_FILL_WE_LACK"
    VENUE_KNOWS_MORE = "VENUE_KNOWS_MORE"  # a status or an id, no execution
    OPEN_AT_VENUE_CLOSED_HERE = "OPEN_AT_VENUE_CLOSED_HERE"
    OURS_BY_ID_UNKNOWN_HERE = "OURS_BY_ID_UNKNOWN_HERE"
    EXTERNAL = "EXTERNAL"
    DUPLICATE_FILL = "DUPLICATE_FILL"
    OVERFILL = "OVERFILL"
    FILLS_UNRESOLVED = "FILLS_UNRESOLVED"
    BALANCE_UNEXPLAINED = "BALANCE_UNEXPLAINED"
    BALANCE_TOO_LOW = "BALANCE_TOO_LOW"
    FETCH_FAILED = "FETCH_FAILED"


# What nothing of ours can settle: trading on this connection waits.
BLOCKING = frozenset(
    {FindingCode.DUPLICATE_FILL, FindingCode.FILLS_UNRESOLVED, FindingCode.BALANCE_TOO_LOW}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OurOrder:
    """wire_id: our id as this venue carries it; the same where it takes ours as it is."""

    order_id: int
    client_order_id: str
    wire_id: str
    venue_order_id: str
    symbol: str
    side: Side
    status: OrderStatus
    origin: str
    quantity: Decimal
    filled: Decimal
    counted: Decimal | None
    sent_at: datetime | None
    closed_at: datetime | None
    stays: bool  # would its owner have it work still, were it never closed here

    @property
    def place(self) -> Place:
        return (self.symbol, self.venue_order_id)

    @property
    def external(self) -> bool:
        return self.origin == OrderOrigin.EXTERNAL


@dataclass(frozen=True, slots=True)
class KnownFill:
    """placed: its order's id at the venue is known, so an execution of another id is not this."""

    order_id: int
    quantity: Decimal
    price: Decimal | None
    placed: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Ours:
    """elsewhere: client ids of orders that another connection at the same venue placed.

    A trade between two orders of one account has one id and two fills, one of each side.
    """

    orders: tuple[OurOrder, ...]
    fills: Mapping[tuple[str, str, Side], KnownFill]  # (symbol, trade id, side)
    elsewhere: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Theirs:
    """What the venue answered. An absent key or None: not asked, or not answered.

    probes: by our order id; None in it says that the venue positively knows no such order.
    """

    asked_at: datetime
    open_orders: tuple[OrderReceipt, ...] | None
    trades: tuple[tuple[str, str, VenueTrade], ...] = ()  # (symbol, venue order id, trade)
    probes: Mapping[int, OrderReceipt | None] = field(default_factory=dict)
    looked_up: Mapping[Place, OrderReceipt | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Questions:
    """Orders to ask about one by one: ours by our id, others by the venue's."""

    probes: tuple[int, ...]
    look_ups: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class Record:
    """Book what the venue says of an order of ours."""

    order_id: int
    receipt: OrderReceipt


@dataclass(frozen=True, slots=True)
class CloseAbsent:
    """The venue does not know it. vanished: it had acknowledged it before."""

    order_id: int
    vanished: bool


@dataclass(frozen=True, slots=True)
class Reopen:
    """It works at the venue although we had closed it: live again, and cancelled if unwanted."""

    order_id: int
    receipt: OrderReceipt
    cancel: bool


@dataclass(frozen=True, slots=True)
class Adopt:
    """An order that has no row here gets one."""

    client_order_id: str
    origin: OrderOrigin
    receipt: OrderReceipt


@dataclass(frozen=True, slots=True)
class Remark:
    """An anomaly to be kept with an order."""

    order_id: int
    kind: str
    detail: Mapping[str, str]


Action = Record | CloseAbsent | Reopen | Adopt | Remark


@dataclass(frozen=True, slots=True)
class Finding:
    code: FindingCode
    params: Mapping[str, str]
    action: Action | None = None

    @property
    def blocking(self) -> bool:
        return self.code in BLOCKING


def external_id(connection_id: int, symbol: str, venue_order_id: str) -> str:
    """The same order gets the same id, however often and in whatever database it is found."""
    text = f"{connection_id}:{symbol}:{venue_order_id}"
    return "x" + hashlib.sha256(text.encode()).hexdigest()[:23]


def differs(quantity: Decimal, price: Decimal | None, trade: VenueTrade) -> bool:
    """The same execution told with other figures. An unknown price differs from none."""
    priced = price is not None and trade.price is not None
    return quantity != trade.quantity or (priced and price != trade.price)


def difference(quantity: Decimal, price: Decimal | None, trade: VenueTrade) -> dict[str, str]:
    return {
        "trade": trade.venue_trade_id,
        "quantity": plain(quantity),
        "told_quantity": plain(trade.quantity),
        "price": "" if price is None else plain(price),
        "told_price": "" if trade.price is None else plain(trade.price),
    }
