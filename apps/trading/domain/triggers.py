"""When a waiting order's moment has come, judged by a price it could really trade at.

A sale looks at the best bid, a purchase at the best ask: a middle or a last price would call for
trades that nobody offers. Prices are quote per base, trails fractions of the best price seen.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from apps.venues.domain.ports import OrderKind, Side

STOPS = frozenset({OrderKind.STOP, OrderKind.STOP_LIMIT, OrderKind.TRAILING_STOP})
PROFITS = frozenset({OrderKind.TAKE_PROFIT, OrderKind.TAKE_PROFIT_LIMIT})
WAITING = STOPS | PROFITS


@dataclass(frozen=True, slots=True)
class Quote:
    """The top of a venue's book. age: seconds since its last frame."""

    bid: Decimal
    ask: Decimal
    age: float = 0.0

    def against(self, side: Side) -> Decimal:
        """What an order of this side would trade at now."""
        return self.bid if side is Side.SELL else self.ask


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """What an armed order waits for. trail_best is the best price since it was armed."""

    side: Side
    kind: OrderKind
    trigger_price: Decimal | None = None
    trail: Decimal | None = None
    trail_best: Decimal | None = None


def best_seen(order: Waiting, price: Decimal) -> Decimal | None:
    """The trailing stop's new best price: it never moves back. None for other kinds."""
    if order.kind is not OrderKind.TRAILING_STOP:
        return None
    if order.trail_best is None:
        return price
    return max(order.trail_best, price) if order.side is Side.SELL else min(order.trail_best, price)


def trigger_of(order: Waiting) -> Decimal | None:
    """The price it waits for now; None while a trailing stop has seen no price."""
    if order.kind is not OrderKind.TRAILING_STOP:
        return order.trigger_price
    if order.trail_best is None or order.trail is None:
        return None
    away = 1 - order.trail if order.side is Side.SELL else 1 + order.trail
    return order.trail_best * away


def is_reached(order: Waiting, price: Decimal) -> bool:
    """Whether `price`, of the side it would trade against, sets it off."""
    trigger = trigger_of(order)
    if trigger is None:
        return False
    falling = (order.side is Side.SELL) == (order.kind in STOPS)
    return price <= trigger if falling else price >= trigger


def bound(side: Side, price: Decimal, slippage: Decimal) -> Decimal:
    """The worst price at which an order without a limit may trade."""
    return price * (1 - slippage) if side is Side.SELL else price * (1 + slippage)
