"""Prices that the gate compares with: what a quote asset is worth, and other markets' prices.

Both come from the live board in Redis. They are remembered for a moment in the process: an order
need not wait for what was read a quarter of a second ago.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from decimal import Decimal
from statistics import median
from typing import Any

from apps.markets.selectors import books_now, instrument_list, mids_now
from apps.trading.domain.risk import SecondPrice
from apps.trading.domain.risk.facts import DOLLARS

GOOD_FOR = 0.25  # seconds
_kept: dict[str, tuple[float, Any]] = {}


def rates(assets: Iterable[str]) -> dict[str, Decimal | None]:
    """Dollars per unit: dollar coins are worth one, others what live books say, else None."""
    found: dict[str, Decimal | None] = {asset: Decimal(1) for asset in DOLLARS}
    others = set(assets) - DOLLARS
    if others:
        mids = _fresh("mids", mids_now)
        found |= {asset: mids.get(f"{asset}/USDT") for asset in others}
    return found


def second_price(symbol: str, venue: str) -> SecondPrice:
    """The median of the symbol's mids at other venues of the same kind; practice is its own kind.

    possible says whether another such venue lists the pair at all.
    """
    book = _fresh(f"book:{symbol}", lambda: books_now(symbol))
    mids = [] if book is None else [_mid(face) for face in book["venues"] if _other(face, venue)]
    if mids:
        return SecondPrice(median(mids))
    listed = _fresh(f"listed:{symbol}", lambda: instrument_list(symbol=symbol))
    return SecondPrice(None, possible=any(_is_other(each.venue, venue) for each in listed))


def _other(face: Mapping[str, Any], venue: str) -> bool:
    return face["state"] == "ok" and _is_other(face["venue"], venue)


def _is_other(one: str, venue: str) -> bool:
    return one != venue and one.startswith("practice.") == venue.startswith("practice.")


def _mid(face: Mapping[str, Any]) -> Decimal:
    return (Decimal(face["bids"][0][0]) + Decimal(face["asks"][0][0])) / 2


def _fresh(name: str, read: Any) -> Any:
    at, value = _kept.get(name, (0.0, None))
    if time.monotonic() - at > GOOD_FOR:
        value = read()
        _kept[name] = (time.monotonic(), value)
    return value


def forget() -> None:
    """For tests that change the board."""
    _kept.clear()
