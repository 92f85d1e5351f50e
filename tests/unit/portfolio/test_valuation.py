from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.portfolio.domain.valuation import Price, PriceSource, symbols_for, valued

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
amounts = st.decimals("0", "1e9", places=18)
prices = st.decimals("1e-8", "1e6", places=8)


def price(text: str | Decimal) -> Price:
    return Price(Decimal(text), PriceSource.BOOK, NOON)


def test_everything_is_counted_at_its_price() -> None:
    held = {"USDT": Decimal(100), "BTC": Decimal("0.5")}
    value = valued(held, {"BTC/USDT": price("60000")})

    assert (value.equity, value.unknown_because, value.unpriced) == (Decimal(30100), "", [])


def test_one_asset_without_a_price_makes_the_whole_unknown() -> None:
    held = {"USDT": Decimal(100), "BTC": Decimal(1), "XYZ": Decimal(1)}
    value = valued(held, {"BTC/USDT": price("60000")})

    assert (value.equity, value.unknown_because) == (None, "PRICE_MISSING")
    assert value.unpriced == ["XYZ"]
    assert value.worth == {"BTC": Decimal(60000), "USDT": Decimal(100)}


def test_nothing_of_an_asset_needs_no_price() -> None:
    assert valued({"USDT": Decimal(5), "XYZ": Decimal(0)}, {}).equity == Decimal(5)


def test_no_balances_are_not_a_worth_of_zero() -> None:
    value = valued({}, {})

    assert (value.equity, value.unknown_because) == (None, "NO_BALANCES")


def test_a_pair_listed_the_other_way_round_prices_too() -> None:
    assert valued({"EUR": Decimal(10)}, {"USDT/EUR": price("0.8")}).equity == Decimal("12.5")


def test_the_pairs_that_are_asked_for_are_those_that_answer() -> None:
    assert symbols_for(["USDT", "BTC", "BTC"]) == ["BTC/USDT", "USDT/BTC"]


@given(first=amounts, second=amounts, cost=prices)
def test_the_worth_of_the_parts_is_the_worth_of_the_whole(
    first: Decimal, second: Decimal, cost: Decimal
) -> None:
    known = {"BTC/USDT": price(cost)}
    whole = valued({"BTC": first + second}, known).equity
    parts = [valued({"BTC": part}, known).equity or Decimal(0) for part in (first, second)]

    assert whole == sum(parts)


@pytest.mark.parametrize("missing", ["BTC", "ETH"])
def test_no_order_of_assets_hides_a_missing_price(missing: str) -> None:
    held = {"BTC": Decimal(1), "ETH": Decimal(1)}
    known = {f"{asset}/USDT": price("1") for asset in held if asset != missing}

    assert valued(held, known).equity is None
