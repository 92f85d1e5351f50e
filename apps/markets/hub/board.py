"""The spread board of the books that are watched now: scanning, rows, and what has changed."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import orjson

from apps.markets.domain import board
from apps.markets.domain.board import SpreadRow, VenueFace
from apps.markets.domain.books import Book
from apps.markets.domain.scanned import ScannedPair
from apps.markets.domain.scanner import SpreadScanner

TOP = 15  # levels of each side that pages and readers see
RESEND_AFTER = 2.0  # seconds: an unchanged row is told again, so that its age is not frozen

Fees = Mapping[tuple[str, str], float]  # (venue, symbol) -> taker fee fraction


class SpreadBoard:
    """All ordered pairs of venues that both watch a symbol. Books are shared, not copied."""

    def __init__(self, *, face: Callable[[str], VenueFace], max_age: float) -> None:
        self._face, self._max_age = face, max_age
        self._books: dict[str, dict[str, Book]] = {}  # by symbol, by venue
        self._fees: Fees = {}
        self._scanner: SpreadScanner | None = None
        self._sent: dict[str, tuple[tuple[object, ...], float]] = {}

    def arrange(self, books: Iterable[Book]) -> None:
        """The books to compare from now on."""
        self._books = {}
        for book in books:
            self._books.setdefault(book.symbol, {})[book.venue] = book
        self._build()

    def set_fees(self, fees: Fees) -> None:
        """Pairs of a venue whose fee is not among them show no net."""
        self._fees = dict(fees)
        self._build()

    @property
    def symbols(self) -> list[str]:
        return sorted(self._books)

    def books(self, symbol: str) -> dict[str, Book]:
        return self._books.get(symbol, {})

    def spreads(self, symbol: str, now: float) -> list[ScannedPair]:
        """Every ordered pair of venues that watch the symbol, from the books of this moment."""
        mine = self._books.get(symbol, {})
        if self._scanner is None or not mine:
            return []
        for book in mine.values():
            self._scanner.load(book)
        pairs = self._scanner.scan_symbol(symbol, now)
        return [p for p in pairs if p.buy_venue in mine and p.sell_venue in mine]

    def rows(self, now: float) -> list[SpreadRow]:
        return [row for symbol in self._books for row in self._rows_of(symbol, now)]

    def changed(self, rows: Iterable[SpreadRow], now: float) -> tuple[list[SpreadRow], list[str]]:
        """(rows worth telling, keys that are gone) since this was last asked."""
        told, present = [], set()
        for row in rows:
            present.add(row.key)
            before = self._sent.get(row.key)
            facts = row.facts
            if before is None or before[0] != facts or now - before[1] >= RESEND_AFTER:
                self._sent[row.key] = (facts, now)
                told.append(row)
        gone = [key for key in self._sent if key not in present]
        for key in gone:
            del self._sent[key]
        return told, gone

    def snapshot(self, symbol: str, now: float) -> dict[str, Any]:
        """The top of every book of the symbol, as pages draw it."""
        venues = [self._book_face(book, now) for _, book in sorted(self.books(symbol).items())]
        return {"symbol": symbol, "venues": venues}

    # --- inside

    def _build(self) -> None:
        venues = sorted({venue for by_venue in self._books.values() for venue in by_venue})
        if not venues:
            self._scanner = None
            return
        self._scanner = SpreadScanner(
            self.symbols,
            venues,
            taker_fees=dict.fromkeys(venues, math.nan),
            notional=float(board.DEFAULT_NOTIONAL),
            max_age=self._max_age,
        )
        for symbol, by_venue in self._books.items():
            self._scanner.set_notional(symbol, float(board.notional_for(symbol)))
            for venue in by_venue:
                fee = self._fees.get((venue, symbol))
                if fee is not None:
                    self._scanner.set_taker_fee(symbol, venue, fee)

    def _rows_of(self, symbol: str, now: float) -> list[SpreadRow]:
        mine = self._books[symbol]
        return [
            board.row(
                pair,
                buy=self._face(pair.buy_venue),
                sell=self._face(pair.sell_venue),
                received_at=min(
                    mine[pair.buy_venue].received_at, mine[pair.sell_venue].received_at
                ),
                now=now,
            )
            for pair in self.spreads(symbol, now)
        ]

    def _book_face(self, book: Book, now: float) -> dict[str, Any]:
        face, problem = self._face(book.venue), book.problem(now, self._max_age)
        known = math.isfinite(book.received_at)
        word = problem.reason if problem else ""
        return {
            "venue": face.code,
            "label": face.label,
            "simulated": face.simulated,
            "state": board.STATES.get(word, "missing") if problem else "ok",
            "reason": board.REASONS[word].format(venue=face.label) if problem else "",
            "age_ms": round(book.age(now) * 1000) if known else None,
            "at": round(book.received_at * 1000) if known else None,
            "bids": _levels(book.bids(TOP)),
            "asks": _levels(book.asks(TOP)),
        }


def _levels(rows: Any) -> list[list[str]]:
    return [[board.amount(price), board.amount(quantity)] for price, quantity in rows.tolist()]


def encoded(row: SpreadRow) -> bytes:
    """A row once for every channel and the mirror."""
    return orjson.dumps(row.as_dict())
