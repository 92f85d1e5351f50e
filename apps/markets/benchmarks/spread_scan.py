"""A full scan of 500 symbols on 5 venues, and one changed book's pairs."""

from __future__ import annotations

from statistics import median
from time import perf_counter

import numpy as np

from apps.core.domain.benchmarks import Figure, Measurement, Progress
from apps.markets.domain.books import Book
from apps.markets.domain.scanner import SpreadScanner
from apps.venues.domain.wire import DepthSnapshot

SYMBOLS, VENUES, LEVELS = 500, 5, 100
NOTIONAL = 1000.0
LEVEL_QUOTE = 150.0  # mean quote value of a level, so that a walk takes about seven levels
ROUNDS = 50
NOW = 1_000_000.0


def measure(progress: Progress) -> Measurement:
    progress(f"building {SYMBOLS * VENUES} books")
    books = _books(np.random.default_rng(7))
    scanner = SpreadScanner(
        [f"COIN{i}/USDT" for i in range(SYMBOLS)],
        [f"venue{i}" for i in range(VENUES)],
        taker_fees={f"venue{i}": 0.001 for i in range(VENUES)},
        notional=NOTIONAL,
        max_age=5.0,
    )
    for book in books:
        scanner.load(book)
    scanner.full_scan(NOW)
    scanner.recompute(books[0], NOW)
    progress(f"{ROUNDS} full scans")
    scans = [_timed(scanner) for _ in range(ROUNDS)]
    progress(f"{len(books)} single updates")
    updates = [_timed(scanner, book) for book in books]
    pairs = SYMBOLS * VENUES * (VENUES - 1)
    if int(np.isfinite(scanner.figures[..., 0]).sum()) != pairs:
        raise RuntimeError("some pairs were not scanned")
    return Measurement(
        workload=f"{SYMBOLS} symbols x {VENUES} venues, all {pairs} ordered venue pairs walked "
        f"for {NOTIONAL:.0f} quote through generated books (seed 7); one core; medians",
        figures={
            "full_scan_ms": Figure(round(median(scans) * 1e3, 3), "ms", "lower"),
            "update_us": Figure(round(median(updates) * 1e6, 1), "us", "lower"),
        },
    )


def _timed(scanner: SpreadScanner, book: Book | None = None) -> float:
    """Seconds of a full scan, or of taking one changed book and recomputing its pairs."""
    started = perf_counter()
    if book is None:
        scanner.full_scan(NOW)
    else:
        scanner.update(book, NOW)
    return perf_counter() - started


def _books(rng: np.random.Generator) -> list[Book]:
    books = []
    for symbol in range(SYMBOLS):
        middle = 10 ** rng.uniform(-2, 4)
        for venue in range(VENUES):
            book = Book(f"venue{venue}", f"COIN{symbol}/USDT")
            price = middle * (1 + rng.normal(0, 5e-4))
            sides = [_side(price, sign, rng) for sign in (-1, 1)]
            book.apply_snapshot(DepthSnapshot(None, 1, sides[0], sides[1]), NOW)
            books.append(book)
    return books


def _side(price: float, sign: int, rng: np.random.Generator) -> tuple[tuple[float, float], ...]:
    prices = price * (1 + sign * 2e-5 * np.arange(1, LEVELS + 1))
    quantities = rng.exponential(LEVEL_QUOTE, LEVELS) / price
    return tuple(zip(prices.tolist(), quantities.tolist(), strict=True))
