"""When an order that waits becomes one that works: Binance's contingent types and trailing stops.

A stop loss waits for the price to move against its owner, a take profit for the opposite; both
watch the price of the last trade. With a trailing delta (BIPS, hundredths of a percent) the order
follows the best price since it began to follow, and works once the price has come back by the
delta; a stop price, if there is one, says from where it begins to follow.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal

from apps.practice.domain.ledger import Ledger, Order
from apps.practice.domain.matching import Side

STOPS = ("STOP_LOSS", "STOP_LOSS_LIMIT")
PROFITS = ("TAKE_PROFIT", "TAKE_PROFIT_LIMIT")
CONTINGENT = STOPS + PROFITS
UNPRICED = ("MARKET", "STOP_LOSS", "TAKE_PROFIT")
BIPS = Decimal(10_000)


def waits_above(type_: str, side: str) -> bool:
    """Whether the stop price is met from below: a stop that buys, a profit that sells."""
    return (type_ in STOPS) == (side == Side.BUY)


def is_met(type_: str, side: str, stop: Decimal, price: Decimal) -> bool:
    return price >= stop if waits_above(type_, side) else price <= stop


def better(side: str, best: Decimal, price: Decimal) -> bool:
    """Whether a trailing order follows to this price: buyers like it low, sellers high."""
    return price < best if side == Side.BUY else price > best


def has_come_back(side: str, delta: int, best: Decimal, price: Decimal) -> bool:
    if side == Side.BUY:
        return price >= best * (BIPS + delta) / BIPS
    return price <= best * (BIPS - delta) / BIPS


def followed(order: Order, price: Decimal) -> Decimal | None:
    """The best price an order follows after this trade; None while it does not follow."""
    if not order.trailing_delta:
        return None
    if order.trail_best is None:
        begins = not order.stop_price or is_met(order.type, order.side, order.stop_price, price)
        return price if begins else None
    return price if better(order.side, order.trail_best, price) else order.trail_best


def is_due(order: Order, price: Decimal) -> bool:
    """Whether the order works from this trade on; a trailing one has followed it before."""
    if not order.trailing_delta:
        return is_met(order.type, order.side, order.stop_price, price)
    best = order.trail_best
    return best is not None and has_come_back(order.side, order.trailing_delta, best, price)


@dataclass(slots=True)
class Waiting:
    """The orders that wait, by symbol, in the order they came."""

    by_symbol: defaultdict[str, dict[int, None]] = field(default_factory=lambda: defaultdict(dict))

    def add(self, order: Order) -> None:
        self.by_symbol[order.symbol][order.id] = None

    def drop(self, order: Order) -> None:
        self.by_symbol[order.symbol].pop(order.id, None)

    def of(self, symbol: str, ledger: Ledger) -> Iterator[Order]:
        for order_id in list(self.by_symbol[symbol]):
            yield ledger.orders[order_id]
