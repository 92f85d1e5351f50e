from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from apps.trading.domain.slices import Later, Over, Schedule, Slice, next_slice
from tests.factories.trading import NOON, RULES, D

MINUTE = timedelta(minutes=1)


def schedule(**more):
    boring = {
        "quantity": D(1),
        "slices": 4,
        "interval": MINUTE,
        "started_at": NOON,
        "next_at": NOON,
        "rules": RULES,
        "price": D(100),
    }
    return Schedule(**(boring | more))


def test_a_slice_is_its_share_and_the_next_one_an_interval_away():
    assert next_slice(schedule(), NOON) == Slice(D("0.25"), NOON + MINUTE)


def test_what_was_missed_is_not_caught_up_in_a_burst():
    late = NOON + 3 * MINUTE

    assert next_slice(schedule(filled=D("0.25")), late) == Slice(D("0.25"), late + MINUTE)


def test_no_second_slice_while_one_may_still_fill():
    assert isinstance(next_slice(schedule(under_way=D("0.1")), NOON), Later)


def test_what_would_be_too_small_alone_goes_with_the_last():
    step = next_slice(schedule(filled=D("0.72")), NOON)

    assert step == Slice(D("0.28"), NOON + MINUTE)


def test_without_a_live_price_it_waits_and_beyond_its_limit_too():
    assert next_slice(schedule(price=None), NOON) == Later(NOON + timedelta(seconds=1))
    assert next_slice(schedule(too_dear=True), NOON) == Later(NOON + MINUTE)


def test_it_ends_when_all_is_traded_refused_or_its_time_is_over():
    assert next_slice(schedule(filled=D(1)), NOON) == Over("")
    assert next_slice(schedule(refused_in_a_row=3), NOON) == Over("SLICES_REFUSED")
    assert next_slice(schedule(), NOON + 8 * MINUTE) == Over("TIME_OVER")


@given(
    quantity=st.decimals("0.1", "50", places=4),
    count=st.integers(2, 40),
    fills=st.lists(st.decimals("0", "1", places=2), min_size=80, max_size=80),
)
def test_slices_never_exceed_the_total(quantity, count, fills):
    filled, now, next_at = D(0), NOON, NOON
    for share in fills:
        step = next_slice(
            schedule(quantity=quantity, slices=count, filled=filled, next_at=next_at), now
        )
        if isinstance(step, Over):
            break
        if isinstance(step, Slice):
            assert filled + step.quantity <= quantity
            filled += (step.quantity * share).quantize(D("0.0001"))
            next_at = step.next_at
        now += MINUTE
    assert filled <= quantity
