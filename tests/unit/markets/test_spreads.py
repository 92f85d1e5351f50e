"""Exact spreads: what is promised is what executing both walks with fees brings."""

from __future__ import annotations

from decimal import Decimal as D

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.markets.domain.books import Book
from apps.markets.domain.errors import DepthTooThin, LevelsInvalid
from apps.markets.domain.scanner import SpreadScanner
from apps.markets.domain.spreads import LegFees, exact_spread
from apps.venues.domain.wire import DepthSnapshot

FEES = LegFees(buy=D("0.001"), sell=D("0.002"))


@st.composite
def book_sides(draw):
    """Asks to buy from and bids to sell into, best first, anywhere relative to each other."""

    def side(start, sign):
        price, rows = start, []
        for gap, lots in draw(
            st.lists(st.tuples(st.integers(1, 40), st.integers(1, 5000)), min_size=1, max_size=6)
        ):
            price += sign * gap
            rows.append((D(price) / 100, D(lots) / 1000))
        return rows

    return side(draw(st.integers(9_000, 11_000)), 1), side(draw(st.integers(9_000, 11_000)), -1)


notionals = st.integers(1, 200_000).map(lambda cents: D(cents) / 100)
rates = st.integers(-5, 100).map(lambda steps: D(steps) / 10_000)
fee_pairs = st.builds(LegFees, buy=rates, sell=rates)


def executed_profit(asks, bids, quantity, fees):
    """Fill both legs level by level against copies of the books, paying each fill's fee."""
    profit = D(0)
    for levels, rate, sign in ((asks, fees.buy, -1), (bids, fees.sell, 1)):
        left = quantity
        for price, offered in levels:
            filled = min(left, offered)
            left -= filled
            profit += sign * filled * price - filled * price * rate
        assert left == 0
    return profit


@given(book_sides(), notionals, fee_pairs)
def test_net_is_gross_less_fees_less_slippage_and_equals_an_executed_trade(sides, notional, fees):
    asks, bids = sides
    spread = exact_spread(asks, bids, notional, fees)
    assert spread.net == spread.gross - spread.fees - spread.slippage
    assert spread.slippage > D("-1e-70")
    executed = executed_profit(asks, bids, spread.quantity, fees)
    assert abs(spread.profit_quote - executed) < D("1e-60")
    assert spread.buy_quote <= notional + D("1e-60")


@given(book_sides(), notionals, fee_pairs)
@settings(deadline=None)
def test_the_scan_agrees_with_the_exact_spread(sides, notional, fees):
    asks, bids = sides
    exact = exact_spread(asks, bids, notional, fees)
    scanner = SpreadScanner(
        ["BTC/USDT"],
        ["buys", "sells"],
        taker_fees={"buys": float(fees.buy), "sells": float(fees.sell)},
        notional=float(notional),
        max_age=5.0,
    )
    low, high = ((D("0.01"), D(1)),), ((D(100000), D(1)),)
    scanner.load(book("buys", low, asks))
    scanner.update(book("sells", bids, high), 1001.0)
    figures = scanner.pair("BTC/USDT", "buys", "sells").figures
    assert figures is not None
    for name in ("gross", "fees", "slippage", "net"):
        assert abs(getattr(figures, name) - float(getattr(exact, name))) < 1e-9
    assert figures.quantity == pytest.approx(float(exact.quantity), rel=1e-9)
    assert figures.net == figures.gross - figures.fees - figures.slippage


@given(book_sides(), notionals, st.integers(1, 500))
def test_the_quantity_is_floored_to_the_step_and_never_more_than_allowed(sides, notional, cap):
    asks, bids = sides
    step, most = D("0.01"), D(cap) / 1000
    try:
        spread = exact_spread(asks, bids, notional, FEES, quantity_step=step, max_quantity=most)
    except DepthTooThin:
        free = exact_spread(asks, bids, notional, FEES, max_quantity=most)
        assert free.quantity < step
    else:
        assert spread.quantity % step == 0
        assert step <= spread.quantity <= most


def test_a_spread_worked_by_hand():
    asks = [(D(100), D(1)), (D(102), D(1))]
    bids = [(D(110), D("0.5")), (D(108), D(5))]
    spread = exact_spread(asks, bids, D(202), FEES)
    assert spread.quantity == 2
    assert (spread.buy_quote, spread.sell_quote) == (202, D(217))
    assert (spread.buy_limit, spread.sell_limit) == (102, 108)
    assert spread.gross == D("0.1")
    assert spread.complete
    assert spread.profit_quote.quantize(D("1e-9")) == D(217) - 202 - D("0.202") - D("0.434")


def test_a_book_that_ends_before_the_notional_is_not_complete():
    spread = exact_spread([(D(100), D(1))], [(D(101), D("0.25"))], D(1000), FEES)
    assert (spread.quantity, spread.complete) == (D("0.25"), False)


@pytest.mark.parametrize(
    ("asks", "bids", "notional"),
    [
        ([(D(2), D(1)), (D(1), D(1))], [(D(1), D(1))], D(1)),
        ([(D(1), D(1))], [(D(1), D(1)), (D(2), D(1))], D(1)),
        ([(D(1), D(1)), (D(1), D(1))], [(D(1), D(1))], D(1)),
        ([(D(0), D(1))], [(D(1), D(1))], D(1)),
        ([(D(1), D(1))], [(D(1), D(-1))], D(1)),
        ([(D(1), D(1))], [(D(1), D(1))], D(0)),
    ],
)
def test_levels_that_are_no_book_are_refused(asks, bids, notional):
    with pytest.raises(LevelsInvalid):
        exact_spread(asks, bids, notional, FEES)


def test_an_empty_side_is_too_thin():
    with pytest.raises(DepthTooThin):
        exact_spread([], [(D(1), D(1))], D(1), FEES)


def book(venue, bids, asks, *, received_at=1000.0):
    made = Book(venue, "BTC/USDT")
    sides = [tuple((float(price), float(lots)) for price, lots in side) for side in (bids, asks)]
    made.apply_snapshot(DepthSnapshot(None, 1, *sides), received_at)
    return made
