"""Crashes and venue faults against the real practice venue, whose ledger is the witness."""

from __future__ import annotations

import contextlib
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from apps.core.domain.people import Actor
from apps.trading import crash_points, tasks
from apps.trading.models import ArbJob, Bot, Order, Plan
from apps.trading.services.arb_jobs import arb_job_create
from apps.trading.services.plan_open import plan_open
from tests.factories.trading import D, intent
from tests.integration.trading.test_engine import Floor, floor  # noqa: F401 a fixture


class Killed(BaseException):
    """The process is gone."""


@pytest.fixture
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Deliveries are lost: what happens is what the test and the sweepers do."""
    monkeypatch.setattr("apps.trading.tasks.plan_submit.delay", lambda **ids: None)


def opened(floor: Floor) -> Plan:  # noqa: F811
    floor.books(alpha=("99.9", "100"), beta=("101", "101.1"))
    bot = Bot.objects.get()
    return plan_open(
        actor=Actor.platform(bot.workspace_id),
        bot_id=bot.pk,
        fencing_token=bot.fencing_token,
        intent=intent([each.pk for each in floor.links]),
        now=timezone.now(),
    )


def swept(plan: Plan, rounds: int = 6) -> Plan:
    """The sweepers of later: everything is a minute older, validity stays."""
    for _ in range(rounds):
        Plan.objects.filter(pk=plan.pk).update(opened_at=plan.opened_at - timedelta(minutes=1))
        for order in Order.objects.filter(plan=plan):
            order.placed_at = plan.opened_at - timedelta(minutes=1)
            order.sent_at = order.sent_at and order.sent_at - timedelta(minutes=1)
            order.save()
        tasks.order_sweep()
        tasks.plan_sweep()
        alive = Plan.objects.filter(status__in=["PLANNED", "COMPLETING"])
        for number in alive.values_list("pk", flat=True):
            tasks.plan_submit(workspace_id=plan.workspace_id, plan_id=number)
    plan.refresh_from_db()
    return plan


def orders_at_venues(floor: Floor) -> Counter[str]:  # noqa: F811
    found: Counter[str] = Counter()
    for link in floor.links:
        ledger = floor.venue.ledger_now(link.venue.partition(".")[2], link.practice_account)
        found.update(order["client_order_id"] for order in ledger["orders"])
    return found


def agree(floor: Floor) -> None:  # noqa: F811
    """No lost, doubled or orphaned order, and every execution booked once."""
    theirs = orders_at_venues(floor)
    known = set(Order.objects.values_list("client_order_id", flat=True))
    assert set(theirs) <= known
    assert set(theirs.values()) <= {1}
    assert floor.ours() == floor.theirs()


@pytest.mark.parametrize("point", crash_points.POINTS)
def test_a_worker_killed_anywhere_leaves_both_ledgers_agreeing(floor, quiet, monkeypatch, point):  # noqa: F811
    plan = opened(floor)

    def die(at: str) -> None:
        if at == point:
            raise Killed(point)

    monkeypatch.setattr(crash_points, "hook", die)
    with contextlib.suppress(Killed):
        tasks.plan_submit(workspace_id=plan.workspace_id, plan_id=plan.pk)
    monkeypatch.setattr(crash_points, "hook", None)

    plan = swept(plan)

    assert plan.status == ("FAILED" if point == crash_points.AFTER_CLAIM else "DONE")
    assert plan.residual == 0
    agree(floor)


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "accept_then_timeout"},
        {"kind": "http_5xx", "when": "after"},
        {"kind": "http_5xx", "when": "before"},
        {"kind": "partial_fill"},
        {"kind": "maintenance"},
        {"kind": "rate_limit_storm"},
    ],
    ids=lambda fault: "-".join(fault.values()),
)
def test_a_leg_in_trouble_is_found_out_and_the_plan_ends_in_balance(
    floor,  # noqa: F811
    quiet,
    fault: dict[str, Any],
):
    plan = opened(floor)
    floor.venue.add_fault_now("beta", endpoint="POST /api/v3/order", count=1, **fault)

    tasks.plan_submit(workspace_id=plan.workspace_id, plan_id=plan.pk)
    floor.venue.clear_faults_now("beta")
    plan = swept(plan)

    assert plan.status in {"DONE", "UNWOUND"}
    assert plan.residual == 0
    assert plan.pnl is not None
    agree(floor)


def test_an_arbitrage_job_that_pays_is_executed_and_points_at_its_plan(floor):  # noqa: F811
    floor.books(alpha=("99.9", "100"), beta=("101", "101.1"))

    job = arb_job_create(
        actor=floor.actor,
        pair="btc/usdt",
        connection_ids=[each.pk for each in floor.links],
        notional="100",
        now=timezone.now(),
    )

    job.refresh_from_db()
    assert (job.status, job.code, job.plan.status) == ("EXECUTED", "PLAN_PROPOSED", "DONE")
    assert job.plan.quantity == D(1)
    agree(floor)


def test_an_arbitrage_job_that_does_not_pay_says_by_how_much(floor):  # noqa: F811
    floor.books(alpha=("99.9", "100"), beta=("100.1", "100.2"))

    arb_job_create(
        actor=floor.actor,
        pair="BTC/USDT",
        connection_ids=[each.pk for each in floor.links],
        now=timezone.now(),
    )

    job = ArbJob.objects.get()
    assert (job.status, job.code, job.plan) == ("NOTHING", "BELOW_THRESHOLD", None)
    assert job.code_params["net"] == "0"


def test_an_order_that_reaches_the_venue_too_late_is_refused_there_and_stays_proven_absent(
    floor,  # noqa: F811
    quiet,
):
    """A slow venue, a worker killed meanwhile: what was called absent must not fill afterwards."""
    plan = opened(floor)
    late = {"kind": "latency", "ms": 4_000, "endpoint": "POST /api/v3/order", "count": 1}
    floor.venue.add_fault_now("beta", **late)

    tasks.plan_submit(workspace_id=plan.workspace_id, plan_id=plan.pk)

    orders = Order.objects.filter(plan=plan, venue="practice.beta", role="OPEN")
    assert [order.status for order in orders] == ["REJECTED"]
    plan = swept(plan)
    assert plan.residual == 0
    agree(floor)


def test_an_order_whose_moment_has_passed_never_leaves(floor, quiet, monkeypatch):  # noqa: F811
    plan = opened(floor)
    monkeypatch.setattr("apps.trading.sending.SEND_WITHIN", timedelta(seconds=-1))

    tasks.plan_submit(workspace_id=plan.workspace_id, plan_id=plan.pk)

    plan.refresh_from_db()
    assert plan.status == "FAILED"
    assert Bot.objects.get().status == "RUNNING"
    assert not orders_at_venues(floor)
