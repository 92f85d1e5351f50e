"""What balances are worth in one currency. Pure; what has no price makes the sum unknown.

An unknown price is never zero: one asset without a price and the whole is not known, with the
assets that lack one named.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

CURRENCY = "USDT"


class EquityUnknown(StrEnum):
    """Why an equity point has no figure."""

    PRICE_MISSING = "PRICE_MISSING"
    NO_BALANCES = "NO_BALANCES"


class PriceSource(StrEnum):
    BOOK = "BOOK"  # the mid of live books
    CANDLE = "CANDLE"  # the newest stored candle


@dataclass(frozen=True, slots=True)
class Price:
    """What one unit costs in CURRENCY."""

    value: Decimal
    source: PriceSource
    at: datetime


@dataclass(frozen=True, slots=True)
class Valuation:
    """equity is None exactly when `unknown_because` is set; `unpriced` names the culprits."""

    equity: Decimal | None
    unknown_because: str
    unpriced: list[str]
    worth: dict[str, Decimal]  # by asset, of those that have a price


def symbols_for(assets: Iterable[str]) -> list[str]:
    """The pairs whose price answers for these assets."""
    wanted = sorted(set(assets) - {CURRENCY})
    return [s for asset in wanted for s in (f"{asset}/{CURRENCY}", f"{CURRENCY}/{asset}")]


def price_of(asset: str, prices: Mapping[str, Price]) -> Decimal | None:
    """`prices` by symbol; the pair may be listed either way round."""
    if asset == CURRENCY:
        return Decimal(1)
    if straight := prices.get(f"{asset}/{CURRENCY}"):
        return straight.value
    turned = prices.get(f"{CURRENCY}/{asset}")
    return 1 / turned.value if turned and turned.value else None


def valued(totals: Mapping[str, Decimal], prices: Mapping[str, Price]) -> Valuation:
    """The worth of `totals` (units by asset). Nothing of an asset needs no price."""
    if not totals:
        return Valuation(None, EquityUnknown.NO_BALANCES, [], {})
    worth: dict[str, Decimal] = {}
    unpriced: list[str] = []
    for asset, total in sorted(totals.items()):
        if total == 0:
            continue
        price = price_of(asset, prices)
        if price is None:
            unpriced.append(asset)
        else:
            worth[asset] = total * price
    if unpriced:
        return Valuation(None, EquityUnknown.PRICE_MISSING, unpriced, worth)
    return Valuation(sum(worth.values(), Decimal(0)), "", [], worth)
