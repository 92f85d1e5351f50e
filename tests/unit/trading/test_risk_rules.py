"""Each rule at its exact boundary: what still passes, and the first figure that does not."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from apps.trading.domain import risk
from apps.trading.domain.decisions import TEXTS
from apps.trading.domain.legs import SizeRules
from apps.trading.domain.policies import SPECS, UNKNOWN, Limit, Scope
from apps.trading.domain.risk import Figures, Holding, Leg, RiskContext, SecondPrice, Wanted
from apps.trading.domain.risk.rule_texts import RULE_TEXTS
from apps.trading.domain.states import TradingState
from apps.venues.domain.ports import Side
from tests.factories.trading import NOON, D

ANY = SizeRules()


def limits(**values):
    return {name: Limit(value, Scope.WORKSPACE) for name, value in values.items()}


def leg(connection_id=1, side=Side.BUY, price="100", reference="100", quantity="1", **more):
    prices = {
        "price": None if price is None else D(price),
        "reference": None if reference is None else D(reference),
    }
    boring = {"connection_id": connection_id, "symbol": "BTC/USDT", "side": side, "rules": ANY}
    return Leg(**(boring | prices | {"quantity": D(quantity)} | more))


def order(**more):
    """One BTC bought at 100, seen at 100."""
    boring = {
        "symbol": "BTC/USDT", "base": "BTC", "quote": "USDT", "quantity": D(1), "plan": False,
        "notional": D(100), "legs": (leg(),), "spends": {(1, "USDT"): D(100)},
        "liquidation_price": D(50),
    }  # fmt: skip
    return Wanted(**(boring | more))


def plan(buy="100", sell="101", **more):
    """One BTC bought at one venue and sold at another."""
    legs = (leg(1, Side.BUY, buy, buy), leg(2, Side.SELL, sell, sell))
    return order(plan=True, legs=legs, **more)


def context(**more):
    boring = {
        "now": NOON,
        "free": {(1, "USDT"): D(1000)},
        "second": {(1, "BTC/USDT"): SecondPrice(D(100))},
    }
    return RiskContext(**(boring | more))


def said(wanted, facts):
    refusal = risk.decide(wanted, facts)
    return (refusal.rule, refusal.code) if refusal.rule else None


def test_a_boring_order_passes_without_any_limit():
    assert said(order(), context()) is None
    assert said(plan(), context()) is None


def has(**figures):
    return lambda value: context(account=Figures(**{n: v(value) for n, v in figures.items()}))


def same(value):
    return value


def flat(value):
    return value


def failures(count):
    return tuple(NOON - timedelta(seconds=each) for each in range(int(count)))


def coins(count):
    return {f"C{number}": Holding(D(1), D(100)) for number in range(int(count))}


AT_BOUNDARY = [
    # limit, its value, wanted, facts by figure, the last that passes, the first that does not
    ("max_order_value", "100", "NOTIONAL_TOO_HIGH", "notional", "100", "100.01"),
    ("max_leverage", "3", "LEVERAGE_TOO_HIGH", "leverage", "3", "3.01"),
    ("max_exposure", "1000", "EXPOSURE_TOO_HIGH", "working", "900", "900.01"),
    ("max_open_orders", "10", "CAP_OPEN_ORDERS", "open_orders", "9", "10"),
    ("max_orders_minute", "10", "CAP_PER_MINUTE", "orders_minute", "9", "10"),
    ("max_trades_day", "10", "CAP_PER_DAY", "trades_day", "9", "10"),
    ("daily_loss", "500", "CAP_DAILY_LOSS", "loss_day", "499.99", "500"),
    ("max_drawdown", "500", "CAP_DRAWDOWN", "drawdown", "499.99", "500"),
    ("max_loss_streak", "5", "CAP_LOSS_STREAK", "loss_streak", "4", "5"),
]


def build(figure, value):
    """The order and the facts in which a figure is so high."""
    if figure in {"notional", "leverage"}:
        return order(**{figure: D(value)}), {}
    counts = figure in {"open_orders", "orders_minute", "trades_day", "loss_streak"}
    return order(), {"account": Figures(**{figure: int(value) if counts else D(value)})}


@pytest.mark.parametrize(("name", "limit", "code", "figure", "last", "first"), AT_BOUNDARY)
def test_the_limit_itself_is_the_boundary(name, limit, code, figure, last, first):
    force = limits(**{name: D(limit)})
    fits, beyond = build(figure, last), build(figure, first)

    assert said(fits[0], context(limits=force, **fits[1])) is None
    refusal = risk.decide(beyond[0], context(limits=force, **beyond[1]))
    assert (refusal.code, refusal.params["scope"]) == (code, "WORKSPACE")
    assert refusal.params["max"] == limit


@pytest.mark.parametrize(("name", "limit", "code", "figure", "last", "first"), AT_BOUNDARY)
def test_a_limit_that_is_not_known_refuses(name, limit, code, figure, last, first):
    wanted, facts = build(figure, last)

    assert said(wanted, context(limits=limits(**{name: UNKNOWN}), **facts))[1] == "UNKNOWN_STATE"


@pytest.mark.parametrize("figure", ["working", "loss_day", "drawdown"])
def test_a_figure_that_is_not_known_refuses(figure):
    force = limits(max_exposure=D(1000), daily_loss=D(500), max_drawdown=D(500))

    found = said(order(), context(limits=force, account=Figures(**{figure: None})))

    assert found[1] == "UNKNOWN_STATE"


def test_a_bots_own_limit_is_compared_with_the_bots_own_figure():
    facts = context(
        account=Figures(loss_day=D(90)), bot=Figures(loss_day=D(10)),
        limits=limits(daily_loss=D(100)), bot_limits=limits(daily_loss=D(20)),
    )  # fmt: skip

    assert said(order(), facts) is None
    worse = replace(facts, bot=Figures(loss_day=D(20)))
    assert said(order(), worse) == ("daily_loss", "CAP_DAILY_LOSS")


@pytest.mark.parametrize(
    ("name", "code", "figure"),
    [
        ("max_open_plans", "CAP_OPEN_PLANS", "open_plans"),
        ("max_plans_hour", "CAP_PER_HOUR", "plans_hour"),
    ],
)
def test_plans_are_counted_for_plans_alone(name, code, figure):
    facts = context(limits=limits(**{name: D(2)}), account=Figures(**{figure: 2}))

    assert said(plan(), facts)[1] == code
    assert said(order(), facts) is None


@pytest.mark.parametrize(
    ("net", "side", "quantity", "code"),
    [
        ("4", Side.BUY, "1", None),
        ("4.01", Side.BUY, "1", "POSITION_TOO_LARGE"),
        ("9", Side.SELL, "1", None),  # it becomes smaller
        ("-4.01", Side.SELL, "1", "POSITION_TOO_LARGE"),
        ("-9", Side.BUY, "1", None),
    ],
)
def test_a_position_is_judged_by_what_it_becomes(net, side, quantity, code):
    held = {"BTC": Holding(D(net), abs(D(net)) * 100)}
    wanted = order(legs=(leg(side=side),), quantity=D(quantity), spends={})
    facts = context(limits=limits(max_position_value=D(500)), account=Figures(holdings=held))

    found = said(wanted, facts)

    assert (found and found[1]) == code


def test_a_plan_counts_as_a_position_until_both_legs_are_filled():
    facts = context(
        limits=limits(max_position_value=D(500)),
        account=Figures(holdings={"BTC": Holding(D("4.01"), D(401))}),
    )

    assert said(plan(), facts) == ("position", "POSITION_TOO_LARGE")


@pytest.mark.parametrize(("buying", "code"), [("4", None), ("4.01", "POSITION_TOO_LARGE")])
def test_what_is_still_to_be_bought_counts_as_bought(buying, code):
    facts = context(
        limits=limits(max_position_value=D(500)),
        account=Figures(pending={"BTC": (D(buying), D(0))}),
    )

    found = said(order(), facts)

    assert (found and found[1]) == code


@pytest.mark.parametrize(("others", "code"), [(2, None), (3, "CAP_POSITIONS")])
def test_positions_are_counted_with_the_new_one(others, code):
    facts = context(limits=limits(max_positions=D(3)), account=Figures(holdings=coins(others)))

    found = said(order(), facts)

    assert (found and found[1]) == code


def test_more_of_what_is_held_is_no_new_position():
    held = coins(2) | {"BTC": Holding(D(1), D(100))}
    facts = context(limits=limits(max_positions=D(3)), account=Figures(holdings=held))

    assert said(order(), facts) is None


@pytest.mark.parametrize(
    ("side", "price", "code"),
    [
        (Side.BUY, "102", None),
        (Side.BUY, "102.01", "PRICE_APART"),
        (Side.BUY, "50", None),  # cheaper than others sell is no harm
        (Side.SELL, "98", None),
        (Side.SELL, "97.99", "PRICE_APART"),
        (Side.SELL, "150", None),
    ],
)
def test_a_price_may_be_worse_than_other_markets_by_the_limit_only(side, price, code):
    wanted = order(legs=(leg(side=side, price=price, reference=price),))

    found = said(wanted, context(limits=limits(max_price_deviation=D("0.02"))))

    assert (found and found[1]) == code


@pytest.mark.parametrize(
    ("live", "second", "code"),
    [
        (True, SecondPrice(None, possible=True), "SECOND_PRICE_UNKNOWN"),
        (True, SecondPrice(None, possible=False), "SECOND_PRICE_UNKNOWN"),
        (False, SecondPrice(None, possible=True), "SECOND_PRICE_UNKNOWN"),
        (False, SecondPrice(None, possible=False), None),
    ],
)
def test_without_a_second_price_only_paper_on_a_lone_listing_passes(live, second, code):
    facts = context(live=live, second={(1, "BTC/USDT"): second})

    found = said(order(), facts)

    assert (found and found[1]) == code


def test_a_lone_listing_is_noted():
    facts = context(second={(1, "BTC/USDT"): SecondPrice(None, possible=False)})

    told = {each.rule: each for each in risk.explain(order(), facts)}

    assert (told["price_deviation"].verdict, told["price_deviation"].code) == (
        "NOTED", "SECOND_PRICE_NONE",
    )  # fmt: skip


def test_each_leg_of_a_plan_is_the_others_second_price():
    force = limits(max_price_deviation=D("0.02"))

    assert said(plan("103", "101"), context(limits=force, second={})) is None
    assert said(plan("104", "101"), context(limits=force, second={}))[1] == "PRICE_APART"


@pytest.mark.parametrize(
    ("price", "reducing", "code"),
    [
        ("100.5", False, None),
        ("100.51", False, "SLIPPAGE_TOO_HIGH"),
        ("100.51", True, None),
        ("101.01", True, "SLIPPAGE_TOO_HIGH"),
    ],
)
def test_entries_and_exits_have_a_limit_of_slippage_each(price, reducing, code):
    short = Figures(holdings={"BTC": Holding(D(-1), D(100))})
    force = limits(max_slippage=D("0.005"), max_exit_slippage=D("0.01"))
    wanted = order(legs=(leg(price=price),), reducing=reducing)

    found = said(wanted, context(limits=force, account=short))

    assert (found and found[1]) == code


def test_a_market_order_is_judged_by_the_slippage_foreseen():
    force = limits(max_slippage=D("0.005"))
    wanted = order(legs=(leg(price=None),), slippage=D("0.006"))

    assert said(wanted, context(limits=force))[1] == "SLIPPAGE_TOO_HIGH"


def test_unforeseen_slippage_refuses_real_money():
    wanted = order(legs=(leg(price=None),))

    assert said(wanted, context(live=True))[1] == "UNKNOWN_STATE"
    assert said(wanted, context()) is None


@pytest.mark.parametrize(
    ("liquidation", "code"),
    [("80", None), ("80.01", "LIQUIDATION_NEAR"), (None, "UNKNOWN_STATE")],
)
def test_liquidation_stays_far_enough_away(liquidation, code):
    at = None if liquidation is None else D(liquidation)
    wanted = order(leverage=D(3), liquidation_price=at)

    found = said(wanted, context(limits=limits(min_liquidation_distance=D("0.2"))))

    assert (found and found[1]) == code


@pytest.mark.parametrize(("age", "code"), [(10.0, None), (10.1, "PRICES_STALE")])
def test_old_prices_are_not_traded_on(age, code):
    found = said(order(book_ages=(0.1, age)), context(limits=limits(max_book_age=D(10))))

    assert (found and found[1]) == code


@pytest.mark.parametrize(("count", "code"), [(9, None), (10, "ERROR_BURST")])
def test_a_burst_of_failures_begins_a_pause(count, code):
    force = limits(max_errors=D(10), error_cooldown=D(300))

    found = said(order(), context(limits=force, account=Figures(errors=failures(count))))

    assert (found and found[1]) == code


@pytest.mark.parametrize(("later", "code"), [(299, "ERROR_BURST"), (300, None)])
def test_the_pause_ends_by_itself(later, code):
    force = limits(max_errors=D(10), error_cooldown=D(300))
    facts = context(limits=force, account=Figures(errors=failures(10)))

    found = said(order(), replace(facts, now=NOON + timedelta(seconds=later)))

    assert (found and found[1]) == code


def test_failures_spread_over_more_than_the_window_are_no_burst():
    spread = (NOON, NOON - timedelta(minutes=10, seconds=1))
    force = limits(max_errors=D(2), error_cooldown=D(300))

    assert said(order(), context(limits=force, account=Figures(errors=spread))) is None


@pytest.mark.parametrize(("ago", "code"), [(59, "COOLDOWN"), (60, None)])
def test_a_failed_trade_is_followed_by_a_pause(ago, code):
    facts = context(
        limits=limits(cooldown=D(60)), last_failure_at=NOON - timedelta(seconds=ago), second={}
    )

    found = said(plan(), facts)

    assert (found and found[1]) == code


@pytest.mark.parametrize(("free", "code"), [("100", None), ("99.99", "CAPITAL_TAKEN")])
def test_what_is_spent_must_be_free(free, code):
    found = said(order(), context(free={(1, "USDT"): D(free)}))

    assert (found and found[1]) == code


def test_a_balance_that_is_not_known_is_not_spent():
    assert said(order(), context(free={})) == ("capital", "UNKNOWN_STATE")


@pytest.mark.parametrize(("short", "code"), [("1", None), ("0.99", "NOT_REDUCING")])
def test_a_purchase_reduces_only_what_was_sold_short(short, code):
    held = {"BTC": Holding(-D(short), D(100))}

    found = said(order(reducing=True), context(account=Figures(holdings=held)))

    assert (found and found[1]) == code


def test_a_connection_that_is_not_aligned_opens_nothing_and_reduces():
    facts = context(unaligned={1: "UNKNOWN"})
    sale = order(legs=(leg(side=Side.SELL),), reducing=True)

    assert said(order(), facts) == ("alignment", "UNALIGNED")
    assert said(sale, facts) is None


def test_closing_passes_everything_but_size_and_ownership():
    trouble = context(
        state=TradingState.HALTED, running=False, fenced=True, free={}, rate=None, second={},
        limits={name: Limit(UNKNOWN, Scope.PLATFORM) for name in SPECS},
        unaligned={1: "UNALIGNED"},
    )  # fmt: skip
    sale = order(legs=(leg(side=Side.SELL),), reducing=True, closing=True)

    assert said(sale, trouble) is None
    assert said(sale, replace(trouble, connections_fit=False)) == (
        "connections",
        "CONNECTION_UNFIT",
    )
    nothing = order(legs=(leg(side=Side.SELL, quantity="0"),), reducing=True, closing=True)
    assert said(nothing, trouble) == ("sizes", "SIZE_TOO_SMALL")


def test_an_unreadable_platform_policy_opens_nothing():
    facts = context(limits={name: Limit(UNKNOWN, Scope.PLATFORM) for name in SPECS})

    assert said(order(), facts)[1] == "UNKNOWN_STATE"


def test_every_rule_has_a_name_for_people():
    assert {rule.__name__ for rule in risk.RULES} == set(RULE_TEXTS)


def test_a_refusal_brings_what_every_rule_said():
    refusal = risk.decide(order(notional=D(200)), context(limits=limits(max_order_value=D(100))))

    told = {each.rule: each for each in refusal.results}
    assert set(told) == {rule.__name__ for rule in risk.rules_for(order())}
    assert (told["notional"].actual, told["notional"].limit) == ("200", "100")
    assert {each.code for each in refusal.results if each.code} <= set(TEXTS)


def test_a_price_in_a_coin_without_a_price_in_dollars_is_refused():
    assert said(order(), context(rate=None)) == ("notional", "UNKNOWN_STATE")
