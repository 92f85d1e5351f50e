"""An engine that never gave its bots back: each then does what its owner chose."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from apps.trading.engine.comparing import Comparing
from apps.trading.engine.runner import BotRunner
from apps.trading.engine.views import MarketView
from apps.trading.models import Bot, BotRestart, ConnectionAlignment, KillRun
from apps.trading.selectors.alignment import alignment_of
from apps.trading.selectors.engine import engine_facts, engine_roster
from apps.trading.services import bots, kill, leases
from apps.trading.services.restarts import restarts_advance
from tests.factories.trading import aligned

LATE = timedelta(minutes=1)


def crashed(desk, policy="RESUME"):
    """One engine took the bot and died; another one takes it over a minute later."""
    Bot.objects.filter(pk=desk.bot.pk).update(on_restart=policy)
    now = timezone.now()
    leases.lease_take(owner="first", now=now)
    leases.lease_take(owner="second", now=now + LATE)
    return now + LATE


def test_a_bot_given_back_in_order_has_no_restart(desk):
    leases.lease_take(owner="first", now=timezone.now())
    leases.lease_release(owner="first")
    leases.lease_take(owner="second", now=timezone.now())

    assert BotRestart.objects.count() == 0


def test_a_bot_that_was_never_given_back_waits_with_its_owners_choice(desk):
    crashed(desk)

    restart = BotRestart.objects.get()
    desk.bot.refresh_from_db()
    assert (restart.policy, restart.outcome, restart.fencing_token) == (
        "RESUME", "WAITING", desk.bot.fencing_token,
    )  # fmt: skip


def test_it_resumes_only_after_a_comparison_of_after_the_restart(desk):
    now = crashed(desk)
    aligned(desk.cheap, desk.dear, at=now - timedelta(seconds=1))

    assert restarts_advance(owner="second", now=now) == 0

    aligned(desk.cheap, desk.dear, at=now)
    assert restarts_advance(owner="second", now=now) == 1
    restart = BotRestart.objects.get()
    assert (restart.outcome, restart.detail) == ("RESUMED", {"found": {}, "open_plans": 0})


def test_what_was_found_meanwhile_is_kept_with_the_restart(desk):
    now = crashed(desk)
    aligned(desk.cheap, desk.dear, at=now)
    note = {"code": "VENUE_HAS_FILL_WE_LACK", "params": {}, "at": now.isoformat()}
    ConnectionAlignment.objects.filter(connection=desk.cheap).update(notes=[note])

    restarts_advance(owner="second", now=now)

    assert BotRestart.objects.get().detail["found"] == {"VENUE_HAS_FILL_WE_LACK": 1}


def test_a_bot_that_is_to_be_flattened_asks_for_it_once_and_waits(desk):
    now = crashed(desk, "FLATTEN")
    aligned(desk.cheap, desk.dear, at=now)

    restarts_advance(owner="second", now=now)
    restarts_advance(owner="second", now=now)

    run = KillRun.objects.get()
    assert (run.command, run.origin, run.bot_id) == ("FLATTEN", "RESTART", desk.bot.pk)
    assert BotRestart.objects.get().outcome == "WAITING"


@pytest.mark.parametrize(("ended", "outcome"), [("DONE", "FLATTENED"), ("ATTENTION", "FAILED")])
def test_a_flattened_bot_stands_stopped(desk, ended, outcome):
    now = crashed(desk, "FLATTEN")
    aligned(desk.cheap, desk.dear, at=now)
    restarts_advance(owner="second", now=now)
    run = KillRun.objects.get()
    kill.kill_finish(run_id=run.pk, status=kill.KillStatus(ended), body={}, now=now)

    restarts_advance(owner="second", now=now)

    desk.bot.refresh_from_db()
    assert (BotRestart.objects.get().outcome, desk.bot.status) == (outcome, "STOPPED")


def test_an_owner_who_started_it_again_decided_otherwise(desk):
    now = crashed(desk, "FLATTEN")
    aligned(desk.cheap, desk.dear, at=now)
    later = now + timedelta(seconds=5)
    bots.bot_stop(actor=desk.actor, bot_id=desk.bot.pk, now=later)
    bots.bot_start(actor=desk.actor, bot_id=desk.bot.pk, now=later)
    leases.lease_take(owner="second", now=later)

    restarts_advance(owner="second", now=later)

    assert (BotRestart.objects.get().outcome, KillRun.objects.count()) == ("RESUMED", 0)


# --- the engine's own view


def decided(desk, owner="second"):
    """What the bot says about a touch of its pair, seen with the engine's facts of now."""
    (bot,) = engine_roster(owner=owner)
    facts = engine_facts(bots=[bot], now=timezone.now())
    runner, market = BotRunner(bot), MarketView(hub=None)
    runner.facts, market.alignment = facts.bots[bot.bot_id], facts.alignment
    venue = bot.connections[0][1]
    return [told.code for told in runner.decide(market, "BTC/USDT", venue, 1, timezone.now())[1]]


def test_a_bot_waits_while_a_connection_is_not_compared(desk):
    leases.lease_take(owner="second", now=timezone.now())
    ConnectionAlignment.objects.filter(connection=desk.dear).update(status="CHECKING")

    assert decided(desk) == ["COMPARING"]


def test_a_bot_waits_while_a_connection_disagrees(desk):
    leases.lease_take(owner="second", now=timezone.now())
    ConnectionAlignment.objects.filter(connection=desk.dear).update(status="UNALIGNED")

    assert decided(desk) == ["UNALIGNED_WITH"]


def test_a_bot_waits_while_its_restart_is_not_settled(desk):
    crashed(desk)
    Bot.objects.update(lease_until=timezone.now() + LATE)

    assert decided(desk) == ["RESTARTING"]


def test_an_engine_trusts_no_comparison_from_before_its_start(desk, monkeypatch):
    asked = []
    monkeypatch.setattr(
        "apps.trading.tasks_sync.connection_reconcile.delay",
        lambda **ids: asked.append(ids["connection_id"]),
    )
    leases.lease_take(owner="second", now=timezone.now())
    roster, comparing = engine_roster(owner="second"), Comparing()

    comparing.begin(roster)
    comparing.begin(roster)

    told = alignment_of([desk.cheap.pk, desk.dear.pk])
    assert {fact.status for fact in told.values()} == {"CHECKING"}
    assert asked == [desk.cheap.pk, desk.dear.pk]
