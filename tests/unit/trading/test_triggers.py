from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.trading.domain.triggers import Quote, Waiting, best_seen, bound, is_reached, trigger_of
from apps.venues.domain.ports import OrderKind, Side
from tests.factories.trading import D

prices = st.decimals("1", "1000", places=2)


@pytest.mark.parametrize(
    ("side", "kind", "price", "reached"),
    [
        (Side.SELL, OrderKind.STOP, "95.01", False),
        (Side.SELL, OrderKind.STOP, "95", True),
        (Side.SELL, OrderKind.STOP_LIMIT, "94", True),
        (Side.BUY, OrderKind.STOP, "94.99", False),
        (Side.BUY, OrderKind.STOP, "95", True),
        (Side.SELL, OrderKind.TAKE_PROFIT, "94.99", False),
        (Side.SELL, OrderKind.TAKE_PROFIT, "95", True),
        (Side.BUY, OrderKind.TAKE_PROFIT_LIMIT, "95.01", False),
        (Side.BUY, OrderKind.TAKE_PROFIT_LIMIT, "95", True),
    ],
)
def test_a_trigger_is_reached_at_its_price_and_from_its_side(side, kind, price, reached):
    assert is_reached(Waiting(side=side, kind=kind, trigger_price=D(95)), D(price)) is reached


def test_a_sale_looks_at_the_bid_and_a_purchase_at_the_ask():
    quote = Quote(D(99), D(101))

    assert (quote.against(Side.SELL), quote.against(Side.BUY)) == (99, 101)


def test_a_trailing_stop_that_saw_no_price_waits():
    waiting = Waiting(side=Side.SELL, kind=OrderKind.TRAILING_STOP, trail=D("0.05"))

    assert trigger_of(waiting) is None
    assert is_reached(waiting, D(1)) is False


@pytest.mark.parametrize(("side", "trigger"), [(Side.SELL, "114"), (Side.BUY, "126")])
def test_a_trailing_stop_stays_its_distance_away_from_the_best_price(side, trigger):
    waiting = Waiting(side=side, kind=OrderKind.TRAILING_STOP, trail=D("0.05"), trail_best=D(120))

    assert trigger_of(waiting) == D(trigger)


@given(seen=st.lists(prices, min_size=1), side=st.sampled_from(list(Side)))
def test_the_best_price_never_moves_back(seen, side):
    waiting = Waiting(side=side, kind=OrderKind.TRAILING_STOP, trail=D("0.05"))
    for price in seen:
        best = best_seen(waiting, price)
        waiting = Waiting(side=side, kind=OrderKind.TRAILING_STOP, trail=D("0.05"), trail_best=best)

    assert waiting.trail_best == (max(seen) if side is Side.SELL else min(seen))


@pytest.mark.parametrize(("side", "worst"), [(Side.SELL, "99.5"), (Side.BUY, "100.5")])
def test_a_bound_lies_on_the_bad_side(side, worst):
    assert bound(side, D(100), D("0.005")) == D(worst)
