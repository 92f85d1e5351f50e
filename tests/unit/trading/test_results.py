"""Average cost: what closing a position earned, whatever was traded in between."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from apps.trading.domain.results import Lot, traded
from apps.venues.domain.ports import Side
from tests.factories.trading import D


def run(*trades):
    lot, results = Lot(), []
    for side, quantity, price in trades:
        lot, earned = traded(lot, side=side, quantity=D(quantity), price=D(price))
        results.append(earned)
    return lot, results


def test_opening_earns_nothing_and_closing_the_difference():
    lot, results = run((Side.BUY, "1", "100"), (Side.BUY, "1", "110"), (Side.SELL, "1", "120"))

    assert results == [None, None, D(15)]
    assert lot == Lot(D(1), D(105))


def test_a_short_earns_when_it_is_bought_back_cheaper():
    assert run((Side.SELL, "2", "100"), (Side.BUY, "2", "90")) == (Lot(D(0), D(0)), [None, D(20)])


def test_what_goes_through_zero_opens_the_other_way_at_that_price():
    lot, results = run((Side.BUY, "1", "100"), (Side.SELL, "3", "90"))

    assert results == [None, D(-10)]
    assert lot == Lot(D(-2), D(-180))


def test_the_fee_of_an_opening_is_part_of_its_cost():
    lot, _ = traded(Lot(), side=Side.BUY, quantity=D(1), price=D(100), fee=D(1))
    lot, earned = traded(lot, side=Side.SELL, quantity=D(1), price=D(110), fee=D(1))

    assert earned == 8


trades = st.lists(
    st.tuples(
        st.sampled_from(list(Side)),
        st.decimals("0.01", "10", places=2),
        st.decimals("1", "200", places=2),
    ),
    max_size=12,
)


@given(trades)
def test_results_and_what_is_left_add_up_to_the_cash_that_flowed(done):
    lot, earned, cash = Lot(), Decimal(0), Decimal(0)
    for side, quantity, price in done:
        lot, result = traded(lot, side=side, quantity=quantity, price=price)
        earned += result or 0
        cash += quantity * price * (-1 if side is Side.BUY else 1)
    assert abs(earned - cash - lot.cost) < Decimal("1e-30")
