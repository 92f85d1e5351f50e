"""Automatic stops: each fires at its limit, once, and never again until a person has resumed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import override_settings
from django.utils import timezone

from apps.core import beats, ratelimit
from apps.markets import mirror
from apps.trading.domain.kill import KillScope
from apps.trading.domain.orders import client_order_id_new
from apps.trading.models import (
    Bot,
    ConnectionAlignment,
    DecisionLog,
    KillRun,
    Order,
    Plan,
    RiskTally,
    TradingAccount,
)
from apps.trading.selectors.decisions import decision_rows
from apps.trading.services.kill_rules import kill_rules_apply
from apps.trading.services.kill_states import state_release_now
from tests.factories.trading import D

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def no_prices_of_earlier_tests() -> None:
    """An engine of another test wrote some, and they are old by now."""
    ratelimit.store().delete(mirror.BOARD)


def refused(desk: Any, count: int, **more: Any) -> None:
    now = timezone.now()
    boring = {
        "workspace_id": desk.actor.workspace_id,
        "bot": desk.bot,
        "connection": desk.cheap,
        "venue": desk.cheap.venue,
        "symbol": "BTC/USDT",
        "side": "buy",
        "kind": "limit",
        "quantity": D(1),
        "limit_price": D(100),
        "time_in_force": "IOC",
        "status": "REJECTED",
        "placed_at": now,
        "valid_until": now,
        "closed_at": now,
    }
    for _ in range(count):
        Order.objects.create(**(boring | more), client_order_id=client_order_id_new())


def state(desk: Any) -> str:
    return str(TradingAccount.objects.get(workspace_id=desk.actor.workspace_id).state)


def fire(*, watched: float | None = None) -> list[str]:
    """What stops now; watched: for so many seconds only has somebody looked."""
    now = timezone.now()
    since = None if watched is None else now - timedelta(seconds=watched)
    runs = kill_rules_apply(now=now, watched_since=since)
    return [f"{run.command} {run.rule}" for run in runs]


def closed_plan(desk: Any, pnl: str) -> Plan:
    plan = desk.submit(desk.open())
    Plan.objects.filter(pk=plan.pk).update(
        spread_captured=D(pnl), fees=0, slippage=0, pnl=D(pnl), closed_at=timezone.now()
    )
    return plan


def test_nothing_unusual_stops_nothing(desk):
    refused(desk, 9)

    assert fire() == []
    assert not KillRun.objects.exists()


def test_a_burst_of_refused_orders_halts_the_workspace_and_says_so_to_its_owner(desk):
    refused(desk, 10)

    assert fire() == ["HALT ERROR_BURST"]
    assert state(desk) == "HALTED"
    run = KillRun.objects.get()
    assert (run.origin, run.status, run.rule_params["count"]) == ("RULE", "DONE", "10")
    logged = decision_rows(list(DecisionLog.objects.filter(bot=desk.bot)))
    assert logged[0].text.startswith("stopped: 10 orders were refused")


def test_orders_that_got_no_answer_count_as_failed(desk):
    long_ago = timezone.now() - timedelta(seconds=20)
    refused(desk, 10, status="SUBMITTING", placed_at=long_ago, sent_at=long_ago)

    assert fire() == ["HALT ERROR_BURST"]


def test_a_rule_fires_once_and_a_person_who_resumed_is_not_overruled_by_old_news(desk):
    refused(desk, 10)

    assert fire() == ["HALT ERROR_BURST"]
    assert fire() == []
    state_release_now(actor=desk.actor, scope=KillScope.WORKSPACE, bot_id=None, now=timezone.now())
    assert fire() == []
    assert state(desk) == "ACTIVE"
    refused(desk, 10)
    assert fire() == ["HALT ERROR_BURST"]


def test_orders_of_the_kill_switch_and_external_ones_are_no_burst(desk):
    refused(desk, 10, origin="KILL")
    refused(desk, 10, origin="EXTERNAL")

    assert fire() == []


def test_a_loss_at_the_limit_lets_only_reducing_orders_out(desk):
    closed_plan(desk, "-500")  # the house's own limit

    assert fire() == ["REDUCE LOSS"]
    assert state(desk) == "REDUCING"
    assert fire() == []


def test_a_loss_below_the_limit_stops_nothing(desk):
    closed_plan(desk, "-499")

    assert fire() == []


def test_a_fall_from_the_best_result_halts_and_only_as_much_again_halts_again(desk):
    tally, _ = RiskTally.objects.get_or_create(
        workspace_id=desk.actor.workspace_id, bot=None, quote="USDT"
    )
    RiskTally.objects.filter(pk=tally.pk).update(peak=D(3000), pnl=D(1000))

    assert fire() == ["HALT DRAWDOWN"]
    state_release_now(actor=desk.actor, scope=KillScope.WORKSPACE, bot_id=None, now=timezone.now())
    assert fire() == []
    RiskTally.objects.filter(pk=tally.pk).update(pnl=D(-1000))
    assert fire() == ["HALT DRAWDOWN"]


def test_books_that_do_not_agree_halt_the_bots_there(desk):
    ConnectionAlignment.objects.update_or_create(
        connection=desk.cheap,
        defaults={
            "workspace_id": desk.actor.workspace_id,
            "status": "UNALIGNED",
            "aligned_at": timezone.now() - timedelta(seconds=125),
        },
    )

    assert fire(watched=119) == []
    assert fire(watched=121) == ["HALT UNALIGNED"]
    assert Bot.objects.get(pk=desk.bot.pk).trading_state == "HALTED"
    assert state(desk) == "ACTIVE"
    assert fire() == []


def test_books_that_disagree_for_a_moment_stop_nothing(desk):
    ConnectionAlignment.objects.update_or_create(
        connection=desk.cheap,
        defaults={
            "workspace_id": desk.actor.workspace_id,
            "status": "UNALIGNED",
            "aligned_at": timezone.now() - timedelta(seconds=60),
        },
    )

    assert fire() == []


def test_an_open_trade_without_an_engine_halts(desk):
    plan = desk.open()
    Plan.objects.filter(pk=plan.pk).update(opened_at=timezone.now() - timedelta(seconds=45))

    assert fire(watched=29) == []  # the product has just been started: its engine too
    assert fire(watched=32) == ["HALT STALE_ENGINE"]


def test_an_open_trade_with_a_living_engine_goes_on(desk):
    plan = desk.open()
    Plan.objects.filter(pk=plan.pk).update(opened_at=timezone.now() - timedelta(seconds=45))
    beats.beat(role="engine", instance="one", now=timezone.now())

    assert fire() == []


def test_an_engine_without_prices_lets_its_bots_only_reduce(desk, monkeypatch):
    from apps.markets.mirror import Mirror

    long_ago = (timezone.now() - timedelta(seconds=45)).timestamp() * 1000
    told = Mirror(int(long_ago), [], [])
    monkeypatch.setattr("apps.trading.selectors.anomalies.read_board", lambda: told)
    beats.beat(role="engine", instance="one", now=timezone.now())

    assert fire(watched=29) == []
    assert fire(watched=32) == ["REDUCE STALE_BOOKS"]
    assert Bot.objects.get(pk=desk.bot.pk).trading_state == "REDUCING"


@override_settings(KILL_ERRORS=0)
def test_an_operator_may_switch_the_burst_off(desk):
    refused(desk, 50)

    assert fire() == []


def test_another_workspace_is_not_stopped_by_somebody_elses_burst(desk, mallory):
    TradingAccount.objects.get_or_create(workspace_id=mallory.actor.workspace_id)
    refused(desk, 10)

    fire()

    assert TradingAccount.objects.get(workspace_id=mallory.actor.workspace_id).state == "ACTIVE"
