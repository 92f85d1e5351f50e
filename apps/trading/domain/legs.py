"""The legs of a plan, and what flowed through them: assets in, assets out, by what was filled.

Sizes are base units of the leg's own market, prices quote per base. A flow is signed from our
side: what was received is positive, what was given away negative. Home assets are what a plan
starts from and wants to end in; everything else it holds or owes is exposure.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from enum import StrEnum

from apps.core.domain.money import ZERO, floored
from apps.venues.domain.ports import Side, TimeInForce

ONE = Decimal(1)
RESTING = frozenset({TimeInForce.GTC, TimeInForce.POST_ONLY, TimeInForce.GTD})


class Role(StrEnum):
    """Why an order of a plan exists."""

    OPEN = "OPEN"
    COMPLETE = "COMPLETE"
    UNWIND = "UNWIND"


@dataclass(frozen=True, slots=True, kw_only=True)
class SizeRules:
    """What a venue takes for one symbol. None: the venue states no such rule."""

    quantity_step: Decimal | None = None
    price_step: Decimal | None = None
    min_quantity: Decimal | None = None
    max_quantity: Decimal | None = None
    min_notional: Decimal | None = None

    def tradable(self, quantity: Decimal, price: Decimal) -> Decimal:
        """The largest size up to `quantity` that the venue takes, 0 if none."""
        size = floored(quantity, self.quantity_step) if self.quantity_step else quantity
        if self.max_quantity is not None and size > self.max_quantity:
            size = self.max_quantity
        if self.min_quantity is not None and size < self.min_quantity:
            return ZERO
        if self.min_notional is not None and size * price < self.min_notional:
            return ZERO
        return size

    def price_down(self, price: Decimal) -> Decimal:
        return floored(price, self.price_step) if self.price_step else price

    def price_up(self, price: Decimal) -> Decimal:
        if not self.price_step:
            return price
        steps = (price / self.price_step).to_integral_value(rounding=ROUND_CEILING)
        return steps * self.price_step


def assets_of(symbol: str) -> tuple[str, str]:
    """(base, quote) of a unified symbol: "BTC/USDT", "BTC/USDT:USDT"."""
    base, _, rest = symbol.partition("/")
    return base, rest.partition(":")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class LegSpec:
    """One leg as it was decided. reference_price is the top of book it was decided on.

    ratio is the leg's size for each unit of the plan's quantity: two sales of half a unit each
    stand against one purchase.
    """

    leg_no: int
    connection_id: int
    venue: str
    symbol: str
    side: Side
    limit_price: Decimal
    reference_price: Decimal
    fee_rate: Decimal  # the account's taker rate as a fraction
    rules: SizeRules
    ratio: Decimal = ONE
    time_in_force: TimeInForce = TimeInForce.IOC

    @property
    def rests(self) -> bool:
        return self.time_in_force in RESTING

    @property
    def gets(self) -> str:
        base, quote = assets_of(self.symbol)
        return base if self.side is Side.BUY else quote

    @property
    def gives(self) -> str:
        base, quote = assets_of(self.symbol)
        return quote if self.side is Side.BUY else base

    def size_of(self, asset: str, amount: Decimal, price: Decimal) -> Decimal:
        """The size that moves so much of one of the leg's two assets at a price."""
        return amount if asset == assets_of(self.symbol)[0] else amount / price


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderFact:
    """An order of a plan as far as it is known.

    value is what was paid or received in the market's quote; None: at the leg's limit. held is
    what the venue held of the asset that the order would have given, asked after it refused the
    order for want of funds; None: not asked, or no answer, which is not zero.
    """

    leg_no: int
    role: Role
    side: Side
    in_flight: bool
    filled: Decimal
    quantity: Decimal = ZERO
    value: Decimal | None = None
    fees: tuple[tuple[str, Decimal], ...] = ()  # (asset, amount) that the venue stated
    rests: bool = False
    cancelling: bool = False
    held: Decimal | None = None

    def gives(self, leg: LegSpec) -> str:
        base, quote = assets_of(leg.symbol)
        return quote if self.side is Side.BUY else base


def bought(orders: Iterable[OrderFact]) -> Decimal:
    return sum((o.filled for o in orders if o.side is Side.BUY), ZERO)


def sold(orders: Iterable[OrderFact]) -> Decimal:
    return sum((o.filled for o in orders if o.side is Side.SELL), ZERO)


def flows(
    legs: Sequence[LegSpec], orders: Iterable[OrderFact], *, with_fees: bool
) -> dict[str, tuple[Decimal, Decimal]]:
    """{asset: (received, given)}, both positive. Fees are given away where they are counted."""
    specs = {leg.leg_no: leg for leg in legs}
    into: dict[str, Decimal] = defaultdict(Decimal)
    out: dict[str, Decimal] = defaultdict(Decimal)
    for order in orders:
        leg = specs[order.leg_no]
        base, quote = assets_of(leg.symbol)
        value = order.filled * leg.limit_price if order.value is None else order.value
        gain, loss = (into, out) if order.side is Side.BUY else (out, into)
        gain[base] += order.filled
        loss[quote] += value
        for asset, fee in order.fees if with_fees else ():
            out[asset] += fee
    return {asset: (into[asset], out[asset]) for asset in sorted({*into, *out})}


def exposures(
    legs: Sequence[LegSpec],
    orders: Iterable[OrderFact],
    home: frozenset[str],
    *,
    with_fees: bool = False,
) -> dict[str, Decimal]:
    """{asset: received minus given} of everything that is not home and not even.

    A fee counts only in what the legs trade: a fee token that was held before is a cost, and
    no position that the plan opened.
    """
    traded = {asset for leg in legs for asset in assets_of(leg.symbol)} - home
    moved = flows(legs, orders, with_fees=with_fees)
    nets = {asset: into - out for asset, (into, out) in moved.items() if asset in traded}
    return {asset: net for asset, net in nets.items() if net}


def matched(legs: Sequence[LegSpec], orders: Iterable[OrderFact], home: frozenset[str]) -> bool:
    """Whether the legs met: what each asset on the way received, another leg gave on."""
    traded = {asset for leg in legs for asset in assets_of(leg.symbol)} - home
    moved = flows(legs, orders, with_fees=False)
    return all(min(moved.get(asset, (ZERO, ZERO))) > 0 for asset in traded)


def legs_meet(legs: Sequence[LegSpec], home: frozenset[str], *, in_sequence: bool) -> bool:
    """Whether legs are decided so that, filled whole, they leave nothing but home assets.

    Legs at once must cancel out in every asset they trade that is not home, by their ratios
    (exactly in bases; a chain's quotes are known only when it trades). In sequence each asset
    must be received before it is given or given before it is bought back.
    """
    numbers = [leg.leg_no for leg in legs]
    if len(legs) < 2 or len(set(numbers)) != len(numbers) or any(leg.ratio <= 0 for leg in legs):
        return False
    for asset in {asset for leg in legs for asset in assets_of(leg.symbol)} - home:
        if {leg.gets == asset for leg in legs if asset in assets_of(leg.symbol)} != {True, False}:
            return False
        based = [leg for leg in legs if assets_of(leg.symbol)[0] == asset]
        whole = all(asset not in assets_of(leg.symbol)[1:] for leg in legs)
        net = sum((leg.ratio if leg.side is Side.BUY else -leg.ratio for leg in based), ZERO)
        if whole and net and not in_sequence:
            return False
    return True


def spends(
    legs: Sequence[LegSpec], quantity: Decimal, home: frozenset[str], *, in_sequence: bool
) -> Mapping[tuple[int, str], Decimal]:
    """{(connection, asset): the most that filling the legs may use up there}.

    A purchase needs its fee on top. What an earlier leg of a sequence puts on the same
    connection need not be there before.
    """
    needed: dict[tuple[int, str], Decimal] = defaultdict(Decimal)
    coming: set[tuple[int, str]] = set()
    for leg in legs:
        claim, size = (leg.connection_id, leg.gives), quantity * leg.ratio
        if not (in_sequence and claim in coming):
            worst = size * leg.limit_price * (1 + max(leg.fee_rate, ZERO))
            needed[claim] += worst if leg.side is Side.BUY else size
        if leg.gets not in home:
            coming.add((leg.connection_id, leg.gets))
    return dict(needed)
