"""Watch the spreads of many symbols across many venues: every ordered venue pair, depth-walked.

The formulas are those of `spreads`; floats choose where to look, `exact_spread` decides what is
booked. The scanner holds a copy of each book's best levels. `update` takes a changed book and
recomputes the pairs it is part of; `full_scan` recomputes all pairs (ages move even when books do
not). A pair with an unusable book is reported as unavailable with the reason, its figures None.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

from apps.markets.domain.books import Book
from apps.markets.domain.errors import (
    BookAwaited,
    BookCrossed,
    BookGapped,
    BookOneSided,
    BookStale,
    BookUnusable,
    ChecksumMismatch,
)
from apps.markets.domain.scanned import Figures, ScannedPair

Floats = NDArray[np.float64]

# The position of a flaw is its code in the kernel; 0 is a usable book, 2 one never loaded.
FLAWS: tuple[type[BookUnusable] | None, ...] = (
    None,
    BookStale,
    BookAwaited,
    BookGapped,
    BookCrossed,
    BookOneSided,
    ChecksumMismatch,
)
ABSENT = FLAWS.index(BookAwaited)


def spread_kernels() -> ModuleType:
    """The compiled half, imported at first use."""
    from apps.markets.domain import spread_kernels as compiled_half

    return compiled_half


class SpreadScanner:
    """`taker_fees` are fractions by venue; `notional` quote to buy for; `max_age` seconds."""

    def __init__(
        self,
        symbols: Sequence[str],
        venues: Sequence[str],
        *,
        taker_fees: Mapping[str, float],
        notional: float,
        max_age: float,
        depth: int = 20,
    ) -> None:
        self._k = spread_kernels()
        self.symbols, self.venues, self.max_age = tuple(symbols), tuple(venues), max_age
        self._symbol_at = {name: at for at, name in enumerate(self.symbols)}
        self._venue_at = {name: at for at, name in enumerate(self.venues)}
        grid = (len(self.symbols), len(self.venues))
        pairs = (*grid, len(self.venues))
        self._bids: Floats = np.zeros((*grid, depth, 2))
        self._asks: Floats = np.zeros((*grid, depth, 2))
        self._counts = np.zeros((*grid, 2), dtype=np.int64)
        self._flaws = np.full(grid, ABSENT, dtype=np.int8)
        self._received: Floats = np.full(grid, -np.inf)
        self._fees: Floats = np.tile(
            [float(taker_fees[venue]) for venue in self.venues], (grid[0], 1)
        )
        self._notionals: Floats = np.full(grid[0], float(notional))
        self.figures: Floats = np.full((*pairs, self._k.FIGURES), np.nan)
        self._buy_codes = np.full(pairs, ABSENT, dtype=np.int8)
        self._sell_codes = np.full(pairs, ABSENT, dtype=np.int8)

    def set_taker_fee(self, symbol: str, venue: str, fee: float) -> None:
        """The fee that this account really pays there; counts from the next scan or update."""
        self._fees[self._symbol_at[symbol], self._venue_at[venue]] = fee

    def set_notional(self, symbol: str, notional: float) -> None:
        """Quote to buy for in this symbol; counts from the next scan or update."""
        self._notionals[self._symbol_at[symbol]] = notional

    def load(self, book: Book) -> tuple[int, int]:
        """Copy a book's best levels and state without computing; its (symbol, venue) position."""
        at = self._symbol_at[book.symbol], self._venue_at[book.venue]
        self._counts[at] = book.copy_best(self._bids[at], self._asks[at])
        self._flaws[at] = FLAWS.index(book.flaw)
        self._received[at] = book.received_at
        return at

    def update(self, book: Book, now: float) -> list[ScannedPair]:
        """Load a changed book and recompute the pairs it is part of; those pairs."""
        symbol, venue = self.recompute(book, now)
        return list(self._touching(symbol, venue))

    def recompute(self, book: Book, now: float) -> tuple[int, int]:
        """As `update`, leaving the results in `figures`; its (symbol, venue) position."""
        symbol, venue = self.load(book)
        self._scan(symbol, symbol + 1, venue, now)
        return symbol, venue

    def scan_symbol(self, symbol: str, now: float) -> list[ScannedPair]:
        """Recompute all pairs of one symbol from the loaded books."""
        at = self._symbol_at[symbol]
        self._scan(at, at + 1, -1, now)
        return list(self.pairs(symbol))

    def full_scan(self, now: float) -> Floats:
        """Recompute all pairs of the loaded books.

        Returns `figures`, shape (symbols, buy venues, sell venues, columns of spread_kernels),
        NaN where unavailable. It is the scanner's own array: the next scan overwrites it.
        """
        self._scan(0, len(self.symbols), -1, now)
        return self.figures

    def pair(self, symbol: str, buy_venue: str, sell_venue: str) -> ScannedPair:
        """The last computed state of one pair."""
        return self._pair_at(
            self._symbol_at[symbol], self._venue_at[buy_venue], self._venue_at[sell_venue]
        )

    def pairs(self, symbol: str | None = None) -> Iterator[ScannedPair]:
        """The last computed state of all pairs, or of one symbol's."""
        symbols = range(len(self.symbols)) if symbol is None else (self._symbol_at[symbol],)
        for at in symbols:
            for buy in range(len(self.venues)):
                for sell in range(len(self.venues)):
                    if buy != sell:
                        yield self._pair_at(at, buy, sell)

    def best(self, count: int) -> list[ScannedPair]:
        """The available pairs of highest net spread, best first."""
        nets = self.figures[..., self._k.NET].ravel()
        known = np.flatnonzero(~np.isnan(nets))
        order = known[np.argsort(-nets[known], kind="stable")[:count]]
        shape = self.figures.shape[:3]
        return [self._pair_at(*(int(i) for i in np.unravel_index(at, shape))) for at in order]

    def _scan(self, first: int, last: int, venue: int, now: float) -> None:
        self._k.scan(
            self._bids, self._asks, self._counts, self._flaws, self._received, self._fees,
            self._notionals, first, last, venue, now, self.max_age,
            self.figures, self._buy_codes, self._sell_codes,
        )  # fmt: skip

    def _touching(self, symbol: int, venue: int) -> Iterator[ScannedPair]:
        for other in range(len(self.venues)):
            if other != venue:
                yield self._pair_at(symbol, venue, other)
                yield self._pair_at(symbol, other, venue)

    def _pair_at(self, symbol: int, buy: int, sell: int) -> ScannedPair:
        row = self.figures[symbol, buy, sell].tolist()
        known = row[0] == row[0]
        return ScannedPair(
            symbol=self.symbols[symbol],
            buy_venue=self.venues[buy],
            sell_venue=self.venues[sell],
            figures=_figures(row) if known else None,
            unavailable=None if known else self._reason(symbol, buy, sell),
        )

    def _reason(self, symbol: int, buy: int, sell: int) -> str:
        for venue, codes in ((buy, self._buy_codes), (sell, self._sell_codes)):
            flaw = FLAWS[codes[symbol, buy, sell]]
            if flaw is not None:
                return f"{self.venues[venue]}: {flaw.reason}"
        return "not computed"


def _figures(row: list[float]) -> Figures:
    """Columns in the order of spread_kernels, which is that of the fields."""
    gross, fees, slippage, net, quantity, buy_quote, sell_quote, age, complete = row
    return Figures(
        gross, fees, slippage, net, quantity, buy_quote, sell_quote, age, complete == 1.0
    )
