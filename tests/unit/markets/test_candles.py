"""Candles are made of what was traded, and of nothing else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal as D

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.markets.domain.candles import Candle, MinuteRoller, opening, rolled_up
from apps.markets.domain.errors import IntervalUnknown, TradeOutOfOrder

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def roll(trades):
    roller = MinuteRoller()
    closed = [
        roller.add(NOON + timedelta(seconds=at), D(price), D(size)) for at, price, size in trades
    ]
    return [candle for candle in [*closed, roller.current] if candle is not None]


def test_trades_of_a_minute_make_one_candle():
    assert roll([(0, 10, 1), (20, 14, 2), (40, 9, 3), (59, 11, 4)]) == [
        Candle(NOON, "1m", D(10), D(14), D(9), D(11), D(10), 4)
    ]


def test_a_minute_without_trades_has_no_candle():
    candles = roll([(0, 10, 1), (180, 12, 1)])
    assert [candle.opened_at for candle in candles] == [NOON, NOON + timedelta(minutes=3)]
    assert candles[1].open == 12


def test_a_late_trade_does_not_change_a_closed_candle():
    roller = MinuteRoller()
    roller.add(NOON + timedelta(minutes=1), D(1), D(1))
    with pytest.raises(TradeOutOfOrder):
        roller.add(NOON, D(2), D(1))


def test_time_alone_closes_a_candle_once_and_not_early():
    roller = MinuteRoller()
    roller.add(NOON, D(1), D(1))
    assert roller.close_until(NOON + timedelta(seconds=59)) is None
    assert roller.close_until(NOON + timedelta(seconds=60)).close == 1
    assert roller.close_until(NOON + timedelta(seconds=61)) is None


@given(st.lists(st.tuples(st.integers(0, 200_000), st.integers(1, 99), st.integers(0, 9))))
def test_a_day_rolled_up_in_steps_equals_the_day_rolled_up_at_once(trades):
    minutes = roll(sorted(trades))
    at_once = list(rolled_up(minutes, "1d"))
    in_steps = list(rolled_up(rolled_up(rolled_up(minutes, "5m"), "1h"), "1d"))
    without_parts = [
        [(c.opened_at, c.open, c.high, c.low, c.close, c.volume) for c in candles]
        for candles in (at_once, in_steps)
    ]
    assert without_parts[0] == without_parts[1]
    assert sum(c.volume for c in at_once) == sum(size for _, _, size in trades)


def test_intervals_open_at_utc_boundaries():
    at = datetime(2026, 3, 5, 13, 47, 12, tzinfo=UTC)
    assert opening(at, "5m") == datetime(2026, 3, 5, 13, 45, tzinfo=UTC)
    assert opening(at, "4h") == datetime(2026, 3, 5, 12, tzinfo=UTC)
    assert opening(at, "1d") == datetime(2026, 3, 5, tzinfo=UTC)


@pytest.mark.parametrize(("source", "target"), [("1h", "5m"), ("15m", "7m")])
def test_candles_are_not_split(source, target):
    candle = Candle(NOON, source, D(1), D(1), D(1), D(1), D(1), 1)
    with pytest.raises(IntervalUnknown):
        list(rolled_up([candle], target))
