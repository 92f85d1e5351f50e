"""Who may listen to live market data: every signed-in reader, to symbols that exist."""

from __future__ import annotations

from apps.core import live
from apps.core.domain.people import Reader
from apps.markets import selectors
from apps.markets.domain.errors import PairMissing

ALL = "all"


def spreads(reader: Reader, argument: str) -> str:
    """The group of `spreads:all` or `spreads:BTC/USDT`. Raises PairMissing."""
    return live.group("spreads", ALL if argument == ALL else _known(argument))


def book(reader: Reader, argument: str) -> str:
    """The group of `book:BTC/USDT`. Raises PairMissing."""
    return live.group("book", _known(argument))


def _known(symbol: str) -> str:
    if not selectors.is_symbol_known(symbol):
        raise PairMissing(symbol=symbol)
    return symbol
