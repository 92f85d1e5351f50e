"""What a scan finds, apart from the scanner: whoever only shows rows pays for no numpy."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figures:
    """Fractions as `spreads` says; quantity in base, quotes in quote, age in seconds."""

    gross: float
    fees: float
    slippage: float
    net: float
    quantity: float
    buy_quote: float
    sell_quote: float
    age: float  # of the older of the two books
    complete: bool  # False: the scanned depth ended before the notional did


@dataclass(frozen=True, slots=True)
class ScannedPair:
    """One ordered venue pair of a symbol. Either figures or the reason why there are none."""

    symbol: str
    buy_venue: str
    sell_venue: str
    figures: Figures | None
    unavailable: str | None  # "<venue>: <reason>", reasons as BookUnusable.reason
