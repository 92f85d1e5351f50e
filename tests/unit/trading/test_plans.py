from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.trading.domain.plans import (
    UNWIND_PAUSES,
    Finish,
    OrderFact,
    Place,
    PlanFacts,
    PlanKind,
    PlanStatus,
    Role,
    Wait,
    bought,
    next_step,
    sold,
)
from apps.venues.domain.ports import Side
from tests.factories.trading import NOON, D, leg

BUY, SELL = leg(1, 1, Side.BUY, "100"), leg(2, 2, Side.SELL, "101")


def order(leg_no, filled, *, role=Role.OPEN, side=None, in_flight=False):
    side = side or (Side.BUY if leg_no == 1 else Side.SELL)
    return OrderFact(leg_no=leg_no, role=role, side=side, in_flight=in_flight, filled=D(filled))


def plan(*orders, **more):
    boring = {
        "kind": PlanKind.PARALLEL,
        "quantity": D(1),
        "legs": (BUY, SELL),
        "orders": orders,
        "valid_until": NOON + timedelta(seconds=5),
        "last_order_at": NOON,
        "max_unwind_loss": D("0.01"),
    }
    return PlanFacts(**(boring | more))


def test_waits_while_any_order_is_in_flight():
    assert next_step(plan(order(1, 1), order(2, 0, in_flight=True)), NOON) == Wait()


@pytest.mark.parametrize(
    ("filled", "status"), [(1, PlanStatus.DONE), ("0.3", PlanStatus.DONE), (0, PlanStatus.FAILED)]
)
def test_equal_fills_end_it(filled, status):
    assert next_step(plan(order(1, filled), order(2, filled)), NOON) == Finish(status=status)


def test_the_lagging_leg_is_completed_within_its_own_limit():
    step = next_step(plan(order(1, 1), order(2, "0.4")), NOON)

    assert step == Place(
        leg_no=2, role=Role.COMPLETE, side=Side.SELL, quantity=D("0.6"), limit_price=D(101)
    )


def test_what_cannot_be_completed_is_taken_back_where_it_is_held():
    step = next_step(plan(order(1, 1), order(2, 0), order(2, 0, role=Role.COMPLETE)), NOON)

    assert step == Place(
        leg_no=1, role=Role.UNWIND, side=Side.SELL, quantity=D(1), limit_price=D(99)
    )


def test_a_sale_without_its_purchase_is_bought_back_at_a_bounded_loss():
    step = next_step(plan(order(1, 0), order(2, 1), order(1, 0, role=Role.COMPLETE)), NOON)

    assert step == Place(
        leg_no=2, role=Role.UNWIND, side=Side.BUY, quantity=D(1), limit_price=D("102.01")
    )


def test_after_its_validity_nothing_is_completed_any_more():
    step = next_step(plan(order(1, 1), order(2, 0)), NOON + timedelta(seconds=6))

    assert step.role is Role.UNWIND


def test_a_full_unwind_is_called_so():
    taken_back = order(1, 1, role=Role.UNWIND, side=Side.SELL)

    assert next_step(plan(order(1, 1), order(2, 0), taken_back), NOON) == Finish(
        status=PlanStatus.UNWOUND
    )


def test_unwinding_pauses_between_attempts_and_then_asks_for_a_person():
    tries = [order(1, 0, role=Role.UNWIND, side=Side.SELL)] * len(UNWIND_PAUSES)
    late = NOON + timedelta(seconds=6)

    waiting = next_step(plan(order(1, 1), order(2, 0), *tries[:3], last_order_at=late), late)
    over = next_step(plan(order(1, 1), order(2, 0), *tries), late)

    assert waiting == Wait(late + timedelta(seconds=UNWIND_PAUSES[3]))
    assert over == Finish(
        status=PlanStatus.NEEDS_ATTENTION, residual=D(1), reason="UNWIND_EXHAUSTED"
    )


def test_dust_that_no_venue_takes_is_kept_and_named():
    step = next_step(plan(order(1, 1), order(2, "0.99999")), NOON)

    assert step == Finish(status=PlanStatus.DONE, residual=D("0.00001"), reason="DUST_LEFT")


def test_the_second_leg_of_a_sequence_is_sized_by_the_first():
    step = next_step(plan(order(1, "0.7"), kind=PlanKind.SEQUENTIAL), NOON)

    assert step == Place(
        leg_no=2, role=Role.OPEN, side=Side.SELL, quantity=D("0.7"), limit_price=D(101)
    )


def test_a_sequence_whose_first_leg_found_nobody_has_failed():
    assert next_step(plan(order(1, 0), kind=PlanKind.SEQUENTIAL), NOON) == Finish(
        status=PlanStatus.FAILED
    )


fractions = st.lists(st.decimals("0", "1", places=4), min_size=12, max_size=12)
openings = st.decimals("0", "1", places=4)


@given(openings, openings, fractions, st.sampled_from(list(PlanKind)))
def test_no_plan_ends_with_a_tradable_imbalance_unless_it_asks_for_a_person(a, b, shares, kind):
    facts, now = plan(order(1, a), order(2, b), kind=kind), NOON
    if kind is PlanKind.SEQUENTIAL:
        facts = replace(facts, orders=facts.orders[:1])
    for share in shares:
        step = next_step(facts, now)
        if isinstance(step, Finish):
            break
        if isinstance(step, Wait):
            now = step.until
            continue
        filled = (step.quantity * share).quantize(D("0.0001"))
        told = order(step.leg_no, filled, role=step.role, side=step.side)
        facts = replace(facts, orders=(*facts.orders, told), last_order_at=now)

    imbalance = bought(facts.orders) - sold(facts.orders)
    assert isinstance(step, Finish)
    assert step.residual == imbalance
    tradable = max(each.rules.tradable(abs(imbalance), D(99)) for each in (BUY, SELL))
    assert step.status is PlanStatus.NEEDS_ATTENTION or not tradable


@given(openings, openings)
def test_a_closing_order_never_exceeds_the_imbalance(a, b):
    step = next_step(plan(order(1, a), order(2, b)), NOON)

    if isinstance(step, Place):
        assert step.quantity <= abs(a - b)
