from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.core.domain.errors import AmountInvalid, AssetMismatch
from apps.core.domain.money import Amount, booked, floored, plain

positive = st.decimals("1e-18", "1e12", places=18)


def test_eighteen_decimals_times_eighteen_decimals_lose_nothing():
    product = Decimal("123456789012.123456789012345678") * Decimal("0.000000000000000001")

    assert product == Decimal("0.000000123456789012123456789012345678")


def test_a_float_is_no_amount():
    with pytest.raises(TypeError):
        Amount(1.5, "BTC")  # type: ignore[arg-type]


@pytest.mark.parametrize("value", ["NaN", "Infinity"])
def test_an_infinite_amount_is_refused(value):
    with pytest.raises(AmountInvalid):
        Amount(Decimal(value), "BTC")


def test_two_assets_do_not_add_up():
    with pytest.raises(AssetMismatch):
        Amount(Decimal(1), "BTC") + Amount(Decimal(1), "ETH")


@given(value=positive, step=st.sampled_from([Decimal("0.001"), Decimal("0.25"), Decimal(5)]))
def test_flooring_never_grows_and_fits_the_step(value, step):
    fitted = floored(value, step)

    assert 0 <= value - fitted < step
    assert fitted % step == 0


@given(value=positive)
def test_what_is_booked_fits_the_column(value):
    kept = booked(value / 3)

    assert -kept.as_tuple().exponent == 18
    assert 0 <= value / 3 - kept < Decimal("1e-18")


@pytest.mark.parametrize(
    ("value", "text"),
    [("1E+3", "1000"), ("0.100", "0.1"), ("-0.0", "0"), ("1e-18", "0.000000000000000001")],
)
def test_plain_text_has_no_exponent(value, text):
    assert plain(Decimal(value)) == text
