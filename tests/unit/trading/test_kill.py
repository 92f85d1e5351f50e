"""How much the kill switch may close: never more than is open, in whatever book and account."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.trading.domain import kill
from apps.trading.domain.kill import Execution, FeeSum, FillSum, positions_of
from apps.trading.domain.legs import SizeRules
from apps.venues.domain.ports import Side

D = Decimal
# Whole thousandths, so that most of what is drawn can really be traded.
amounts = st.integers(1, 1_000_000).map(lambda number: D(number) / 1000)
signed = st.integers(-50_000, 50_000).map(lambda number: D(number) / 1000)
steps = st.sampled_from([None, D("0.00000001"), D("0.0001"), D("0.01"), D(1)])
rules = st.builds(
    SizeRules,
    quantity_step=steps,
    price_step=steps,
    min_quantity=st.sampled_from([None, D("0.0001"), D("0.1")]),
    max_quantity=st.sampled_from([None, D(3), D(500)]),
    min_notional=st.sampled_from([None, D("0.01"), D(10)]),
)


def fills(bot: int | None, place: int, symbol: str, base: str, quote: str | None) -> FillSum:
    moved = None if quote is None else D(quote)
    return FillSum(bot, place, f"venue{place}", symbol, D(base), moved)


@given(
    net=signed.filter(bool),
    at_place=signed,
    price=amounts,
    base=amounts,
    quote=amounts,
    fee=st.decimals(min_value=D(0), max_value=D("0.1"), places=4),
    rules=rules,
    filled=st.decimals(min_value=D(0), max_value=D(1), places=4),
)
def test_closing_shrinks_a_position_and_never_turns_it(
    net, at_place, price, base, quote, fee, rules, filled
):
    side = Side.SELL if net > 0 else Side.BUY
    size = kill.closing_size(
        remaining=net,
        at_place=at_place,
        side=side,
        price=price,
        free_base=base,
        free_quote=quote,
        fee_rate=fee,
        rules=rules,
    )

    after = net - size * filled if side is Side.SELL else net + size * filled
    assert abs(after) <= abs(net)
    assert after == 0 or (after > 0) == (net > 0)
    assert size <= abs(at_place)
    assert size <= base or side is Side.BUY
    assert side is Side.SELL or size * price * (1 + fee) <= quote * (1 + D("1e-40"))


@given(best=amounts, slip=st.decimals(min_value=D(0), max_value=D("0.5"), places=4), rules=rules)
def test_a_closing_limit_stays_within_its_bound(best, slip, rules):
    sell = kill.closing_limit(Side.SELL, best, slip, rules)
    buy = kill.closing_limit(Side.BUY, best, slip, rules)

    assert sell >= best * (1 - slip)
    assert buy <= best * (1 + slip)


def test_slippage_widens_to_the_last_rung_and_no_further():
    ladder = (D("0.002"), D("0.01"))

    assert [kill.slippage_at(n, ladder) for n in range(4)] == [
        D("0.002"),
        D("0.01"),
        D("0.01"),
        D("0.01"),
    ]


def test_bought_here_and_sold_there_is_no_position():
    rows = [fills(7, 1, "BTC/USDT", "2", "-200"), fills(7, 2, "BTC/USDT", "-2", "204")]

    assert positions_of(rows) == []


def test_two_bots_do_not_net_against_each_other():
    rows = [fills(7, 1, "BTC/USDT", "2", "-200"), fills(8, 1, "BTC/USDT", "-2", "204")]

    assert [(p.bot_id, p.net) for p in positions_of(rows)] == [(7, D(2)), (8, D(-2))]


def test_what_a_position_was_spent_on_counts_against_it():
    triangle = [
        fills(7, 1, "BTC/USDT", "1", "-100"),
        fills(7, 1, "ETH/BTC", "20", "-1"),
        fills(7, 1, "ETH/USDT", "-20", "101"),
    ]

    assert positions_of(triangle) == []


def test_an_asset_that_is_only_ever_a_quote_is_money():
    (position,) = positions_of([fills(7, 1, "ETH/BTC", "20", "-1")])

    assert (position.base, position.quote, position.net) == ("ETH", "BTC", D(20))


def test_a_fee_in_the_asset_leaves_less_of_it():
    paid = FeeSum(7, 1, "venue1", "BTC", D("0.001"))

    (position,) = positions_of([fills(7, 1, "BTC/USDT", "1", "-100")], [paid])

    assert position.net == D("0.999")


def test_a_missing_price_makes_what_it_was_spent_on_uncertain():
    rows = [fills(7, 1, "BTC/USDT", "1", "-100"), fills(7, 1, "ETH/BTC", "20", None)]

    assert {p.base: p.unknown for p in positions_of(rows)} == {"BTC": True, "ETH": False}


def test_a_position_is_closed_where_most_of_it_is_held_and_not_where_it_is_owed():
    rows = [
        fills(7, 1, "BTC/USDT", "1", "-100"),
        fills(7, 2, "BTC/USDT", "3", "-300"),
        fills(7, 3, "BTC/USDT", "-2", "200"),
    ]

    (position,) = positions_of(rows)

    assert [place.connection_id for place in position.closable()] == [2, 1]


@pytest.mark.parametrize(
    ("opening", "closing", "earned"),
    [
        ([(Side.BUY, "2", "100")], (Side.SELL, "2", "110"), D(20) - 1),
        ([(Side.BUY, "2", "100")], (Side.SELL, "1", "90"), D(-10) - 1),
        ([(Side.SELL, "2", "100")], (Side.BUY, "2", "110"), D(-20) - 1),
        ([(Side.BUY, "1", "100"), (Side.BUY, "1", "120")], (Side.SELL, "2", "115"), D(10) - 1),
        ([(Side.BUY, "2", "100"), (Side.SELL, "1", "150")], (Side.SELL, "1", "90"), D(-10) - 1),
    ],
)
def test_closing_earns_against_the_average_cost_of_what_was_open(opening, closing, earned):
    rows = [Execution(side, D(size), D(price), D(0), False) for side, size, price in opening]
    side, size, price = closing

    assert kill.realised([*rows, Execution(side, D(size), D(price), D(1), True)]) == earned


def test_without_a_price_nothing_is_said_to_be_earned():
    rows = [
        Execution(Side.BUY, D(1), None, D(0), False),
        Execution(Side.SELL, D(1), D(9), D(0), True),
    ]

    assert kill.realised(rows) is None


def test_a_report_hashes_the_same_however_its_keys_are_ordered():
    assert kill.report_hash({"a": 1, "b": [2]}) == kill.report_hash({"b": [2], "a": 1})
    assert kill.report_hash({"a": 1}) != kill.report_hash({"a": 2})
