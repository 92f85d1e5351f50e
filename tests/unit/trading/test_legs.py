"""Plans of more than two legs: fan-outs, chains, resting legs, and a venue that holds nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest

from apps.trading.domain.legs import exposures, legs_meet, spends
from apps.trading.domain.plans import (
    ALREADY_FLAT,
    UNWIND_PAUSES,
    Cancel,
    Finish,
    OrderFact,
    Place,
    PlanFacts,
    PlanKind,
    PlanStatus,
    Role,
    SizeRules,
    Wait,
    next_step,
)
from apps.trading.domain.pnl import FillFact, plan_pnl
from apps.trading.domain.records import legs_dump, legs_load
from apps.venues.domain.ports import Side, TimeInForce
from tests.factories.trading import NOON, D, leg

HOME = frozenset({"USDT"})
FAN = (
    leg(1, 1, Side.BUY, "100"),
    leg(2, 2, Side.SELL, "101", ratio=D("0.5")),
    leg(3, 3, Side.SELL, "102", ratio=D("0.5")),
)
FINE = SizeRules(quantity_step=D("0.0001"), min_quantity=D("0.001"), min_notional=D("0.0001"))
CHAIN = (
    leg(1, 1, Side.BUY, "100", rules=FINE),
    leg(2, 1, Side.BUY, "0.1", symbol="ETH/BTC", ratio=D(10), rules=FINE),
    leg(3, 1, Side.SELL, "11", symbol="ETH/USDT", ratio=D(10), rules=FINE),
)


def order(leg_no, filled, *, side=Side.SELL, role=Role.OPEN, **more):
    boring = {"leg_no": leg_no, "side": side, "role": role, "in_flight": False, "filled": D(filled)}
    return OrderFact(**(boring | more))


def plan(legs, *orders, **more):
    boring = {
        "kind": PlanKind.PARALLEL,
        "quantity": D(1),
        "legs": legs,
        "orders": orders,
        "valid_until": NOON + timedelta(seconds=5),
        "last_order_at": NOON,
        "max_unwind_loss": D("0.01"),
        "home": HOME,
    }
    return PlanFacts(**(boring | more))


def chain(*orders, **more):
    return plan(CHAIN, *orders, kind=PlanKind.SEQUENTIAL, **more)


BOUGHT = order(1, 1, side=Side.BUY)


def test_two_sales_of_a_half_stand_against_one_purchase():
    step = next_step(plan(FAN, BOUGHT, order(2, "0.5"), order(3, "0.5")), NOON)

    assert step == Finish(status=PlanStatus.DONE)


def test_of_two_lagging_legs_the_one_that_lacks_more_is_completed_first_by_what_it_lacks():
    step = next_step(plan(FAN, BOUGHT, order(2, "0.4"), order(3, "0.1")), NOON)

    assert step == Place(
        leg_no=3, role=Role.COMPLETE, side=Side.SELL, quantity=D("0.4"), limit_price=D(102)
    )


def test_each_lagging_leg_is_completed_once():
    tried = order(3, 0, role=Role.COMPLETE)

    step = next_step(plan(FAN, BOUGHT, order(2, "0.4"), order(3, "0.1"), tried), NOON)

    assert (step.leg_no, step.role, step.quantity) == (2, Role.COMPLETE, D("0.1"))


def test_what_no_sale_took_is_sold_back_where_it_was_bought():
    tried = [order(3, 0, role=Role.COMPLETE), order(2, 0, role=Role.COMPLETE)]

    step = next_step(plan(FAN, BOUGHT, order(2, "0.4"), order(3, "0.1"), *tried), NOON)

    assert step == Place(
        leg_no=1, role=Role.UNWIND, side=Side.SELL, quantity=D("0.5"), limit_price=D(99)
    )


def test_a_fan_out_in_sequence_shares_what_was_bought_by_ratio():
    first = next_step(plan(FAN, order(1, "0.8", side=Side.BUY), kind=PlanKind.SEQUENTIAL), NOON)
    then = next_step(
        plan(FAN, order(1, "0.8", side=Side.BUY), order(2, "0.3"), kind=PlanKind.SEQUENTIAL), NOON
    )

    assert (first.leg_no, first.quantity) == (2, D("0.4"))
    assert (then.leg_no, then.quantity) == (3, D("0.5"))


def test_the_next_leg_of_a_chain_spends_what_was_received_less_the_fee_it_cost():
    told = order(1, 1, side=Side.BUY, value=D(100), fees=(("BTC", D("0.001")),))

    step = next_step(chain(told), NOON)

    assert step == Place(
        leg_no=2, role=Role.OPEN, side=Side.BUY, quantity=D("9.99"), limit_price=D("0.1")
    )


def test_a_chain_that_came_home_is_done():
    second = order(2, 10, side=Side.BUY, value=D(1))

    assert next_step(chain(BOUGHT, second, order(3, 10)), NOON) == Finish(status=PlanStatus.DONE)


def test_a_chain_that_broke_in_the_middle_goes_home_by_its_last_market_at_a_bounded_loss():
    second = order(2, 10, side=Side.BUY, value=D(1))
    refused = [order(3, 0), order(3, 0, role=Role.COMPLETE)]

    step = next_step(chain(BOUGHT, second, *refused), NOON)

    assert step == Place(
        leg_no=3, role=Role.UNWIND, side=Side.SELL, quantity=D(10), limit_price=D("10.89")
    )


def test_where_the_last_market_takes_nothing_the_chain_is_walked_back():
    second = order(2, 10, side=Side.BUY, value=D(1))
    refused = [
        order(3, 0),
        order(3, 0, role=Role.COMPLETE),
        order(3, 0, role=Role.UNWIND, quantity=D(10)),
    ]
    later = NOON + timedelta(seconds=1)

    back = next_step(chain(BOUGHT, second, *refused), later)
    returned = order(2, 10, role=Role.UNWIND, value=D(1))
    home = next_step(chain(BOUGHT, second, *refused, returned), later)

    assert (back.leg_no, back.side, back.quantity) == (2, Side.SELL, D(10))
    assert (home.leg_no, home.side, home.quantity) == (1, Side.SELL, D(1))


def test_a_resting_leg_is_cancelled_once_when_its_time_is_over():
    legs = (leg(1, 1, Side.BUY, "100", time_in_force=TimeInForce.GTC), leg(2, 2, Side.SELL, "101"))
    resting = order(1, "0.3", side=Side.BUY, in_flight=True, rests=True)
    asked = order(1, "0.3", side=Side.BUY, in_flight=True, rests=True, cancelling=True)
    end = NOON + timedelta(seconds=5)

    assert next_step(plan(legs, resting), NOON) == Wait(end)
    assert next_step(plan(legs, resting), end) == Cancel(1)
    assert next_step(plan(legs, asked), end) == Wait()


def test_a_leg_that_rested_is_hedged_by_its_real_fill_after_it_was_cancelled():
    legs = (leg(1, 1, Side.BUY, "100", time_in_force=TimeInForce.GTC), leg(2, 2, Side.SELL, "101"))
    late = NOON + timedelta(seconds=6)

    step = next_step(
        plan(legs, order(1, "0.3", side=Side.BUY, rests=True), kind=PlanKind.SEQUENTIAL), late
    )

    assert (step.leg_no, step.role, step.quantity) == (2, Role.OPEN, D("0.3"))


FAILED = (
    order(2, 0),
    order(3, 0),
    order(2, 0, role=Role.COMPLETE),
    order(3, 0, role=Role.COMPLETE),
)


def refused(held, quantity="1"):
    return order(
        1, 0, role=Role.UNWIND, quantity=D(quantity), held=None if held is None else D(held)
    )


def test_already_flat_is_success_and_noted():
    step = next_step(plan(FAN, BOUGHT, *FAILED, refused("0")), NOON)

    assert step == Finish(status=PlanStatus.UNWOUND, residual=D(1), reason=ALREADY_FLAT)


def test_a_venue_that_holds_less_is_asked_for_what_it_holds():
    step = next_step(plan(FAN, BOUGHT, *FAILED, refused("0.9995")), NOON + timedelta(seconds=1))

    assert (step.role, step.quantity) == (Role.UNWIND, D("0.9995"))


def test_a_failed_question_never_counts_as_flat():
    tries = [refused(None)] * len(UNWIND_PAUSES)

    step = next_step(plan(FAN, BOUGHT, *FAILED, *tries), NOON + timedelta(minutes=1))

    assert (step.status, step.residual) == (PlanStatus.NEEDS_ATTENTION, D(1))


def test_a_late_fill_is_not_covered_by_what_was_flat_before_it():
    late = order(1, 1, side=Side.BUY)

    step = next_step(plan(FAN, BOUGHT, late, *FAILED, refused("0")), NOON + timedelta(seconds=1))

    assert (step.role, step.quantity) == (Role.UNWIND, D(2))


def test_trying_again_forgets_the_attempts_before():
    tries = [refused(None)] * len(UNWIND_PAUSES)
    given_up = plan(FAN, BOUGHT, *FAILED, *tries)

    step = next_step(
        plan(FAN, *given_up.orders, forgiven=len(given_up.orders)), NOON + timedelta(minutes=1)
    )

    assert (step.role, step.quantity) == (Role.UNWIND, D(1))


def test_exposure_is_the_net_flow_of_every_asset_that_is_not_home():
    second = order(2, 4, side=Side.BUY, value=D("0.4"))

    left = exposures(CHAIN, (BOUGHT, second), HOME)

    assert left == {"BTC": D("0.6"), "ETH": D(4)}


@pytest.mark.parametrize(
    ("legs", "in_sequence", "meets"),
    [
        (FAN, False, True),
        (FAN[:2], False, False),  # half of it is sold
        (CHAIN, True, True),
        (CHAIN[:2], True, False),  # it never comes home
        (FAN[1:], True, False),  # only sales
        (FAN[:1], False, False),
        ((FAN[0], FAN[0]), False, False),
    ],
)
def test_legs_meet_when_nothing_but_home_is_left(legs, in_sequence, meets):
    assert legs_meet(legs, HOME, in_sequence=in_sequence) is meets


def test_a_chain_needs_only_what_its_first_leg_spends():
    assert spends(CHAIN, D(1), HOME, in_sequence=True) == {(1, "USDT"): D("100.05")}


def test_legs_at_once_need_what_each_of_them_spends():
    assert spends(FAN, D(2), HOME, in_sequence=False) == {
        (1, "USDT"): D("200.1"),
        (2, "BTC"): D(1),
        (3, "BTC"): D(1),
    }


def fill(leg_no, side, quantity, price, **more):
    boring = {
        "leg_no": leg_no,
        "side": side,
        "unwinding": False,
        "quantity": D(quantity),
        "price": D(price),
        "limit_price": D(price),
        "fee": D(0),
        "fee_asset": "USDT",
        "fee_rate": D("0.001"),
    }
    return FillFact(**(boring | more))


def test_a_chain_earns_what_came_home_less_what_left():
    earned = plan_pnl(
        [
            fill(1, Side.BUY, 1, 100),
            fill(2, Side.BUY, 10, "0.1", fee=D("0.01"), fee_asset="ETH"),
            fill(3, Side.SELL, 10, "10.5"),
        ],
        legs=CHAIN,
        quote="USDT",
        prices={},
    )

    # 110 promised, 105 came; the fee of 0.01 ETH cost 0.001 BTC, which cost 0.1
    assert (earned.spread_captured, earned.slippage) == (D(10), D(5))
    assert (earned.fees, earned.pnl, earned.note) == (D("0.1"), D("4.9"), "")


def test_a_sale_in_another_home_asset_is_valued_at_its_price():
    legs = (leg(1, 1, Side.BUY, "100"), leg(2, 2, Side.SELL, "101", symbol="BTC/USDC"))

    earned = plan_pnl(
        [fill(1, Side.BUY, 1, 100), fill(2, Side.SELL, 1, 101)],
        legs=legs,
        quote="USDT",
        prices={"USDC": D("0.995")},
        home=frozenset({"USDT", "USDC"}),
    )

    assert earned.pnl == D("0.495")


def test_legs_survive_storage_and_old_ones_are_read_as_one_to_one():
    stored = legs_dump(FAN)
    old = [
        {name: value for name, value in each.items() if name not in ("ratio", "time_in_force")}
        for each in stored
    ]

    assert legs_load(stored) == FAN
    assert {(each.ratio, each.time_in_force) for each in legs_load(old)} == {(D(1), "IOC")}


def test_under_a_halt_the_following_leg_that_hedges_goes_out():
    step = next_step(
        plan(
            (*FAN[:1], leg(2, 2, Side.SELL, "101")), BOUGHT, kind=PlanKind.SEQUENTIAL, stopped=True
        ),
        NOON,
    )

    assert step == Place(
        leg_no=2, role=Role.OPEN, side=Side.SELL, quantity=D(1), limit_price=D(101)
    )


def test_under_a_halt_a_chain_does_not_change_one_exposure_for_another():
    step = next_step(chain(BOUGHT, stopped=True), NOON)

    assert step == Place(
        leg_no=1, role=Role.UNWIND, side=Side.SELL, quantity=D(1), limit_price=D(99)
    )


def test_under_a_halt_the_last_leg_of_a_chain_comes_home():
    second = order(2, 10, side=Side.BUY, value=D(1))

    step = next_step(chain(BOUGHT, second, stopped=True), NOON)

    assert (step.leg_no, step.role, step.side, step.quantity) == (3, Role.OPEN, Side.SELL, D(10))


def test_under_a_halt_a_chain_completes_no_leg_that_leads_further_out():
    refused = order(2, 0, side=Side.BUY)

    assert next_step(chain(BOUGHT, refused), NOON).role is Role.COMPLETE
    assert next_step(chain(BOUGHT, refused, stopped=True), NOON).role is Role.UNWIND
