"""What buying on one venue and selling on another earns, exactly, after depth and fees.

The numbers here may be booked: everything is Decimal. The scan over all pairs, which only
chooses where to look, is in `scanner` and works on floats with the same formulas.

With a0 the best ask of the buying venue, b0 the best bid of the selling venue, Q the executable
base quantity, C what walking the asks for Q costs and P what walking the bids for Q brings
(both quote), fb and fs the taker rates:

    gross    = (b0 - a0) / a0              what the tops of the books promise
    slippage = b0 / a0 - P / C             what walking the depth takes away; never negative
    fees     = (fb * C + fs * P) / C       both fees, valued in quote, over what the buy costs
    net      = gross - fees - slippage  =  (P - C - fb * C - fs * P) / C

All four are fractions (0.001 is 0.1 %). `net * C` is the profit in quote, to the last digit.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise

from apps.core.domain.errors import gettext_noop
from apps.core.domain.money import floored
from apps.markets.domain.errors import DepthTooThin, LevelsInvalid

Level = tuple[Decimal, Decimal]  # (price in quote, quantity in base), both positive

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class LegFees:
    """Taker fee rates as fractions of each leg's quote value (0.001 is 0.1 %)."""

    buy: Decimal
    sell: Decimal


@dataclass(frozen=True, slots=True)
class Spread:
    """One executable pair of legs. Fractions as the module says, amounts in quote or base."""

    gross: Decimal
    fees: Decimal
    slippage: Decimal
    net: Decimal
    buy_vwap: Decimal
    sell_vwap: Decimal
    quantity: Decimal  # base, the same on both legs
    buy_limit: Decimal  # the worst ask walked: an IOC at this price fills from these levels
    sell_limit: Decimal  # the worst bid walked
    buy_quote: Decimal  # C, before fees
    sell_quote: Decimal  # P, before fees
    complete: bool  # False: the books or the quantity cap ended before the notional did

    @property
    def fee_quote(self) -> Decimal:
        """Both fees in quote."""
        return self.fees * self.buy_quote

    @property
    def profit_quote(self) -> Decimal:
        """What is left in quote after both fees."""
        return self.net * self.buy_quote


@dataclass(frozen=True, slots=True)
class Walk:
    """Taking a quantity from one side of a book, best level first."""

    quantity: Decimal
    quote: Decimal
    limit: Decimal


def exact_spread(
    buy_levels: Sequence[Level],
    sell_levels: Sequence[Level],
    notional: Decimal,
    fees: LegFees,
    *,
    quantity_step: Decimal | None = None,
    max_quantity: Decimal | None = None,
) -> Spread:
    """Walk the asks of one venue and the bids of another until `notional` quote is spent.

    Levels come best first. The quantity ends where the notional, either book or `max_quantity`
    ends, and is floored to `quantity_step`; a size below one step raises DepthTooThin, as does an
    empty side. The result may well be a loss: deciding is the caller's business.
    """
    _require_levels(buy_levels, falling=False)
    _require_levels(sell_levels, falling=True)
    if not notional > 0:
        raise LevelsInvalid(problem=gettext_noop("the notional is not positive"))
    wanted, affordable = executable_quantity(buy_levels, sell_levels, notional)
    if max_quantity is not None and max_quantity < wanted:
        wanted, affordable = max_quantity, False
    if quantity_step is not None:
        wanted = floored(wanted, quantity_step)
    if not wanted > 0:
        raise DepthTooThin
    bought, sold = walk(buy_levels, wanted), walk(sell_levels, wanted)
    return _spread(buy_levels[0][0], sell_levels[0][0], bought, sold, fees, complete=affordable)


def executable_quantity(
    buy_levels: Sequence[Level], sell_levels: Sequence[Level], notional: Decimal
) -> tuple[Decimal, bool]:
    """Base quantity that `notional` quote buys and the other book takes; True if all is spent."""
    offered = sum((quantity for _, quantity in sell_levels), ZERO)
    spent = taken = ZERO
    for price, quantity in buy_levels:
        part = min(quantity, offered - taken)
        if spent + part * price >= notional:
            return taken + (notional - spent) / price, True
        spent += part * price
        taken += part
        if taken >= offered:
            break
    return taken, False


def walk(levels: Iterable[Level], quantity: Decimal) -> Walk:
    """Take `quantity` base from levels, best first, or all there is."""
    quote = taken = limit = ZERO
    for price, offered in levels:
        part = min(offered, quantity - taken)
        if part <= 0:
            break
        quote += part * price
        taken += part
        limit = price
    return Walk(quantity=taken, quote=quote, limit=limit)


def _spread(
    ask: Decimal, bid: Decimal, bought: Walk, sold: Walk, fees: LegFees, *, complete: bool
) -> Spread:
    gross = (bid - ask) / ask
    slippage = bid / ask - sold.quote / bought.quote
    cost = fees.buy + fees.sell * sold.quote / bought.quote
    return Spread(
        gross=gross,
        fees=cost,
        slippage=slippage,
        net=gross - cost - slippage,
        buy_vwap=bought.quote / bought.quantity,
        sell_vwap=sold.quote / sold.quantity,
        quantity=bought.quantity,
        buy_limit=bought.limit,
        sell_limit=sold.limit,
        buy_quote=bought.quote,
        sell_quote=sold.quote,
        complete=complete,
    )


def _require_levels(levels: Sequence[Level], *, falling: bool) -> None:
    """Best first, positive, each price once; anything else would book a wrong limit price."""
    if not levels:
        raise DepthTooThin
    for price, quantity in levels:
        if not (price > 0 and quantity > 0):
            raise LevelsInvalid(problem=gettext_noop("a price or quantity is not positive"))
    for (better, _), (worse, _) in pairwise(levels):
        if (better > worse) is not falling or better == worse:
            raise LevelsInvalid(problem=gettext_noop("the best price does not come first"))
