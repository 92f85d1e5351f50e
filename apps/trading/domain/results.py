"""What closing a position earned, against the average cost of what it closes."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from apps.core.domain.money import ZERO
from apps.venues.domain.ports import Side


@dataclass(frozen=True, slots=True)
class Lot:
    """A net position in base units (negative: sold short) and the quote it cost, same sign."""

    net: Decimal = ZERO
    cost: Decimal = ZERO


def traded(
    lot: Lot, *, side: Side, quantity: Decimal, price: Decimal, fee: Decimal = ZERO
) -> tuple[Lot, Decimal | None]:
    """The position after an execution, and what it earned in quote; None: it closed nothing.

    The fee (quote) belongs to the result where something was closed, else to the cost.
    """
    change = quantity if side is Side.BUY else -quantity
    if lot.net * change >= 0:
        return Lot(lot.net + change, lot.cost + change * price + fee), None
    closed = min(abs(change), abs(lot.net))
    sign = 1 if lot.net > 0 else -1
    cost = lot.cost * closed / abs(lot.net)
    earned = sign * closed * price - cost - fee
    net = lot.net + change
    if net * lot.net >= 0:
        return Lot(net, lot.cost - cost if net else ZERO), earned
    return Lot(net, net * price), earned  # it went through zero: the rest opens at this price
