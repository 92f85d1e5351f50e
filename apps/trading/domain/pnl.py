"""What a plan earned, in quote, after fees. Exact where the venue told all; else it says why not.

The identity `spread_captured - fees - slippage == pnl` holds to the last stored digit:

    spread_captured   what the tops of both books promised for the matched size
    fees              all fees, valued in quote
    slippage          what execution took away from the promise, unwinding included; price
                      improvement makes it negative
    pnl               sells - buys + residual at its reference price - fees
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from apps.core.domain.money import ZERO, booked
from apps.venues.domain.ports import Side

PRICE_ESTIMATED = "PRICE_ESTIMATED"  # the venue named no price: the order's limit stands in
FEE_ESTIMATED = "FEE_ESTIMATED"  # the fee or its price is unknown: the account's rate stands in


@dataclass(frozen=True, slots=True, kw_only=True)
class FillFact:
    """One execution with what stands in where the venue was silent."""

    side: Side
    unwinding: bool
    quantity: Decimal
    price: Decimal | None
    limit_price: Decimal
    fee: Decimal | None
    fee_asset: str
    fee_rate: Decimal

    @property
    def effective_price(self) -> Decimal:
        return self.limit_price if self.price is None else self.price

    @property
    def value(self) -> Decimal:
        return self.quantity * self.effective_price


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanPnl:
    pnl: Decimal
    spread_captured: Decimal
    fees: Decimal
    slippage: Decimal
    residual: Decimal
    note: str  # "" when exact, else the codes above, comma separated


def plan_pnl(
    fills: Sequence[FillFact],
    *,
    base: str,
    quote: str,
    buy_reference: Decimal,
    sell_reference: Decimal,
    prices: Mapping[str, Decimal],
) -> PlanPnl:
    """Book a plan. `prices` values third assets in quote; a missing one is estimated and noted."""
    notes: set[str] = set()
    fees = ZERO
    for fill in fills:
        if fill.price is None:
            notes.add(PRICE_ESTIMATED)
        fee, exact = fee_in_quote(fill, base=base, quote=quote, prices=prices)
        fees += fee
        if not exact:
            notes.add(FEE_ESTIMATED)
    legs = [fill for fill in fills if not fill.unwinding]
    matched = min(_size(legs, Side.BUY), _size(legs, Side.SELL))
    residual = _size(fills, Side.BUY) - _size(fills, Side.SELL)
    mark = buy_reference if residual > 0 else sell_reference
    gross = _value(fills, Side.SELL) - _value(fills, Side.BUY) + residual * mark
    spread, fees = booked(matched * (sell_reference - buy_reference)), booked(fees)
    earned = booked(gross - fees)
    return PlanPnl(
        pnl=earned,
        spread_captured=spread,
        fees=fees,
        slippage=spread - fees - earned,
        residual=residual,
        note=",".join(sorted(notes)),
    )


def fee_in_quote(
    fill: FillFact, *, base: str, quote: str, prices: Mapping[str, Decimal]
) -> tuple[Decimal, bool]:
    """The fee valued in quote, and whether that is exact."""
    if fill.fee is not None:
        if not fill.fee or fill.fee_asset == quote:
            return fill.fee, True
        if fill.fee_asset == base:
            return fill.fee * fill.effective_price, fill.price is not None
        if fill.fee_asset in prices:
            return fill.fee * prices[fill.fee_asset], True
    return fill.value * fill.fee_rate, False


def _size(fills: Iterable[FillFact], side: Side) -> Decimal:
    return sum((fill.quantity for fill in fills if fill.side is side), ZERO)


def _value(fills: Iterable[FillFact], side: Side) -> Decimal:
    return sum((fill.value for fill in fills if fill.side is side), ZERO)
