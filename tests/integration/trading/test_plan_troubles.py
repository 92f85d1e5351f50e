"""What goes wrong with legs at the peers, named after the failure, and what the watchdog sees."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from apps.core.models import AuditEntry
from apps.trading import tasks
from apps.trading.domain.errors import PlanHandlingUnexplained, PlanNotWaiting, PlanRecordMissing
from apps.trading.models import Fill, Order, OrderAnomaly, Plan, PlanAnomaly
from apps.trading.selectors.plans import pairs_paused, plan_notices
from apps.trading.services import plan_handle
from apps.venues.domain.errors import VenueRejected, VenueUnavailable
from apps.venues.domain.ports import Balance
from tests.factories.accounts import person
from tests.factories.trading import D


def stuck(desk, *, refusals=("refuse", "refuse")):
    """Bought; the sale was refused twice, and so is what would take the purchase back."""
    desk.sell_venue.faults = list(refusals)
    plan = desk.submit(desk.open())
    desk.submit(plan)
    return plan


def without_funds(venue, held=None):
    """It refuses for want of funds; asked, it holds so much BTC (None: it does not answer)."""

    def refuse(ticket):
        venue.heard.append(ticket)
        raise VenueRejected(venue="fake", reason="INSUFFICIENT_FUNDS")

    def balances():
        if held is None:
            raise VenueUnavailable(venue="fake")
        return [Balance(asset="BTC", free=D(held), used=D(0))]

    venue.place_order, venue.balances = refuse, balances


def driven(desk, plan, rounds=12):
    for _ in range(rounds):
        plan = desk.submit(plan)
        desk.age(plan, seconds=20)
        tasks.plan_sweep()
    plan.refresh_from_db()
    return plan


def test_an_already_flat_leg_is_success_and_noted(desk):
    plan = stuck(desk)
    without_funds(desk.buy_venue, held="0")

    plan = driven(desk, plan, rounds=3)

    assert (plan.status, plan.reason) == ("UNWOUND", "ALREADY_FLAT")
    assert (plan.residual, plan.pnl is None) == (D("0.5"), False)
    assert plan.orders.filter(role="UNWIND").count() == 1
    assert plan.orders.get(role="UNWIND").held_after == D(0)


def test_a_failed_fetch_never_counts_as_flat(desk):
    plan = stuck(desk)
    without_funds(desk.buy_venue, held=None)

    plan = driven(desk, plan)

    assert (plan.status, plan.reason) == ("NEEDS_ATTENTION", "UNWIND_EXHAUSTED")
    assert plan.residual == D("0.5")


def test_a_pre_existing_position_is_not_new_exposure(desk):
    """Ten BTC were there before: only what the plan bought is sold back."""
    desk.sell_venue.faults = ["refuse", "refuse"]
    plan = desk.submit(desk.submit(desk.submit(desk.open())))

    assert plan.status == "UNWOUND"
    assert plan.orders.get(role="UNWIND").quantity == D("0.5")
    assert desk.buy_venue.base_position() == 0


def test_a_second_leg_rejected_after_the_first_filled_is_unwound_and_its_loss_booked(desk):
    desk.sell_venue.faults = ["refuse", "refuse"]
    desk.buy_venue.price = D("99.5")
    plan = desk.submit(desk.submit(desk.submit(desk.open())))

    assert (plan.status, plan.residual) == ("UNWOUND", D(0))
    assert plan.pnl == -plan.fees == D("-0.04975")


def test_a_redundant_close_opens_no_position(desk):
    """Told ten times at once and again later, what closes a leg is sent once."""
    plan = stuck(desk)
    for _ in range(10):
        tasks.plan_sweep()
        plan = desk.submit(plan)
    tasks.plan_sweep()

    assert plan.status == "UNWOUND"
    assert plan.orders.filter(role="UNWIND").count() == 1
    assert desk.buy_venue.base_position() == 0


def test_an_order_that_failed_and_then_filled_is_hedged_and_not_dropped(desk):
    desk.buy_venue.faults = ["silent"]
    desk.sell_venue.faults = ["refuse"]
    plan = desk.submit(desk.open())
    lost = plan.orders.get(side="buy")
    Order.objects.filter(pk=lost.pk).update(status="REJECTED", closed_at=timezone.now())
    tasks.plan_sweep()
    desk.age(plan)
    tasks.order_reconcile(workspace_id=plan.workspace_id, order_id=lost.pk)
    desk.submit(plan)

    plan.refresh_from_db()
    assert (plan.status, plan.residual) == ("DONE", D(0))
    assert OrderAnomaly.objects.get().kind == "fill_after_REJECTED"
    desk.agree()


def churned(desk, times=5):
    desk.bot.params |= {"cooldown": "0", "max_open": "20"}
    desk.bot.save()
    desk.buy_venue.offered = desk.sell_venue.offered = D(0)
    return [desk.submit(desk.open()) for _ in range(times)]


def test_zero_fill_ioc_churn_pauses_the_pair_and_says_so(desk):
    lost = churned(desk)

    refused = desk.open()

    assert {plan.status for plan in lost} == {"FAILED"}
    assert (refused.status, refused.decision.code) == ("DENIED", "CHURN")
    (pause,) = pairs_paused(reader=desk.actor, bot_id=desk.bot.pk, now=timezone.now())
    assert (pause.symbol, pause.count) == ("BTC/USDT", 5)
    assert pause.until == lost[0].opened_at + timedelta(hours=1)


def test_four_failures_pause_nothing_and_an_hour_heals(desk):
    churned(desk, times=4)
    now = timezone.now()
    assert pairs_paused(reader=desk.actor, bot_id=desk.bot.pk, now=now) == []

    churned(desk, times=1)
    later = timezone.now() + timedelta(hours=1)
    assert pairs_paused(reader=desk.actor, bot_id=desk.bot.pk, now=later) == []


# --- the watchdog


def told(plan):
    return sorted(plan.anomalies.values_list("kind", flat=True))


def test_the_watchdog_says_nothing_of_plans_that_fit(desk):
    desk.submit(desk.open())

    tasks.plan_watch_all()

    assert not PlanAnomaly.objects.exists()


def test_a_closed_plan_whose_legs_do_not_match_is_noted_once_and_closed_for_good(desk):
    plan = desk.submit(desk.open())
    sale = plan.orders.get(side="sell")
    Fill.objects.filter(order=sale).update(quantity=D("0.2"))
    Order.objects.filter(pk=sale.pk).update(filled=D("0.2"), quantity=D("0.2"))

    tasks.plan_watch_all()
    tasks.plan_watch_all()

    plan.refresh_from_db()
    assert told(plan) == ["LEGS_UNEVEN"]
    assert plan.status == "COMPLETING"
    assert plan.orders.exclude(role="OPEN").get().quantity == D("0.3")
    assert AuditEntry.objects.filter(action="trading.plan.mismatch").count() == 1


def test_an_order_that_says_another_size_than_its_fills_asks_for_a_person(desk):
    plan = desk.submit(desk.open())
    Order.objects.filter(pk=plan.orders.get(side="sell").pk).update(filled=D("0.4"))

    tasks.plan_watch_all()

    plan.refresh_from_db()
    assert (plan.status, plan.reason) == ("NEEDS_ATTENTION", "FILLS_DIFFER")
    assert told(plan) == ["FILLS_DIFFER"]


def test_a_closed_plan_with_an_order_still_open_goes_on(desk):
    plan = desk.submit(desk.open())
    Order.objects.filter(pk=plan.orders.get(side="sell").pk).update(status="OPEN")

    tasks.plan_watch_all()

    plan.refresh_from_db()
    assert (plan.status, told(plan)) == ("COMPLETING", ["ORDERS_LIVE"])


def test_what_is_noted_as_left_over_must_be_what_the_fills_say(desk):
    plan = desk.submit(desk.open())
    Plan.objects.filter(pk=plan.pk).update(residual=D("0.1"))

    tasks.plan_watch_all()

    assert told(plan) == ["RESIDUAL_WRONG"]


def test_a_plan_that_does_not_move_is_said(desk):
    plan = desk.open()
    Order.objects.filter(plan=plan).update(status="EXPIRED")
    desk.age(plan, seconds=3600)

    tasks.plan_watch_all()

    assert told(plan) == ["PLAN_STUCK"]


def test_an_order_of_a_bot_that_belongs_to_no_plan_is_noted_once(desk):
    plan = desk.submit(desk.open())
    desk.age(plan)
    Order.objects.filter(plan=plan, side="buy").update(plan=None)

    tasks.plan_watch_all()
    tasks.plan_watch_all()

    assert OrderAnomaly.objects.get().kind == "order_without_plan"


# --- a person


@pytest.fixture
def waiting(desk):
    plan = stuck(desk)
    without_funds(desk.buy_venue, held=None)
    return driven(desk, plan)


def test_a_person_tries_again_with_a_wider_bound(desk, waiting):
    del desk.buy_venue.place_order
    desk.buy_venue.price = D(95)
    now = timezone.now()

    plan = plan_handle.plan_unwind(
        actor=desk.actor, plan_id=waiting.pk, max_loss=D("0.06"), now=now
    )
    plan = desk.submit(plan)

    assert (plan.status, plan.residual, plan.reason) == ("UNWOUND", D(0), "")
    assert plan.orders.last().limit_price == D(94)
    assert AuditEntry.objects.filter(action="trading.plan.retried").count() == 1


def test_a_handled_plan_rests_until_a_fill_says_otherwise(desk, waiting):
    assert [each.plan_id for each in plan_notices(reader=desk.actor)] == [waiting.pk]

    plan_handle.plan_acknowledge(
        actor=desk.actor, plan_id=waiting.pk, reason="sold by hand", now=timezone.now()
    )
    tasks.plan_watch_all()

    waiting.refresh_from_db()
    assert (waiting.status, waiting.handled_reason) == ("NEEDS_ATTENTION", "sold by hand")
    assert plan_notices(reader=desk.actor) == []
    with pytest.raises(PlanNotWaiting):
        plan_handle.plan_unwind(actor=desk.actor, plan_id=waiting.pk, now=timezone.now())


def test_handling_needs_a_reason(desk, waiting):
    with pytest.raises(PlanHandlingUnexplained):
        plan_handle.plan_acknowledge(
            actor=desk.actor, plan_id=waiting.pk, reason=" ", now=timezone.now()
        )
    waiting.refresh_from_db()
    assert waiting.handled_at is None


def test_mallory_handles_nothing_of_alices(desk, waiting):
    mallory = person("mallory").actor
    for act in (
        lambda: plan_handle.plan_unwind(actor=mallory, plan_id=waiting.pk, now=timezone.now()),
        lambda: plan_handle.plan_acknowledge(
            actor=mallory, plan_id=waiting.pk, reason="mine", now=timezone.now()
        ),
    ):
        with pytest.raises(PlanRecordMissing):
            act()
    waiting.refresh_from_db()
    assert (waiting.forgiven, waiting.handled_at) == (0, None)
    assert plan_notices(reader=mallory) == []
    assert pairs_paused(reader=mallory, bot_id=desk.bot.pk, now=timezone.now()) == []
