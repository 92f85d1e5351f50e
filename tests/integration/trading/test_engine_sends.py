"""The engine opens, claims and sends by itself: the same promises as through the queue."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.db import connections
from django.utils import timezone

from apps.core.domain.people import Actor
from apps.core.models import AuditEntry, OutboxMessage
from apps.trading import crash_points, execution, sending, tasks, warming
from apps.trading.engine import gateway as gateway_module
from apps.trading.engine.engine import Engine
from apps.trading.engine.gateway import Gateway
from apps.trading.engine.owner import owner_new
from apps.trading.models import (
    Bot,
    CapitalReservation,
    Order,
    Plan,
    PlatformTrading,
    TradingAccount,
)
from apps.trading.selectors.engine import engine_roster
from apps.trading.services import leases
from apps.trading.services.account import trading_halt
from apps.trading.services.plan_open import plan_open_claimed
from apps.trading.warming import ReadyClients
from apps.venues import circuit
from apps.venues.domain.errors import ConnectionPaused
from tests.factories.trading import D
from tests.integration.trading.conftest import Desk, desk_for
from tests.integration.trading.test_engine import floor, running, until  # noqa: F401 a fixture
from tests.integration.trading.test_races import together


class Killed(BaseException):
    """The process is gone: no `except Exception` may hide it."""


def claimed(desk: Desk, **more: Any) -> tuple[Plan, list[Order]]:
    desk.bot.refresh_from_db()
    asked = {
        "actor": Actor.platform(desk.actor.workspace_id),
        "bot_id": desk.bot.pk,
        "fencing_token": desk.bot.fencing_token,
        "intent": desk.intent(),
        "now": timezone.now(),
    }
    return plan_open_claimed(**(asked | more))


def executed(desk: Desk) -> Plan:
    plan, orders = claimed(desk)
    execution.plan_execute(actor=desk.actor, orders=orders, clients=desk.venues)
    plan.refresh_from_db()
    return plan


def test_the_ids_are_stored_as_claimed_before_anything_leaves(desk):
    now = timezone.now()

    plan, orders = claimed(desk, now=now)

    assert plan.status == "EXECUTING"
    stored = Order.objects.filter(plan=plan).order_by("leg_no")
    assert list(stored.values_list("pk", "client_order_id", "status", "sent_at")) == [
        (order.pk, order.client_order_id, "SUBMITTING", now) for order in orders
    ]
    assert (desk.buy_venue.heard, desk.sell_venue.heard) == ([], [])
    reserved = dict(CapitalReservation.objects.values_list("asset", "amount"))
    assert reserved == {"USDT": D("50.025"), "BTC": D("0.5")}


def test_opening_and_claiming_are_told_and_no_worker_is_started(desk):
    claimed(desk)

    topics = list(OutboxMessage.objects.order_by("-pk").values_list("topic", flat=True)[:2])
    assert topics == ["trading.plan.submitted", "trading.plan.opened"]
    assert not OutboxMessage.objects.filter(topic="trading.plan.queued").exists()
    entry = AuditEntry.objects.get(action="trading.plan.submitted")
    assert len(entry.data["orders"]) == 2


def test_sent_from_here_it_ends_like_one_from_the_queue(desk):
    plan = executed(desk)

    assert (plan.status, plan.pnl) == ("DONE", D("0.44975"))
    assert not CapitalReservation.objects.filter(released_at=None).exists()
    desk.agree()


def test_a_halt_that_was_committed_before_stops_it(desk):
    trading_halt(actor=desk.actor, reason="enough", now=timezone.now())

    plan, orders = claimed(desk)

    assert (plan.status, plan.decision.rule, orders) == ("DENIED", "kill_switch", [])
    assert not Order.objects.exists()


def test_an_engine_with_an_old_token_claims_nothing(desk):
    plan, orders = claimed(desk, fencing_token=desk.bot.fencing_token - 1)

    assert (plan.decision.rule, orders) == ("fencing", [])


@pytest.mark.parametrize(
    ("point", "status", "heard"),
    [
        (crash_points.AFTER_CLAIM, "FAILED", 0),
        (crash_points.AFTER_SEND, "DONE", 1),
        (crash_points.AFTER_ONE_RECORD, "DONE", 1),
        (crash_points.BEFORE_ADVANCE, "DONE", 1),
    ],
)
def test_killed_anywhere_the_sweepers_find_out_and_book_it(desk, monkeypatch, point, status, heard):
    def kill(passed: str) -> None:
        if passed == point:
            raise Killed

    monkeypatch.setattr(crash_points, "hook", kill)
    with contextlib.suppress(Killed):
        executed(desk)
    monkeypatch.setattr(crash_points, "hook", None)
    plan = Plan.objects.get()

    desk.age(plan)
    desk.sweep()

    plan.refresh_from_db()
    assert (plan.status, plan.pnl is None) == (status, False)
    assert (len(desk.buy_venue.heard), len(desk.sell_venue.heard)) == (heard, heard)
    assert not CapitalReservation.objects.filter(released_at=None).exists()
    desk.agree()


def test_killed_between_commit_and_sending_the_probe_proves_that_nothing_arrived(desk):
    plan, _ = claimed(desk)
    desk.age(plan)

    desk.sweep()

    reasons = set(Order.objects.values_list("status", "reason"))
    assert reasons == {("REJECTED", "NEVER_ARRIVED")}
    plan.refresh_from_db()
    assert (plan.status, plan.pnl) == ("FAILED", D(0))


def test_the_queue_finds_nothing_to_send(desk):
    plan, _ = claimed(desk)

    tasks.plan_submit(workspace_id=plan.workspace_id, plan_id=plan.pk)
    tasks.order_sweep()

    assert (desk.buy_venue.heard, desk.sell_venue.heard) == ([], [])


@pytest.mark.parametrize("state", ["HALTED", "REDUCING"])
@pytest.mark.parametrize("whose", ["bot", "workspace", "platform"])
def test_a_stop_after_planning_keeps_the_legs_at_home_whoever_is_stopped(desk, whose, state):
    plan = desk.open()
    if whose == "bot":
        Bot.objects.update(trading_state=state)
    elif whose == "workspace":
        TradingAccount.objects.update(state=state)
    else:
        PlatformTrading.objects.update_or_create(pk=1, defaults={"state": state})

    desk.submit(plan)

    assert (desk.buy_venue.heard, desk.sell_venue.heard) == ([], [])
    assert set(Order.objects.values_list("status", flat=True)) == {"PLANNED"}


# --- races and the loop, on connections of their own


@pytest.fixture
def real(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Desk:
    made = desk_for("alice")
    monkeypatch.setattr(sending, "client_of", lambda number, need: made.venues[number])
    monkeypatch.setattr(sending, "clients_of", lambda numbers, need: made.venues)
    monkeypatch.setattr("apps.trading.tasks.plan_submit.delay", lambda **ids: None)
    return made


@pytest.fixture
async def letting_go() -> AsyncIterator[None]:
    yield
    await sync_to_async(connections.close_all)()


def test_the_queue_and_the_engine_never_both_send(real):
    """Workers ask for the plan from before its commit until its end; the venues count."""
    ended = threading.Event()

    def work(number: int) -> str:
        if number == 0:
            try:
                return executed(real).status
            finally:
                ended.set()
        while not ended.is_set():
            for workspace_id, plan_id in Plan.objects.values_list("workspace_id", "pk"):
                tasks.plan_submit(workspace_id=workspace_id, plan_id=plan_id)
        return ""

    outcome = together(work, times=4)

    assert outcome[0] == "DONE"
    assert (len(real.buy_venue.heard), len(real.sell_venue.heard)) == (1, 1)


def test_a_halt_and_an_opening_at_once_end_in_one_order_of_events(real):
    """Whoever commits first wins: both legs are claimed before the halt, or there are none."""

    def work(number: int) -> Any:
        if number == 0:
            return trading_halt(actor=real.actor, reason="now", now=timezone.now())
        return claimed(real)

    _, (plan, orders) = together(work, times=2)

    stored = list(Order.objects.values_list("status", flat=True))
    assert stored == (["SUBMITTING"] * 2 if orders else [])
    assert plan.status == ("EXECUTING" if orders else "DENIED")


def gateway_with(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Gateway:
    """Every client is ready."""
    made = Gateway()
    monkeypatch.setattr(made.clients, "of", lambda numbers: desk.venues)
    return made


def held(desk: Desk) -> Any:
    leases.lease_take(owner="me", now=timezone.now())
    return engine_roster(owner="me")[0]


async def test_a_slow_venue_keeps_neither_the_plan_nor_the_loop_waiting(
    real, letting_go, monkeypatch
):
    answer, place = threading.Event(), real.buy_venue.place_order
    monkeypatch.setattr(real.buy_venue, "place_order", lambda t: answer.wait(10) and place(t))
    gateway = gateway_with(real, monkeypatch)
    bot = await sync_to_async(held)(real)

    plan = await gateway.open(bot, real.intent())

    assert plan.status == "EXECUTING"
    assert not answer.is_set()
    await asyncio.sleep(0)  # the loop turns
    answer.set()
    await gateway.close()
    assert (await Plan.objects.aget()).status == "DONE"


async def test_a_process_killed_while_it_flies_leaves_orders_to_the_probe(
    real, letting_go, monkeypatch
):
    def kill(passed: str) -> None:
        if passed == crash_points.AFTER_CLAIM:
            raise Killed

    gateway = gateway_with(real, monkeypatch)
    bot = await sync_to_async(held)(real)
    monkeypatch.setattr(crash_points, "hook", kill)

    plan = await gateway.open(bot, real.intent())
    await gateway.close()

    assert plan.status == "EXECUTING"
    assert {order.status async for order in Order.objects.all()} == {"SUBMITTING"}
    assert real.buy_venue.heard == []


async def test_with_a_cold_client_the_plan_waits_in_the_queue(real, letting_go):
    gateway = Gateway()
    bot = await sync_to_async(held)(real)

    plan = await gateway.open(bot, real.intent())

    await gateway.close()
    assert plan.status == "PLANNED"
    assert await OutboxMessage.objects.filter(topic="trading.plan.queued").aexists()


async def test_without_a_free_thread_the_plan_waits_in_the_queue(real, letting_go, monkeypatch):
    monkeypatch.setattr(gateway_module.Flights, "free", False)
    gateway = gateway_with(real, monkeypatch)
    bot = await sync_to_async(held)(real)

    plan = await gateway.open(bot, real.intent())

    await gateway.close()
    assert plan.status == "PLANNED"


async def test_a_real_engine_trades_although_no_worker_takes_anything(
    floor,  # noqa: F811
    letting_go,
    monkeypatch,
):
    monkeypatch.setattr("apps.trading.tasks.plan_submit.delay", lambda **ids: None)
    engine = Engine()
    links = {each.pk for each in floor.links}

    def done() -> bool:
        if engine.gateway.clients.of(links) is not None:
            floor.books(alpha=("99.9", "100"), beta=("101", "101.1"))
        return Plan.objects.filter(status="DONE").exists()

    async def story() -> None:
        await until(done)

    await running(engine, story)

    plan = await Plan.objects.filter(status="DONE").afirst()
    assert plan.pnl > 0
    assert await sync_to_async(floor.ours)() == await sync_to_async(floor.theirs)()
    assert not await OutboxMessage.objects.filter(topic="trading.plan.queued").aexists()


# --- clients that are ready


class Client:
    """What ReadyClients holds: only its venue's code is looked at."""

    class spec:
        code = "practice.alpha"


@pytest.fixture
def ready(monkeypatch: pytest.MonkeyPatch) -> ReadyClients:
    monkeypatch.setattr(warming, "warm", lambda number: True)
    monkeypatch.setattr(sending, "client_of", lambda number, need: Client())
    circuit.forget_all()
    made = ReadyClients()
    made.renew({1, 2})
    return made


def test_clients_are_ready_once_they_were_warmed(ready):
    assert set(ready.of({1, 2}) or {}) == {1, 2}
    assert ready.of({1, 3}) is None


def test_a_client_that_nobody_asked_about_for_a_while_is_not_ready(ready, monkeypatch):
    monkeypatch.setattr(warming, "TRUSTED_FOR", -1.0)

    assert ready.of({1}) is None


def test_a_paused_connection_is_not_ready(ready, monkeypatch):
    def refuse(number: int, need: object) -> None:
        raise ConnectionPaused

    monkeypatch.setattr(sending, "client_of", refuse)
    ready.renew({1, 2})

    assert ready.of({1}) is None


def test_a_venue_whose_circuit_is_open_is_not_ready(ready, monkeypatch):
    monkeypatch.setattr(circuit, "is_closed", lambda venue: venue != "practice.alpha")

    assert ready.of({1}) is None


def test_a_venue_that_is_away_is_not_ready_and_tried_again_only_after_a_while(monkeypatch):
    tries: list[int] = []
    monkeypatch.setattr(warming, "warm", lambda number: tries.append(number))
    monkeypatch.setattr(sending, "client_of", lambda number, need: Client())
    made = ReadyClients()

    made.renew({1})
    made.renew({1})

    assert (made.of({1}), tries) == (None, [1])


def test_what_no_bot_here_needs_is_let_go(ready):
    ready.renew({2})

    assert ready.of({1}) is None


# --- leases of the dead


async def leases_looked_at() -> str:
    """The name of an engine that looked once at who holds what; comparing is not its subject."""
    engine = Engine()
    engine.comparing.begin = lambda roster: None  # type: ignore[method-assign]
    await engine._leases()
    await engine.database.close()
    await engine.gateway.close()
    return engine.owner


async def test_a_new_engine_takes_over_at_once_from_a_process_that_is_gone(real, letting_go):
    fields = owner_new().split(":")
    fields[2] = "1"  # the process id is in use, by a process that started later
    until_then = timezone.now() + timedelta(seconds=15)
    await Bot.objects.aupdate(lease_owner=":".join(fields), lease_until=until_then)

    owner = await leases_looked_at()

    assert (await Bot.objects.aget()).lease_owner == owner


async def test_a_lease_of_somebody_else_who_may_live_is_waited_for(real, letting_go):
    until_then = timezone.now() + timedelta(seconds=15)
    await Bot.objects.aupdate(lease_owner="other-host:1:1:elsewhere:1", lease_until=until_then)

    await leases_looked_at()

    assert (await Bot.objects.aget()).lease_owner == "other-host:1:1:elsewhere:1"
