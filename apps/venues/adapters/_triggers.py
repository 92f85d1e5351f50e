"""Orders that wait at the venue for a price: what ccxt is told, and what a ticket must say.

ccxt's unified word for such an order is a market or limit order with a trigger among its
parameters. Which parameter makes which order at a venue is the adapter's to say.
"""

from __future__ import annotations

from apps.venues.domain.errors import OrderContradictory
from apps.venues.domain.ports import (
    PRICED_TRIGGERS,
    UNPRICED,
    Capability,
    OrderKind,
    OrderTicket,
    TimeInForce,
)

NEEDED_KIND = {
    OrderKind.MARKET: Capability.MARKET_ORDERS,
    OrderKind.STOP: Capability.STOP,
    OrderKind.STOP_LIMIT: Capability.STOP_LIMIT,
    OrderKind.TAKE_PROFIT: Capability.TAKE_PROFIT,
    OrderKind.TAKE_PROFIT_LIMIT: Capability.TAKE_PROFIT_LIMIT,
    OrderKind.TRAILING_STOP: Capability.TRAILING_STOP,
}
NEEDED_TIME = {
    TimeInForce.IOC: Capability.IOC,
    TimeInForce.FOK: Capability.FOK,
    TimeInForce.POST_ONLY: Capability.POST_ONLY,
    TimeInForce.GTD: Capability.GTD,
}
CCXT_NAMES = {
    OrderKind.STOP: "stopLossPrice",
    OrderKind.STOP_LIMIT: "stopLossPrice",
    OrderKind.TAKE_PROFIT: "takeProfitPrice",
    OrderKind.TAKE_PROFIT_LIMIT: "takeProfitPrice",
}


def ccxt_type(kind: OrderKind) -> str:
    """What the order becomes once it is triggered, which is how ccxt calls it."""
    return "market" if kind in UNPRICED else "limit"


def require_whole(ticket: OrderTicket) -> None:
    """Raises OrderContradictory where the fields do not fit the kind of order."""
    kind = ticket.kind
    expected = {
        "limit_price": kind not in UNPRICED,
        "trigger_price": kind in PRICED_TRIGGERS,
        "trail": kind is OrderKind.TRAILING_STOP,
        "expires_at": ticket.time_in_force is TimeInForce.GTD,
    }
    for field, wanted in expected.items():
        if (getattr(ticket, field) is not None) is not wanted:
            raise OrderContradictory(field=field, kind=kind.value)
