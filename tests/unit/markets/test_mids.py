from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.markets.domain.mids import MidRoller

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC).timestamp()
prices = st.lists(st.floats(1e-6, 1e6), min_size=1, max_size=30)


def rolled(mids: list[float]) -> MidRoller:
    roller = MidRoller()
    for mid in mids:
        roller.observe("alpha", "BTC/USDT", mid, NOON + 1)
    return roller


def test_a_minute_is_handed_out_once_it_is_over() -> None:
    roller = rolled([100.0, 103.0, 98.5, 101.0])

    assert roller.closed(NOON + 59.9) == []
    candle = roller.closed(NOON + 60)[0]
    assert (candle.open, candle.high, candle.low, candle.close) == (
        Decimal("100.0"),
        Decimal("103.0"),
        Decimal("98.5"),
        Decimal("101.0"),
    )
    assert (candle.open_at.timestamp(), candle.interval, candle.volume) == (NOON, "1m", None)
    assert roller.closed(NOON + 120) == []


def test_minutes_and_books_do_not_mix() -> None:
    roller = rolled([100.0])
    roller.observe("beta", "BTC/USDT", 200.0, NOON + 1)
    roller.observe("alpha", "BTC/USDT", 300.0, NOON + 61)

    closed = roller.closed(NOON + 60)
    assert sorted((c.venue, c.close) for c in closed) == [("alpha", 100), ("beta", 200)]


def test_a_minute_without_a_mid_has_no_candle() -> None:
    roller = rolled([100.0])
    roller.observe("alpha", "BTC/USDT", 101.0, NOON + 181)

    closed = roller.closed(NOON + 240)
    assert [c.open_at.timestamp() - NOON for c in closed] == [0, 180]


@pytest.mark.parametrize("mid", [0.0, -1.0, float("nan")])
def test_what_is_no_price_is_left_out(mid: float) -> None:
    assert rolled([mid]).closed(NOON + 60) == []


@given(prices)
def test_a_candle_holds_every_mid(mids: list[float]) -> None:
    candle = rolled(mids).closed(NOON + 60)[0]

    assert (candle.high, candle.low) == (Decimal(repr(max(mids))), Decimal(repr(min(mids))))
    assert (candle.open, candle.close) == (Decimal(repr(mids[0])), Decimal(repr(mids[-1])))
