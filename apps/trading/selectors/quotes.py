"""The top of a book as the engine mirrors it: for tickets, bounds and estimates, never booked."""

from __future__ import annotations

from decimal import Decimal

from apps.markets.selectors import books_now
from apps.trading.domain.triggers import Quote


def quote_now(*, venue: str, symbol: str) -> Quote | None:
    """None: nobody follows that book, or it must not be believed at the moment."""
    found = books_now(symbol)
    for face in (found or {}).get("venues", ()):
        if face["venue"] != venue or face["state"] != "ok":
            continue
        bids, asks = face["bids"], face["asks"]
        if bids and asks:
            age = (face["age_ms"] or 0) / 1000
            return Quote(Decimal(bids[0][0]), Decimal(asks[0][0]), age)
    return None
