"""The pairs that a form offers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable

from apps.markets.selectors import instrument_list, spread_board


def pairs_offered(venues: Collection[str], chosen: Iterable[str]) -> list[str]:
    """What the live board shows; while it is empty, right after a start, what two of the venues
    list. Never without those that are chosen already."""
    return sorted(({row.symbol for row in spread_board()} or _listed_twice(venues)) | set(chosen))


def _listed_twice(venues: Collection[str]) -> set[str]:
    listings = (instrument_list(venue=venue) for venue in set(venues))
    count = Counter(symbol for rows in listings for symbol in {each.symbol for each in rows})
    return {symbol for symbol, times in count.items() if times >= 2}
