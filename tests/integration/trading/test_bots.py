from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from apps.billing.domain.errors import PlanLimitReached
from apps.billing.services import plan_set
from apps.core.domain.errors import InputRefused
from apps.core.domain.people import Actor
from apps.trading.channels import trades_group
from apps.trading.domain.errors import (
    BotHasOpenPlans,
    BotIsRunning,
    BotMissing,
    BotNameTaken,
    ChannelMissing,
    ConnectionModeWrong,
    ConnectionUnfit,
    TradingIsHalted,
    VenuesTooFew,
)
from apps.trading.models import Bot, BotInventory, DecisionLog
from apps.trading.services import bots, connections, decisions, leases
from apps.trading.services.account import trading_halt
from apps.trading.services.decisions import Folded
from apps.venues.domain.errors import ConnectionMissing, KeyRefused, VenueUnavailable
from tests.factories.trading import PARAMS, D
from tests.factories.venues import connection
from tests.integration.trading.conftest import desk_for


def create(desk, **more):
    asked = {
        "actor": desk.actor,
        "name": "Second",
        "strategy": "arbitrage",
        "params": PARAMS,
        "connection_ids": [desk.cheap.pk, desk.dear.pk],
        "now": timezone.now(),
    }
    return bots.bot_create(**(asked | more))


def test_keeps_parameters_as_people_type_them(desk):
    bot = create(desk)

    assert (bot.status, bot.params["threshold"], bot.params["notional"]) == (
        "STOPPED",
        "0.1",
        "1000",
    )


@pytest.mark.parametrize(
    ("params", "field"),
    [
        (PARAMS | {"threshold": "50"}, "threshold"),
        (PARAMS | {"pairs": ["BTCUSDT"]}, "pairs"),
        (PARAMS | {"no_such": "1"}, "no_such"),
        (PARAMS | {"max_open": "1.5"}, "max_open"),
        ({"notional": "5"}, "pairs"),
    ],
)
def test_a_bad_parameter_is_named(desk, params, field):
    with pytest.raises(InputRefused) as refused:
        create(desk, params=params)

    assert list(refused.value.details) == [field]


def test_one_venue_is_no_arbitrage(desk):
    twin = connection(desk.actor)

    with pytest.raises(VenuesTooFew):
        create(desk, connection_ids=[desk.cheap.pk, twin.pk])


def test_a_live_connection_is_refused_before_anything_is_stored(desk):
    live = connection(desk.actor, "kraken", mode="LIVE")

    with pytest.raises(ConnectionModeWrong):
        create(desk, connection_ids=[desk.cheap.pk, live.pk])
    assert Bot.objects.count() == 1


@pytest.mark.parametrize("fields", [{"need": "VIEW"}, {"status": "BROKEN"}])
def test_a_connection_that_cannot_trade_is_refused(desk, fields):
    with pytest.raises(ConnectionUnfit):
        create(desk, connection_ids=[desk.cheap.pk, connection(desk.actor, **fields).pk])


def test_a_name_is_used_once(desk):
    with pytest.raises(BotNameTaken):
        create(desk, name="Spread")


def test_the_plan_limits_the_pairs_and_the_running_bots(desk):
    plan_set(
        actor=Actor.platform(desk.actor.workspace_id),
        workspace_id=desk.actor.workspace_id,
        plan="free",
        now=timezone.now(),
    )
    second = create(desk)

    with pytest.raises(PlanLimitReached):
        create(desk, name="Third", params=PARAMS | {"pairs": ["A/B", "C/B", "D/B", "E/B"]})
    with pytest.raises(PlanLimitReached):
        bots.bot_start(actor=desk.actor, bot_id=second.pk, now=timezone.now())


def test_a_start_notes_the_inventory_that_drift_is_measured_from(desk):
    held = set(BotInventory.objects.values_list("connection_id", "asset", "amount"))

    assert held == {
        (number, asset, amount)
        for number in (desk.cheap.pk, desk.dear.pk)
        for asset, amount in (("BTC", D(10)), ("USDT", D(10_000)))
    }


def test_a_halted_workspace_starts_nothing(desk):
    bots.bot_stop(actor=desk.actor, bot_id=desk.bot.pk, now=timezone.now())
    trading_halt(actor=desk.actor, reason="enough", now=timezone.now())

    with pytest.raises(TradingIsHalted):
        bots.bot_start(actor=desk.actor, bot_id=desk.bot.pk, now=timezone.now())


def test_a_running_bot_is_neither_changed_nor_deleted(desk):
    with pytest.raises(BotIsRunning):
        bots.bot_delete(actor=desk.actor, bot_id=desk.bot.pk, now=timezone.now())


def test_a_bot_with_open_trades_is_not_deleted(desk):
    desk.open()
    bots.bot_stop(actor=desk.actor, bot_id=desk.bot.pk, now=timezone.now())

    with pytest.raises(BotHasOpenPlans):
        bots.bot_delete(actor=desk.actor, bot_id=desk.bot.pk, now=timezone.now())


def test_mallory_can_do_nothing_to_alices_bot(desk):
    mallory = desk_for("mallory").actor
    before = Bot.objects.values().get(pk=desk.bot.pk)

    for verb in (bots.bot_start, bots.bot_stop, bots.bot_delete):
        with pytest.raises(BotMissing):
            verb(actor=mallory, bot_id=desk.bot.pk, now=timezone.now())
    with pytest.raises(ConnectionMissing):
        create(desk, actor=mallory, name="Mine")
    assert Bot.objects.values().get(pk=desk.bot.pk) == before


def test_a_lease_that_ran_out_is_taken_with_a_new_token(desk):
    now = timezone.now()
    first = leases.lease_take(owner="one", now=now)[0]

    assert leases.lease_take(owner="two", now=now) == []
    second = leases.lease_take(owner="two", now=now + timedelta(seconds=16))[0]

    assert second.fencing_token == first.fencing_token + 1
    assert leases.lease_renew(owner="one", now=now + timedelta(seconds=16)) == set()


def test_a_released_lease_is_free_at_once(desk):
    now = timezone.now()
    leases.lease_take(owner="one", now=now)

    assert leases.lease_release(owner="one") == 1
    assert len(leases.lease_take(owner="two", now=now)) == 1


def test_a_refused_key_pauses_the_bot_until_the_connection_works(desk):
    now = timezone.now()
    connections.bots_pause_for(
        connection_id=desk.dear.pk, problem=KeyRefused(venue="Beta"), now=now
    )
    desk.bot.refresh_from_db()
    assert (desk.bot.status, desk.bot.status_code) == ("PAUSED", "VEN-0106")
    assert desk.bot.paused_until is None

    connections.bots_wake_for(connection_id=desk.cheap.pk, now=now)
    desk.bot.refresh_from_db()
    assert desk.bot.status == "PAUSED"

    connections.bots_wake_for(connection_id=desk.dear.pk, now=now)
    desk.bot.refresh_from_db()
    assert (desk.bot.status, desk.bot.status_code) == ("RUNNING", "")


def test_an_unreachable_venue_pauses_for_a_while(desk):
    now = timezone.now()
    connections.bots_pause_for(
        connection_id=desk.dear.pk, problem=VenueUnavailable(venue="Beta"), now=now
    )

    desk.bot.refresh_from_db()
    assert desk.bot.paused_until == now + timedelta(seconds=15)


def test_repeats_of_a_decision_are_folded_and_the_best_is_kept(desk):
    minute = timezone.now().replace(second=0, microsecond=0)

    def row(net, count):
        params = {"net": net}
        return Folded(
            desk.bot.pk, "BTC/USDT", "BELOW_THRESHOLD", params, D(net), count, minute, minute
        )

    decisions.decisions_record([row("0.0005", 3)])
    decisions.decisions_record([row("0.0008", 2)])
    decisions.decisions_record([row("0.0001", 1)])

    kept = DecisionLog.objects.get()
    assert (kept.count, kept.best, kept.params) == (6, D("0.0008"), {"net": "0.0008"})


def test_the_live_channel_is_ones_own(desk):
    mine = trades_group(desk.actor, str(desk.actor.user_id))

    assert mine == f"trades.{desk.actor.workspace_id}.{desk.actor.user_id}"
    with pytest.raises(ChannelMissing):
        trades_group(desk_for("mallory").actor, str(desk.actor.user_id))
