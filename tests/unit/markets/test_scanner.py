"""The scanner over several venues: every pair, only the pairs touched, and no invented zero."""

from __future__ import annotations

import numpy as np
import pytest

from apps.markets.domain.books import Book
from apps.markets.domain.scanner import SpreadScanner
from apps.venues.domain.wire import DepthDelta, DepthSnapshot

VENUES = ["alpha", "beta", "gamma"]


def book(venue, bid, ask, *, symbol="BTC/USDT", received_at=1000.0):
    made = Book(venue, symbol)
    made.apply_snapshot(DepthSnapshot(None, 1, ((bid, 50.0),), ((ask, 50.0),)), received_at)
    return made


@pytest.fixture
def scanner():
    fees = {"alpha": 0.001, "beta": 0.002, "gamma": 0.003}
    return SpreadScanner(
        ["BTC/USDT", "ETH/USDT"], VENUES, taker_fees=fees, notional=1000.0, max_age=5.0
    )


def test_every_ordered_venue_pair_is_scanned(scanner):
    for venue, price in zip(VENUES, (100.0, 101.0, 102.0), strict=True):
        scanner.load(book(venue, price, price + 0.5))
    scanner.full_scan(1001.0)
    gross = {
        (pair.buy_venue, pair.sell_venue): pair.figures.gross for pair in scanner.pairs("BTC/USDT")
    }
    assert gross == {
        (buy, sell): (100.0 + VENUES.index(sell) - (100.5 + VENUES.index(buy)))
        / (100.5 + VENUES.index(buy))
        for buy in VENUES
        for sell in VENUES
        if buy != sell
    }
    top = scanner.best(1)[0]
    assert (top.buy_venue, top.sell_venue) == ("alpha", "gamma")
    assert top.figures.fees == pytest.approx(0.001 + 0.003 * 102.0 / 100.5, abs=1e-15)


def test_an_update_recomputes_the_pairs_of_that_venue_only(scanner):
    for venue in VENUES:
        scanner.load(book(venue, 100.0, 101.0))
    scanner.full_scan(1001.0)
    before = scanner.figures.copy()
    touched = scanner.update(book("beta", 103.0, 104.0), 1002.0)
    assert {(pair.buy_venue, pair.sell_venue) for pair in touched} == {
        ("alpha", "beta"),
        ("beta", "alpha"),
        ("gamma", "beta"),
        ("beta", "gamma"),
    }
    changed = (before != scanner.figures) & ~(np.isnan(before) & np.isnan(scanner.figures))
    assert {tuple(at) for at in np.argwhere(changed.any(axis=3)).tolist()} == {
        (0, 0, 1),
        (0, 1, 0),
        (0, 2, 1),
        (0, 1, 2),
    }


def test_an_update_leaves_what_a_full_scan_finds(scanner):
    for venue in VENUES:
        scanner.update(book(venue, 100.0, 101.0), 1001.0)
    updated = scanner.figures.copy()
    assert np.array_equal(updated, scanner.full_scan(1001.0), equal_nan=True)


def test_the_age_is_that_of_the_older_book(scanner):
    scanner.load(book("alpha", 100.0, 101.0, received_at=998.0))
    scanner.update(book("beta", 100.0, 101.0, received_at=1000.0), 1001.0)
    assert scanner.pair("BTC/USDT", "beta", "alpha").figures.age == 3.0


def test_a_book_never_loaded_makes_its_pairs_unavailable(scanner):
    pair = scanner.update(book("alpha", 100.0, 101.0), 1001.0)[0]
    assert (pair.figures, pair.unavailable) == (None, "beta: awaited")


def test_a_stale_book_makes_its_pairs_unavailable_without_any_update(scanner):
    scanner.load(book("alpha", 100.0, 101.0))
    scanner.load(book("beta", 100.0, 101.0, received_at=1003.0))
    scanner.full_scan(1005.0)
    assert scanner.pair("BTC/USDT", "alpha", "beta").unavailable is None
    scanner.full_scan(1005.5)
    pair = scanner.pair("BTC/USDT", "beta", "alpha")
    assert (pair.figures, pair.unavailable) == (None, "alpha: stale")


@pytest.mark.parametrize(
    ("delta", "reason"),
    [
        (DepthDelta("BTCUSDT", 5, 5, None, 1, (), ()), "gap"),
        (DepthDelta("BTCUSDT", 2, 2, None, 1, ((101.0, 1.0),), ()), "crossed"),
        (DepthDelta("BTCUSDT", 2, 2, None, 1, (), ((101.0, 0.0),)), "one-sided"),
    ],
)
def test_a_flawed_book_makes_its_pairs_unavailable(scanner, delta, reason):
    scanner.load(book("alpha", 100.0, 101.0))
    flawed = book("beta", 100.0, 101.0)
    flawed.apply_delta(delta, 1001.0)
    pairs = [
        pair
        for pair in scanner.update(flawed, 1001.0)
        if "gamma" not in (pair.buy_venue, pair.sell_venue)
    ]
    assert [(pair.figures, pair.unavailable) for pair in pairs] == [(None, f"beta: {reason}")] * 2
    assert scanner.best(10) == []


def test_a_fee_and_a_notional_of_an_account_count_from_the_next_scan(scanner):
    for venue in VENUES:
        scanner.load(book(venue, 100.0, 100.0 + 0.5))
    scanner.set_taker_fee("BTC/USDT", "alpha", 0.0)
    scanner.set_notional("BTC/USDT", 10_000.0)
    scanner.full_scan(1001.0)
    figures = scanner.pair("BTC/USDT", "alpha", "beta").figures
    assert figures.fees == pytest.approx(0.002 * 100.0 / 100.5, abs=1e-15)
    assert (figures.quantity, figures.complete) == (50.0, False)
