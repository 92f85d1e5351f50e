from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.markets.domain.spreads import LegFees
from apps.trading.domain.plans import SizeRules
from apps.trading.strategies import arbitrage, sizing
from apps.venues.domain.ports import Side
from tests.factories.trading import (
    NOON,
    RULES,
    D,
    arbitrage_params,
    at_venue,
    facts,
    levels,
    tick,
)

CHEAP = at_venue(1, bid="99.9", ask="100")
DEAR = at_venue(2, bid="101", ask="101.1")


def asked(*venues, params=None, **bot):
    _, intents, decisions = arbitrage.on_event(
        None, tick(), params or arbitrage_params(), facts(*venues, **bot)
    )
    return intents, decisions


def test_buys_where_it_is_cheap_and_sells_the_same_size_where_it_is_dear():
    intents, decisions = asked(CHEAP, DEAR)

    buy, sell = intents[0].legs
    assert (buy.connection_id, buy.side) == (1, Side.BUY)
    assert (sell.connection_id, sell.side) == (2, Side.SELL)
    assert intents[0].quantity == D("10")
    assert decisions[-1].code == "PLAN_PROPOSED"


def test_a_net_below_the_threshold_is_skipped_with_its_figures():
    intents, decisions = asked(CHEAP, at_venue(2, bid="100.18", ask="100.2"))

    assert intents == []
    assert decisions[0].code == "BELOW_THRESHOLD"
    assert decisions[0].params["net"] == "0.08"
    assert decisions[0].params["threshold"] == "0.15"


def test_the_size_is_cut_to_the_free_base_of_the_selling_venue():
    intents, _ = asked(CHEAP, at_venue(2, bid="101", ask="101.1", free_base=D("0.12345")))

    assert intents[0].quantity == D("0.1234")


def test_too_little_quote_is_named():
    intents, decisions = asked(at_venue(1, bid="99.9", ask="100", free_quote=D("2")), DEAR)

    assert intents == []
    assert decisions[-1].code == "BALANCE_TOO_LOW"
    assert decisions[-1].params == {"symbol": "BTC/USDT", "asset": "USDT", "venue": "venue1"}


def test_the_size_is_a_multiple_of_both_venues_steps():
    coarse = SizeRules(quantity_step=D("0.003"), price_step=D("0.01"))
    intents, _ = asked(CHEAP, at_venue(2, bid="101", ask="101.1", rules=coarse))

    assert intents[0].quantity == D("9.999")


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"book_age": 9.0}, "BOOK_STALE"),
        ({"book_age": None}, "BOOK_AWAITED"),
        ({"taker_fee": None}, "FEES_UNKNOWN"),
        ({"free_base": None}, "BALANCE_UNKNOWN"),
        ({"rules": None}, "INSTRUMENT_UNKNOWN"),
    ],
)
def test_what_is_not_known_or_not_fresh_is_left_out_and_named(more, code):
    intents, decisions = asked(CHEAP, at_venue(2, bid="101", ask="101.1", **more))

    assert (intents, decisions[0].code) == ([], code)


@pytest.mark.parametrize(
    ("bot", "code"),
    [
        ({"open_plans": 2}, "CAP_OPEN_PLANS"),
        ({"plans_hour": 120}, "CAP_PER_HOUR"),
        ({"plans_day": 1000}, "CAP_PER_DAY"),
        ({"loss_day": Decimal(100)}, "CAP_DAILY_LOSS"),
        ({"last_failure_at": NOON - timedelta(seconds=3)}, "COOLDOWN"),
    ],
)
def test_a_cap_that_is_used_up_stops_before_any_book_is_read(bot, code):
    intents, decisions = asked(CHEAP, DEAR, **bot)

    assert (intents, [each.code for each in decisions]) == ([], [code])


def test_a_pair_with_an_open_plan_waits_in_silence():
    assert asked(CHEAP, DEAR, busy_symbols=frozenset({"BTC/USDT"})) == ([], [])


prices = st.decimals("90", "110", places=2)
sizes = st.decimals("0.001", "20", places=4)
fees = st.sampled_from([D(0), D("0.0005"), D("0.001"), D("0.004")])


def book(falling):
    def build(rows):
        unique = dict(rows)
        return tuple(sorted(unique.items(), reverse=falling))

    return st.lists(st.tuples(prices, sizes), min_size=1, max_size=8).map(build)


@st.composite
def markets(draw):
    made = []
    for number in (1, 2):
        bids, asks = draw(book(True)), draw(book(False))
        made.append(
            at_venue(
                number,
                bid="1",
                ask="2",
                taker_fee=draw(fees),
                free_base=draw(st.decimals("0", "50", places=4)),
                free_quote=draw(st.decimals("0", "5000", places=2)),
            )
        )
        made[-1] = type(made[-1])(
            **{name: getattr(made[-1], name) for name in made[-1].__slots__}
            | {"bids": bids, "asks": asks}
        )
    return made


@given(markets(), st.decimals("0.0001", "0.02", places=4), st.decimals("0", "0.005", places=4))
def test_even_a_fill_at_both_limits_is_above_the_threshold(venues, threshold, buffer):
    params = arbitrage_params(threshold=threshold, buffer=buffer)

    intents, _ = asked(*venues, params=params)

    for intent in intents:
        buy, sell = intent.legs
        fees_ = LegFees(buy=buy.fee_rate, sell=sell.fee_rate)
        assert sizing.level_net(buy.limit_price, sell.limit_price, fees_) >= threshold
        assert intent.expected_net >= threshold + buffer


@given(markets())
def test_a_plan_never_asks_for_more_than_notional_balances_or_steps_allow(venues):
    params = arbitrage_params()

    intents, _ = asked(*venues, params=params)

    by_id = {venue.connection_id: venue for venue in venues}
    for intent in intents:
        buy, sell = intent.legs
        cost = intent.quantity * buy.limit_price * (1 + buy.fee_rate)
        assert cost <= by_id[buy.connection_id].free_quote
        assert intent.quantity <= by_id[sell.connection_id].free_base
        assert intent.quantity % RULES.quantity_step == 0
        assert intent.quantity * buy.reference_price <= params.notional
        for leg in intent.legs:
            assert abs(leg.limit_price / leg.reference_price - 1) <= params.max_slippage


@given(st.lists(markets(), max_size=4), st.lists(markets(), max_size=4))
def test_the_future_changes_nothing_already_decided(past, future):
    def replay(events):
        return [asked(*venues) for venues in events]

    before = replay(past)

    assert replay([*past, *future])[: len(before)] == before


def test_depth_is_walked_only_while_each_level_still_pays():
    asks = levels(("100", "1"), ("100.5", "1"), ("101", "5"))
    bids = levels(("101", "1.5"), ("100.9", "5"))
    free = LegFees(buy=D(0), sell=D(0))

    assert sizing.paying_quantity(asks, bids, free, D("0.004"), D("1")) == D("1.5")


@pytest.mark.parametrize(
    ("left", "right", "common"),
    [("0.01", "0.001", "0.01"), ("0.02", "0.03", "0.06"), ("1", "0.5", "1"), ("10", "4", "20")],
)
def test_the_common_step_is_a_multiple_of_both(left, right, common):
    assert sizing.common_step(D(left), D(right)) == D(common)
