"""What a plan earned, in quote, after fees. Exact where the venue told all; else it says why not.

The identity `spread_captured - fees - slippage == pnl` holds to the last stored digit:

    spread_captured   what the tops of the books promised for what the legs opened; what stayed
                      unmatched promised nothing
    fees              all fees, valued in quote
    slippage          what execution took away from the promise, unwinding included; price
                      improvement makes it negative
    pnl               what came home less what left home, what is left over at its mark, fees off

An asset on the way is marked by the plan's own reference prices: what is left over at what it
cost, what is owed at what it was sold for.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from apps.core.domain.money import ZERO, booked
from apps.trading.domain.legs import LegSpec, assets_of
from apps.venues.domain.ports import Side

PRICE_ESTIMATED = "PRICE_ESTIMATED"  # the venue named no price: the order's limit stands in
FEE_ESTIMATED = "FEE_ESTIMATED"  # the fee or its price is unknown: the account's rate stands in
ONE = Decimal(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class FillFact:
    """One execution with what stands in where the venue was silent."""

    leg_no: int
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


@dataclass(frozen=True, slots=True)
class Marks:
    """What one unit of an asset is worth in the plan's quote: as it came in, as it went out."""

    came: Mapping[str, Decimal]
    went: Mapping[str, Decimal]

    def value(self, asset: str, amount: Decimal) -> Decimal:
        first, second = (self.came, self.went) if amount > 0 else (self.went, self.came)
        return amount * first.get(asset, second.get(asset, ZERO))


def plan_pnl(
    fills: Sequence[FillFact],
    *,
    legs: Sequence[LegSpec],
    quote: str,
    prices: Mapping[str, Decimal],
    home: frozenset[str] = frozenset(),
) -> PlanPnl:
    """Book a plan. `prices` values third assets, and home assets beside the quote, in quote; a
    missing one is estimated and noted."""
    specs = {leg.leg_no: leg for leg in legs}
    marks = marks_of(legs, quote, prices, home)
    notes: set[str] = {PRICE_ESTIMATED} if fills and home - {quote, *prices} else set()
    fees = ZERO
    for fill in fills:
        if fill.price is None:
            notes.add(PRICE_ESTIMATED)
        fee, exact = fee_in_quote(fill, specs[fill.leg_no], marks=marks, quote=quote, prices=prices)
        fees += fee
        if not exact:
            notes.add(FEE_ESTIMATED)
    opened = [fill for fill in fills if not fill.unwinding]
    promised = _nets(
        (specs[f.leg_no], f.side, f.quantity, f.quantity * specs[f.leg_no].reference_price)
        for f in opened
    )
    earned_in = _nets((specs[f.leg_no], f.side, f.quantity, f.value) for f in fills)
    spread, fees = booked(_worth(promised, marks)), booked(fees)
    earned = booked(_worth(earned_in, marks) - fees)
    return PlanPnl(
        pnl=earned,
        spread_captured=spread,
        fees=fees,
        slippage=spread - fees - earned,
        residual=earned_in.get(assets_of(legs[0].symbol)[0], ZERO),
        note=",".join(sorted(notes)),
    )


def marks_of(
    legs: Sequence[LegSpec],
    quote: str,
    prices: Mapping[str, Decimal],
    home: frozenset[str] = frozenset(),
) -> Marks:
    """Each asset by the legs that bring it (at what they cost) and that give it (at what they
    bring), averaged by ratio; an asset that no chain of legs prices is valued by `prices`."""
    homes = {asset: prices[asset] for asset in home & set(prices)} | {quote: ONE}
    came, went = dict(homes), dict(homes)
    for _ in legs:
        _price(legs, came, inward=True)
        _price(tuple(reversed(legs)), went, inward=False)
    for known in (came, went):
        for asset, price in prices.items():
            known.setdefault(asset, price)
    return Marks(came, went)


def _price(legs: Sequence[LegSpec], known: dict[str, Decimal], *, inward: bool) -> None:
    """One more asset away from the quote: what each leg not yet priced brings, or gives."""
    found: dict[str, list[tuple[Decimal, Decimal]]] = defaultdict(list)
    for leg in legs:
        asset, against = (leg.gets, leg.gives) if inward else (leg.gives, leg.gets)
        if asset in known or against not in known:
            continue
        based = asset == assets_of(leg.symbol)[0]
        rate = leg.reference_price if based else ONE / leg.reference_price
        found[asset].append((leg.ratio, rate * known[against]))
    for asset, rates in found.items():
        if len(rates) == 1:
            known[asset] = rates[0][1]
        else:
            weights = sum((ratio for ratio, _ in rates), ZERO)
            known[asset] = sum((ratio * rate for ratio, rate in rates), ZERO) / weights


def fee_in_quote(
    fill: FillFact, leg: LegSpec, *, marks: Marks, quote: str, prices: Mapping[str, Decimal]
) -> tuple[Decimal, bool]:
    """The fee valued in the plan's quote, and whether that is exact."""
    base, priced_in = assets_of(leg.symbol)
    rate = marks.came.get(priced_in, marks.went.get(priced_in, ONE))
    if fill.fee is not None:
        if not fill.fee or fill.fee_asset == quote:
            return fill.fee, True
        if fill.fee_asset == base:
            return fill.fee * fill.effective_price * rate, fill.price is not None
        if fill.fee_asset == priced_in:
            return fill.fee * rate, True
        if fill.fee_asset in prices:
            return fill.fee * prices[fill.fee_asset], True
    return fill.value * fill.fee_rate * rate, False


def _nets(moves: Iterable[tuple[LegSpec, Side, Decimal, Decimal]]) -> dict[str, Decimal]:
    """{asset: received minus given} of (leg, side, base size, quote value)."""
    nets: dict[str, Decimal] = defaultdict(Decimal)
    for leg, side, size, value in moves:
        base, quote = assets_of(leg.symbol)
        sign = 1 if side is Side.BUY else -1
        nets[base] += sign * size
        nets[quote] -= sign * value
    return nets


def _worth(nets: Mapping[str, Decimal], marks: Marks) -> Decimal:
    return sum((marks.value(asset, amount) for asset, amount in nets.items()), ZERO)
