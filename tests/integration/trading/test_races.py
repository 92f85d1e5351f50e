"""Real threads on real PostgreSQL: one of many wins, and never two."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connections
from django.utils import timezone

from apps.core.domain.people import Actor
from apps.trading import sending, tasks
from apps.trading.models import Bot, Order, Plan
from apps.trading.services import leases, plan_run
from apps.trading.services.account import trading_halt
from tests.factories.trading import D
from tests.integration.trading.conftest import Desk, desk_for

pytestmark = pytest.mark.django_db(transaction=True)
AT_ONCE = 6


@pytest.fixture
def desk(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Desk:
    made = desk_for("alice")
    monkeypatch.setattr(sending, "client_of", lambda number, need: made.venues[number])
    monkeypatch.setattr(sending, "clients_of", lambda numbers, need: made.venues)
    return made


def together(work: Callable[[int], Any], times: int = AT_ONCE) -> list[Any]:
    """Each in a thread with a connection of its own, all let go at the same moment."""
    start = threading.Barrier(times)

    def one(number: int) -> Any:
        try:
            start.wait(10)
            return work(number)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(one, range(times)))


def test_of_many_deliveries_one_claims_both_legs(desk, monkeypatch):
    monkeypatch.setattr("apps.trading.handlers.plan_send", lambda **ids: None)
    plan = desk.open()
    Plan.objects.filter(pk=plan.pk).update(status="PLANNED")
    Order.objects.filter(plan=plan).update(status="PLANNED", filled=0)
    actor = Actor.platform(plan.workspace_id)

    claims = together(
        lambda _: plan_run.plan_claim(actor=actor, plan_id=plan.pk, now=timezone.now())
    )

    assert sorted(len(each) for each in claims) == [0, 0, 0, 0, 0, 2]


def test_of_many_plans_at_once_only_as_many_as_the_balance_allows_are_opened(desk):
    desk.bot.params |= {"max_open": "20", "notional": "5000"}
    desk.bot.save()
    whole = desk.intent(quantity=D(4))
    token = Bot.objects.get(pk=desk.bot.pk).fencing_token

    plans = together(
        lambda _: desk.open(intent=whole, fencing_token=token).status,
    )

    assert sorted(plans) == ["DENIED"] * 4 + ["PLANNED"] * 2


def test_two_engines_never_get_one_bot(desk):
    Bot.objects.update(lease_owner="", lease_until=None)

    taken = together(lambda number: leases.lease_take(owner=f"engine-{number}", now=timezone.now()))

    assert sorted(len(each) for each in taken) == [0, 0, 0, 0, 0, 1]
    assert Bot.objects.get().lease_owner != ""


def test_a_halt_and_a_claim_at_once_end_in_one_order_of_events(desk, monkeypatch):
    """Whoever commits first wins: legs are claimed before the halt, or not at all."""
    actor = Actor.platform(desk.actor.workspace_id)
    plan = desk.open()
    Order.objects.filter(plan=plan).update(status="PLANNED", filled=0)

    def work(number: int) -> Any:
        if number == 0:
            return trading_halt(actor=desk.actor, reason="now", now=timezone.now())
        return plan_run.plan_claim(actor=actor, plan_id=plan.pk, now=timezone.now())

    outcome = together(work, times=2)

    statuses = set(Order.objects.filter(plan=plan).values_list("status", flat=True))
    assert statuses == ({"SUBMITTING"} if outcome[1] else {"PLANNED"})
    assert plan_run.plan_claim(actor=actor, plan_id=plan.pk, now=timezone.now()) == []


def test_of_many_advances_at_once_one_places_what_closes_the_imbalance(desk, monkeypatch):
    monkeypatch.setattr("apps.trading.handlers.plan_send", lambda **ids: None)
    monkeypatch.setattr("apps.trading.tasks.plan_submit.delay", lambda **ids: None)
    desk.sell_venue.offered = D("0.3")
    plan = desk.open()
    tasks.plan_submit(workspace_id=plan.workspace_id, plan_id=plan.pk)
    plan.orders.filter(role="COMPLETE").delete()  # as if the worker had died before it went on
    actor = Actor.platform(plan.workspace_id)

    together(lambda _: plan_run.plan_advance(actor=actor, plan_id=plan.pk, now=timezone.now()))

    assert plan.orders.exclude(role="OPEN").get().quantity == D("0.2")


def test_a_receipt_told_by_many_at_once_is_booked_once(desk):
    plan = desk.open()
    tasks.plan_submit(workspace_id=plan.workspace_id, plan_id=plan.pk)
    order = plan.orders.first()

    together(lambda _: tasks.order_reconcile(workspace_id=plan.workspace_id, order_id=order.pk))

    assert order.fills.count() == 1
    desk.agree()
