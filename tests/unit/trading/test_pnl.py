from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from apps.trading.domain.pnl import FEE_ESTIMATED, PRICE_ESTIMATED, FillFact, plan_pnl
from apps.venues.domain.ports import Side
from tests.factories.trading import D, leg

LEGS = (leg(1, 1, Side.BUY, "100"), leg(2, 2, Side.SELL, "101"))


def fill(side, quantity, price, **more):
    boring = {
        "leg_no": 1 if side is Side.BUY else 2,
        "side": side,
        "unwinding": False,
        "quantity": D(quantity),
        "price": None if price is None else D(price),
        "limit_price": D(100),
        "fee": D(0),
        "fee_asset": "USDT",
        "fee_rate": D("0.001"),
    }
    return FillFact(**(boring | more))


def booked(*fills, prices=None):
    return plan_pnl(fills, legs=LEGS, quote="USDT", prices=prices or {})


def test_the_spread_minus_fees_and_slippage_is_what_was_earned():
    earned = booked(
        fill(Side.BUY, 2, "100.1", fee=D("0.002"), fee_asset="BTC"),
        fill(Side.SELL, 2, "100.9", fee=D("0.1"), fee_asset="USDT"),
    )

    assert earned.spread_captured == D(2)
    assert earned.fees == D("0.3002")
    assert earned.slippage == D("0.4")
    assert earned.pnl == D("1.2998")
    assert earned.note == ""


def test_a_third_asset_is_valued_at_its_price():
    earned = booked(
        fill(Side.BUY, 1, 100, fee=D("0.01"), fee_asset="BNB"),
        fill(Side.SELL, 1, 101),
        prices={"BNB": D(20)},
    )

    assert (earned.fees, earned.note) == (D("0.2"), "")


def test_an_unknown_fee_price_is_estimated_by_the_accounts_rate_and_says_so():
    earned = booked(fill(Side.BUY, 1, 100, fee=D("0.01"), fee_asset="BNB"), fill(Side.SELL, 1, 101))

    assert (earned.fees, earned.note) == (D("0.1"), FEE_ESTIMATED)


def test_a_silent_price_is_estimated_by_the_limit_and_says_so():
    earned = booked(fill(Side.BUY, 1, None), fill(Side.SELL, 1, 101))

    assert (earned.pnl, earned.note) == (D(1), PRICE_ESTIMATED)


def test_an_unwind_books_its_loss_as_slippage():
    earned = booked(fill(Side.BUY, 1, 100), fill(Side.SELL, 1, "99.5", unwinding=True))

    assert (earned.pnl, earned.spread_captured, earned.slippage) == (D("-0.5"), D(0), D("0.5"))


def test_what_is_left_over_is_valued_and_told():
    earned = booked(fill(Side.BUY, 1, 100), fill(Side.SELL, "0.4", 101))

    assert (earned.residual, earned.pnl) == (D("0.6"), D("0.4"))


amounts = st.decimals("1e-12", "1e6", places=12)
fills = st.lists(
    st.builds(
        fill,
        st.sampled_from(list(Side)),
        amounts,
        st.none() | amounts,
        unwinding=st.booleans(),
        fee=st.none() | st.decimals("0", "1e3", places=12),
        fee_asset=st.sampled_from(["BTC", "USDT", "BNB", ""]),
    ),
    max_size=8,
)


@given(fills)
def test_the_identity_holds_to_the_last_digit_whatever_was_filled(some):
    earned = booked(*some)

    assert earned.spread_captured - earned.fees - earned.slippage == earned.pnl
