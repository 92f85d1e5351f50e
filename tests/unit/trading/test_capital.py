from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from apps.trading.domain.capital import capital_split
from apps.trading.domain.risk import RiskContext, decide
from apps.trading.domain.risk.account_rules import capital_cap
from apps.trading.engine.views import MarketView
from apps.trading.services.gate import plan_wanted
from tests.factories.trading import NOON, D, intent

WANTED = plan_wanted(intent())  # 0.5 BTC bought at 100 with its fee here, sold there


def test_capital_stands_in_equal_parts_and_as_much_again_in_the_bases():
    found = capital_split(
        D(1000),
        connection_ids=[1, 2],
        symbols=["BTC/USDT", "ETH/USDT"],
        prices={"BTC/USDT": D(100), "ETH/USDT": D(10)},
    )

    assert found == {
        (1, "USDT"): D(500), (1, "BTC"): D("2.5"), (1, "ETH"): D(25),
        (2, "USDT"): D(500), (2, "BTC"): D("2.5"), (2, "ETH"): D(25),
    }  # fmt: skip


@given(
    capital=st.decimals("0.000001", "1e12", places=6),
    venues=st.integers(1, 7),
    price=st.decimals("0.00000001", "1e7", places=8),
)
def test_no_more_is_set_aside_than_was_chosen(capital, venues, price):
    found = capital_split(
        capital, connection_ids=range(venues), symbols=["A/USDT"], prices={"A/USDT": price}
    )

    quote = sum(amount for (_, asset), amount in found.items() if asset == "USDT")
    base = sum(amount for (_, asset), amount in found.items() if asset == "A")
    assert 0 <= capital - quote <= D("1e-17")
    assert base * price <= capital


def test_a_bot_uses_its_own_capital_up_to_the_last_unit():
    needed = WANTED.spends[1, "USDT"]
    context = RiskContext(now=NOON, own_left={(1, "USDT"): needed})

    assert decide(WANTED, context, rules=[capital_cap]).allowed
    less = replace(context, own_left={(1, "USDT"): needed - D("1e-18")})
    assert decide(WANTED, less, rules=[capital_cap]).code == "CAPITAL_CAP"


def test_a_strategy_sees_what_is_left_of_its_bots_capital():
    market = MarketView(hub=None)
    market.free = {(1, "USDT"): D(300), (2, "USDT"): D(-40)}
    market.own = {7: {(1, "USDT"): D(100), (2, "USDT"): D(100)}}

    assert market._free((1, "USDT"), 7) == 100
    assert market._free((2, "USDT"), 7) == 60  # less is there than was set aside
    assert market._free((1, "USDT"), 8) == 300
    assert market._free((1, "BTC"), 7) is None
