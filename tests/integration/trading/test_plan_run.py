from __future__ import annotations

import contextlib

import pytest
from django.utils import timezone

from apps.core.domain.people import Actor
from apps.trading import crash_points, execution, sending, tasks
from apps.trading.domain.plans import PlanKind
from apps.trading.models import CapitalReservation, Fill, Order, OrderAnomaly
from apps.trading.services import bots, order_record, plan_run
from apps.trading.services.account import trading_halt
from apps.venues.domain.ports import OrderReceipt, ReceiptStatus, VenueTrade
from tests.factories.trading import D


class Killed(BaseException):
    """The process is gone: no `except Exception` may hide it."""


def test_two_legs_fill_and_the_profit_after_fees_is_booked(desk):
    plan = desk.submit(desk.open())

    assert plan.status == "DONE"
    # 0.5 x (101 - 100) less 5 bps of both legs
    assert plan.spread_captured == D("0.5")
    assert plan.fees == D("0.05025")
    assert (plan.slippage, plan.pnl) == (D(0), D("0.44975"))
    assert not CapitalReservation.objects.filter(released_at=None).exists()
    desk.agree()


def test_redelivery_sends_once(desk):
    plan = desk.open()

    for _ in range(3):
        desk.submit(plan)

    assert (len(desk.buy_venue.heard), len(desk.sell_venue.heard)) == (1, 1)


def test_a_lagging_leg_is_completed_and_the_plan_done(desk):
    desk.sell_venue.offered = D("0.3")
    plan = desk.submit(desk.open())
    desk.sell_venue.offered = D(5)
    assert plan.status == "COMPLETING"

    plan = desk.submit(plan)

    assert (plan.status, plan.residual) == ("DONE", D(0))
    roles = list(plan.orders.order_by("pk").values_list("role", flat=True))
    assert roles == ["OPEN", "OPEN", "COMPLETE"]


def test_a_leg_that_was_refused_is_unwound_and_its_loss_booked(desk):
    desk.sell_venue.faults = ["refuse", "refuse"]
    plan = desk.submit(desk.open())
    plan = desk.submit(desk.submit(plan))

    assert plan.status == "UNWOUND"
    assert plan.pnl == D("-0.05")  # both fees on the buying venue; bought and sold at 100
    assert desk.buy_venue.base_position() == 0
    desk.agree()


def test_an_imbalance_that_cannot_be_closed_asks_for_a_person(desk):
    desk.sell_venue.offered = D(0)
    plan = desk.submit(desk.open())
    desk.buy_venue.price = D(50)  # far below the bounded loss

    for _ in range(12):
        plan = desk.submit(plan)
        desk.age(plan, seconds=20)
        tasks.plan_sweep()
    plan.refresh_from_db()

    assert (plan.status, plan.reason) == ("NEEDS_ATTENTION", "UNWIND_EXHAUSTED")
    assert plan.residual == D("0.5")


def test_silence_is_not_a_refusal_and_the_probe_books_the_fill(desk):
    desk.sell_venue.faults = ["silent"]
    plan = desk.submit(desk.open())
    assert plan.orders.get(side="sell").status == "SUBMITTING"

    desk.age(plan)
    desk.sweep()

    plan.refresh_from_db()
    assert plan.status == "DONE"
    assert len(desk.sell_venue.heard) == 1
    desk.agree()


def test_an_order_that_never_arrived_is_rejected_only_after_the_probe(desk):
    desk.sell_venue.faults = ["lost"]
    plan = desk.submit(desk.open())
    tasks.order_reconcile(workspace_id=plan.workspace_id, order_id=plan.orders.get(side="sell").pk)
    assert plan.orders.get(side="sell").status == "SUBMITTING"

    desk.age(plan)
    tasks.order_sweep()

    assert plan.orders.get(side="sell", role="OPEN").reason == "NEVER_ARRIVED"


def test_a_halt_after_planning_keeps_the_legs_at_home(desk):
    plan = desk.open()
    trading_halt(actor=desk.actor, reason="enough", now=timezone.now())

    desk.submit(plan)

    assert desk.buy_venue.heard == []
    assert set(plan.orders.values_list("status", flat=True)) == {"PLANNED"}


def half_way(desk):
    """In sequence: the purchase is filled, the sale is stored and not yet sent."""
    plan = desk.open(intent=desk.intent(kind=PlanKind.SEQUENTIAL))
    actor = Actor.platform(plan.workspace_id)
    [first] = plan_run.plan_claim(actor=actor, plan_id=plan.pk, now=timezone.now())
    [sent] = sending.send_all([first], desk.venues)
    execution.outcome_record(actor=actor, sent=sent, book_ns=None)
    execution.plan_advance(actor=actor, plan_id=plan.pk)
    assert set(plan.orders.values_list("leg_no", "status")) == {(1, "FILLED"), (2, "PLANNED")}
    return plan


def test_a_halt_between_two_legs_lets_the_one_through_that_hedges(desk):
    plan = half_way(desk)
    trading_halt(actor=desk.actor, reason="enough", now=timezone.now())

    desk.submit(plan)

    assert (plan.status, plan.residual) == ("DONE", 0)
    desk.agree()


def test_a_stopped_bot_still_hedges_what_its_first_leg_filled(desk):
    plan = half_way(desk)
    bots.bot_stop(actor=desk.actor, bot_id=desk.bot.pk, now=timezone.now())

    desk.submit(plan)

    assert (plan.status, plan.residual) == ("DONE", 0)


def test_a_halt_before_the_following_leg_is_stored_does_not_stop_it_either(desk):
    plan = desk.open(intent=desk.intent(kind=PlanKind.SEQUENTIAL))
    actor = Actor.platform(plan.workspace_id)
    [first] = plan_run.plan_claim(actor=actor, plan_id=plan.pk, now=timezone.now())
    trading_halt(actor=desk.actor, reason="enough", now=timezone.now())
    [sent] = sending.send_all([first], desk.venues)
    execution.outcome_record(actor=actor, sent=sent, book_ns=None)

    execution.plan_advance(actor=actor, plan_id=plan.pk)
    desk.submit(plan)

    assert (plan.status, plan.residual) == ("DONE", 0)


def test_a_new_token_keeps_the_legs_of_the_engine_before_at_home(desk):
    plan = desk.open()
    desk.bot.fencing_token += 1
    desk.bot.save()

    desk.submit(plan)

    assert desk.buy_venue.heard == []


def test_the_sweeper_sends_the_forgotten_and_ends_the_stale(desk):
    forgotten = desk.open()
    stale = desk.open()
    Order.objects.filter(plan=forgotten).update(
        placed_at=timezone.now() - timezone.timedelta(minutes=1)
    )
    Order.objects.filter(plan=stale).update(
        placed_at=timezone.now() - timezone.timedelta(minutes=1),
        valid_until=timezone.now() - timezone.timedelta(seconds=30),
    )

    tasks.order_sweep()
    desk.age(stale)
    tasks.plan_sweep()

    forgotten.refresh_from_db()
    stale.refresh_from_db()
    assert (forgotten.status, stale.status) == ("DONE", "FAILED")
    assert set(stale.orders.values_list("status", flat=True)) == {"EXPIRED"}


@pytest.mark.parametrize("point", crash_points.POINTS)
@pytest.mark.parametrize("passes", [1, 2])
def test_a_crash_anywhere_loses_doubles_and_forgets_nothing(desk, monkeypatch, point, passes):
    plan = desk.open()
    seen = []

    def die(at):
        seen.append(at)
        if at == point and seen.count(at) == passes:
            raise Killed(point)

    monkeypatch.setattr(crash_points, "hook", die)
    with contextlib.suppress(Killed):
        desk.submit(plan)
    monkeypatch.setattr(crash_points, "hook", None)

    desk.age(plan, seconds=6)
    desk.sweep()

    plan.refresh_from_db()
    never_left = point == crash_points.AFTER_CLAIM and passes == 1
    assert plan.status == ("FAILED" if never_left else "DONE")
    sent = 0 if never_left else 1
    assert (len(desk.buy_venue.heard), len(desk.sell_venue.heard)) == (sent, sent)
    desk.agree()


@pytest.mark.parametrize("status", ["REJECTED", "CANCELLED", "EXPIRED"])
def test_a_late_fill_is_booked_once_reported_and_reopens_its_plan(desk, status):
    desk.buy_venue.faults, desk.sell_venue.faults = ["refuse"], ["refuse"]
    plan = desk.submit(desk.open())
    assert plan.status == "FAILED"
    order = plan.orders.get(side="buy")
    Order.objects.filter(pk=order.pk).update(status=status)
    late = OrderReceipt(
        venue_order_id="v-1",
        status=ReceiptStatus.FILLED,
        filled=D("0.5"),
        trades=(VenueTrade(venue_trade_id="t-1", quantity=D("0.5"), price=None),),
    )

    for _ in range(2):
        order_record.order_record_receipt(
            actor=desk.actor, order_id=order.pk, receipt=late, now=timezone.now()
        )
    plan_run.plan_advance(actor=desk.actor, plan_id=plan.pk, now=timezone.now())

    fill = Fill.objects.get(order=order)
    plan.refresh_from_db()
    order.refresh_from_db()
    assert (order.status, fill.price_missing_because) == ("FILLED", "VENUE_SILENT")
    assert OrderAnomaly.objects.get().kind == f"fill_after_{status}"
    assert plan.status == "COMPLETING"


def test_an_order_is_not_over_before_every_counted_trade_is_booked(desk):
    plan = desk.open()
    order = plan.orders.get(side="buy")
    Order.objects.filter(pk=order.pk).update(status="SUBMITTING")
    bare = OrderReceipt(venue_order_id="v", status=ReceiptStatus.FILLED, filled=D("0.5"), trades=())

    told = order_record.order_record_receipt(
        actor=desk.actor, order_id=order.pk, receipt=bare, now=timezone.now()
    )

    assert told.status == "OPEN"
