"""Real money: what must hold before it is traded, and everything that ends the permission."""

from __future__ import annotations

from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from django.db import transaction
from django.utils import timezone

from apps.accounts.domain.errors import SecondFactorMissing, SecondFactorRefused
from apps.accounts.models import Membership, User
from apps.accounts.second_factor import second_factor_remove
from apps.core.domain.errors import RoleTooLow
from apps.core.domain.people import Actor, Role
from apps.core.models import AuditEntry
from apps.trading import locks
from apps.trading.domain.errors import (
    BotMissing,
    ConnectionModeWrong,
    LiveConditionsUnmet,
    LiveLocked,
    LiveNameWrong,
    LiveTradingClosed,
)
from apps.trading.domain.orders import OrderOrigin, OrderStatus
from apps.trading.handlers_safety import unlocks_of_person_review, unlocks_review
from apps.trading.models import Bot, LiveUnlock, Order, RiskPolicy
from apps.trading.selectors.live import live_conditions, workspace_mode
from apps.trading.services import bots, gate
from apps.trading.services.account import trading_halt
from apps.trading.services.bot_copy import bot_copy
from apps.trading.services.live import live_lock
from apps.trading.services.order_place import order_place
from apps.trading.services.order_run import order_claim
from apps.trading.services.plan_open import plan_open
from apps.trading.services.policies import limits_set
from apps.venues.domain.ports import Side
from apps.venues.models import Connection
from tests.factories.live import RIGHTS, LiveDesk, live_desk
from tests.factories.trading import PARAMS, D, order_intent
from tests.factories.venues import connection

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(db) -> LiveDesk:
    return live_desk()


@pytest.fixture
def running(desk):
    desk.unlock()
    desk.start()
    return desk


def missing(desk, **target):
    asked = target or {"bot_id": desk.bot.pk}
    found = live_conditions(reader=desk.actor, **asked)
    return [each.code for each in found if not each.met]


def plan(desk, **more):
    bot = Bot.objects.get(pk=desk.bot.pk)
    asked = {
        "actor": Actor.platform(desk.actor.workspace_id),
        "bot_id": bot.pk,
        "fencing_token": bot.fencing_token,
        "intent": desk.intent(),
        "now": timezone.now(),
    }
    return plan_open(**(asked | more))


def decided(desk, *, bot_id=None, fencing_token=None, **more):
    with transaction.atomic():
        return gate.order_decide(
            account=locks.trading_account(desk.actor.workspace_id),
            intent=order_intent(more.pop("connection_id", desk.cheap.pk), **more),
            bot_id=bot_id,
            fencing_token=fencing_token,
            now=timezone.now(),
        )


def reload(desk):
    desk.bot.refresh_from_db()
    return desk.bot.status


# --- the unlock


def test_with_every_condition_met_it_unlocks_and_is_audited(desk):
    assert missing(desk) == []

    row = desk.unlock()

    assert (row.bot_id, row.connection_id, row.created_by) == (
        desk.bot.pk,
        None,
        desk.actor.user_id,
    )
    assert (row.limits["daily_loss"], row.limits["max_order_value"]) == ("300", "5000")
    entry = AuditEntry.objects.filter(action="trading.live.unlocked").get()
    assert (entry.data["bot_id"], entry.data["settings"]) == (desk.bot.pk, row.settings_hash)


def cut(what):
    return {
        "SECOND_FACTOR": lambda desk: Authenticator.objects.all().delete(),
        "LIMITS_SET": lambda desk: RiskPolicy.objects.filter(scope="WORKSPACE").delete(),
        "MODE": lambda desk: Bot.objects.update(mode="PAPER"),
        "CONNECTION_REAL": lambda desk: change(desk, mode="PAPER"),
        "CONNECTION_ACTIVE": lambda desk: change(desk, status="PAUSED"),
        "RIGHTS_PROVEN": lambda desk: change(desk, rights=RIGHTS | {"can_withdraw": True}),
        "ALIGNED": lambda desk: desk.cheap.alignment.delete(),
        "BOT_STOPPED": lambda desk: Bot.objects.update(status="RUNNING"),
        "NOT_HALTED": lambda desk: trading_halt(
            actor=desk.actor, reason="test", now=timezone.now()
        ),
    }[what]


def change(desk, **fields):
    Connection.objects.filter(pk=desk.cheap.pk).update(**fields)


@pytest.mark.parametrize(
    "code",
    [
        "SECOND_FACTOR", "LIMITS_SET", "MODE", "CONNECTION_REAL", "CONNECTION_ACTIVE",
        "RIGHTS_PROVEN", "ALIGNED", "BOT_STOPPED", "NOT_HALTED",
    ],
)  # fmt: skip
def test_without_any_one_condition_it_stays_locked(desk, code):
    cut(code)(desk)

    assert missing(desk) == [code]
    with pytest.raises(LiveConditionsUnmet) as refused:
        desk.unlock()
    assert refused.value.details == {"missing": [code]}
    assert not LiveUnlock.objects.exists()


@pytest.mark.parametrize(
    "rights",
    [
        {},
        RIGHTS | {"can_withdraw": None},
        RIGHTS | {"proof": "NONE"},
        RIGHTS | {"proof": "STRUCTURAL", "can_withdraw": True},
    ],
)
def test_rights_that_nobody_proved_are_no_proof(desk, rights):
    change(desk, rights=rights)

    assert missing(desk) == ["RIGHTS_PROVEN"]


def test_a_trader_unlocks_nothing(desk):
    trader = Actor(desk.actor.user_id, desk.actor.workspace_id, Role.TRADER)

    with pytest.raises(RoleTooLow):
        desk.unlock(actor=trader)
    assert not LiveUnlock.objects.exists()


def test_the_platform_itself_unlocks_nothing(desk):
    with pytest.raises((RoleTooLow, LiveConditionsUnmet)):
        desk.unlock(actor=Actor.platform(desk.actor.workspace_id))


@pytest.mark.parametrize("typed", ["", "Real", "real spread", "Real spreads"])
def test_another_name_unlocks_nothing(desk, typed):
    with pytest.raises(LiveNameWrong):
        desk.unlock(typed_name=typed)


def test_a_wrong_code_unlocks_nothing(desk):
    with pytest.raises(SecondFactorRefused):
        desk.unlock(code="000000")
    assert not LiveUnlock.objects.exists()


def test_a_code_counts_once(desk):
    code = desk.code()
    desk.unlock(code=code)
    live_lock(actor=desk.actor, bot_id=desk.bot.pk, now=timezone.now())

    with pytest.raises(SecondFactorRefused):
        desk.unlock(code=code)


def test_mallory_sees_and_unlocks_nothing(desk, mallory):
    with pytest.raises(BotMissing):
        live_conditions(reader=mallory.actor, bot_id=desk.bot.pk)
    with pytest.raises((BotMissing, SecondFactorMissing)):
        desk.unlock(actor=mallory.actor)


# --- bots


def test_a_locked_bot_does_not_start_and_says_why(desk):
    Authenticator.objects.all().delete()

    with pytest.raises(LiveLocked) as refused:
        desk.start()
    assert refused.value.details == {"reason": "NEVER", "missing": ["SECOND_FACTOR"]}
    assert reload(desk) == "STOPPED"


def test_an_unlocked_bot_starts_and_its_plans_pass_the_gate(running):
    assert plan(running).status == "PLANNED"


def test_settings_that_changed_void_the_unlock(desk):
    desk.unlock()
    bots.bot_update(
        actor=desk.actor,
        bot_id=desk.bot.pk,
        name=desk.bot.name,
        params=PARAMS | {"notional": "1001"},
        connection_ids=[desk.cheap.pk, desk.dear.pk],
        now=timezone.now(),
    )

    with pytest.raises(LiveLocked) as refused:
        desk.start()
    assert refused.value.details["reason"] == "SETTINGS_CHANGED"


def test_a_new_name_voids_nothing(desk):
    desk.unlock()
    bots.bot_update(
        actor=desk.actor,
        bot_id=desk.bot.pk,
        name="Renamed",
        params=PARAMS,
        connection_ids=[desk.dear.pk, desk.cheap.pk],
        now=timezone.now(),
    )

    assert desk.start().status == "RUNNING"


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        ({"daily_loss": D(301)}, ("live_locked", "LIMITS_LOOSENED")),
        ({"daily_loss": None}, ("live_locked", "LIMITS_LOOSENED")),
        ({"daily_loss": D(299)}, ("", None)),
    ],
)
def test_the_gate_itself_notices_limits_that_were_loosened(running, limits, expected):
    limits_set(actor=running.actor, values=limits, confirmed=True, now=timezone.now())

    decision = plan(running).decision

    assert (decision.rule, decision.params.get("why")) == expected


def test_loosened_limits_stop_the_running_bot(running):
    limits_set(
        actor=running.actor, values={"daily_loss": D(301)}, confirmed=True, now=timezone.now()
    )

    unlocks_review(workspace_id=running.actor.workspace_id)

    assert reload(running) == "STOPPED"
    assert LiveUnlock.objects.get().revoked_reason == "LIMITS_LOOSENED"


def test_without_the_second_factor_the_gate_refuses_and_the_bot_is_stopped(running):
    second_factor_remove(actor=running.actor, code=running.code(-1), now=timezone.now())
    refused = plan(running)

    unlocks_of_person_review(user_id=running.actor.user_id)

    assert (refused.status, refused.decision.rule) == ("DENIED", "live_locked")
    assert reload(running) == "STOPPED"
    assert LiveUnlock.objects.get().revoked_reason == "GIVER_GONE"


@pytest.mark.parametrize(
    "gone",
    [
        lambda: Membership.objects.update(role=Role.TRADER),
        lambda: Membership.objects.all().delete(),
        lambda: User.objects.update(is_active=False),
    ],
)
def test_who_may_not_unlock_any_more_leaves_nothing_unlocked(running, gone):
    gone()
    refused = plan(running)

    unlocks_review(workspace_id=running.actor.workspace_id)

    assert refused.decision.params["why"] == "GIVER_GONE"
    assert LiveUnlock.objects.get().revoked_reason == "GIVER_GONE"
    assert reload(running) == "STOPPED"


def test_what_was_deleted_hinders_no_review_of_the_others(running):
    live_lock(actor=running.actor, bot_id=running.bot.pk, now=timezone.now())
    running.unlock(code=running.code(-1))
    bots.bot_delete(actor=running.actor, bot_id=running.bot.pk, now=timezone.now())
    LiveUnlock.objects.create(
        workspace_id=running.actor.workspace_id, connection=running.cheap, at=timezone.now(),
        created_by=running.actor.user_id, settings_hash="other", limits={}, keys={},
    )  # fmt: skip

    unlocks_review(workspace_id=running.actor.workspace_id)

    ended = LiveUnlock.objects.exclude(connection=None).get()
    assert ended.revoked_reason == "SETTINGS_CHANGED"


def test_a_changed_key_voids_the_unlock_at_the_gate(running):
    change(running, key_version=2)

    assert plan(running).decision.params["why"] == "KEY_CHANGED"


def test_locking_stops_the_bot_at_once_and_twice_is_success(running):
    assert live_lock(actor=running.actor, bot_id=running.bot.pk, now=timezone.now())
    assert not live_lock(actor=running.actor, bot_id=running.bot.pk, now=timezone.now())

    assert reload(running) == "STOPPED"
    assert AuditEntry.objects.filter(action="trading.live.locked").count() == 1


def test_the_gate_refuses_a_running_bot_whose_unlock_is_gone(running):
    LiveUnlock.objects.update(revoked_at=timezone.now())

    refused = plan(running)

    assert (refused.status, refused.decision.code) == ("DENIED", "LIVE_LOCKED")
    assert refused.decision.params == {"what": "bot", "why": "NEVER"}


def test_a_connections_unlock_opens_nothing_for_a_bot(running):
    LiveUnlock.objects.update(revoked_at=timezone.now())
    running.unlock_connection(code=running.code(-1))

    assert plan(running).decision.rule == "live_locked"


# --- orders by hand


def test_an_order_by_hand_needs_the_connections_unlock(running):
    assert decided(running).rule == "live_locked"

    running.unlock_connection(code=running.code(-1))

    assert decided(running).rule != "live_locked"
    assert decided(running, connection_id=running.dear.pk).rule == "live_locked"


@pytest.mark.parametrize(
    "more",
    [{"reduce_only": True, "side": Side.SELL}, {"origin": OrderOrigin.KILL, "side": Side.SELL}],
)
def test_what_closes_passes_while_locked(desk, more):
    assert decided(desk, **more).rule != "live_locked"


def test_on_paper_nothing_needs_an_unlock(desk):
    paper = connection(desk.actor)

    assert decided(desk, connection_id=paper.pk).rule != "live_locked"


def test_an_order_that_waited_does_not_leave_after_the_lock(desk, monkeypatch):
    desk.unlock_connection()
    order = Order.objects.create(
        workspace_id=desk.actor.workspace_id,
        connection=desk.cheap,
        role="OPEN",
        venue=desk.cheap.venue,
        symbol="BTC/USDT",
        client_order_id="waited",
        side="buy",
        kind="limit",
        time_in_force="GTC",
        quantity=D(1),
        limit_price=D(100),
        leg_no=1,
        status=OrderStatus.PLANNED,
        placed_at=timezone.now(),
        valid_until=timezone.now() + timedelta(minutes=1),
    )
    live_lock(actor=desk.actor, connection_id=desk.cheap.pk, now=timezone.now())

    assert order_claim(actor=desk.actor, order_id=order.pk, now=timezone.now()) is None

    desk.unlock_connection(code=desk.code(-1))
    claimed = order_claim(actor=desk.actor, order_id=order.pk, now=timezone.now())
    assert claimed is not None


def test_a_denied_order_by_hand_is_stored_with_its_reason(desk):
    order = order_place(actor=desk.actor, intent=order_intent(desk.cheap.pk), now=timezone.now())

    assert (order.status, order.decision.rule) == ("DENIED", "live_locked")


# --- modes and copies


def test_a_paper_bot_takes_no_real_connection(desk):
    with pytest.raises(ConnectionModeWrong) as refused:
        bots.bot_create(
            actor=desk.actor, name="P", strategy="arbitrage", params=PARAMS,
            connection_ids=[desk.cheap.pk, desk.dear.pk], now=timezone.now(),
        )  # fmt: skip
    assert refused.value.details == {
        "venues": ["A PAPER bot needs PAPER connections; Binance real is LIVE."]
    }


def test_bots_do_not_trade_on_test_networks(desk):
    with pytest.raises(LiveTradingClosed):
        bots.bot_create(
            actor=desk.actor, name="T", strategy="arbitrage", params=PARAMS, mode="TESTNET",
            connection_ids=[desk.cheap.pk, desk.dear.pk], now=timezone.now(),
        )  # fmt: skip


def test_a_copy_has_settings_and_limits_but_no_unlock(running):
    limits_set(
        actor=running.actor,
        bot_id=running.bot.pk,
        values={"daily_loss": D(77)},
        confirmed=True,
        now=timezone.now(),
    )
    paper = [connection(running.actor, f"practice.{name}").pk for name in ("alpha", "beta")]

    made = bot_copy(
        actor=running.actor, bot_id=running.bot.pk, name="On paper", mode="PAPER",
        connection_ids=paper, now=timezone.now(),
    )  # fmt: skip

    same = {name: value for name, value in running.bot.params.items() if name != "venues"}
    assert made.params == same | {"venues": paper}
    assert (made.mode, made.status, made.copied_from_id) == ("PAPER", "STOPPED", running.bot.pk)
    assert RiskPolicy.objects.get(bot=made).daily_loss == 77
    assert not LiveUnlock.objects.filter(bot=made).exists()


def test_mallory_copies_nothing(desk, mallory):
    with pytest.raises(BotMissing):
        bot_copy(
            actor=mallory.actor, bot_id=desk.bot.pk, name="Mine", mode="LIVE",
            connection_ids=[desk.cheap.pk], now=timezone.now(),
        )  # fmt: skip
    assert Bot.objects.count() == 1


def test_the_head_says_live_while_real_money_may_move(desk):
    seen = [workspace_mode(reader=desk.actor)]
    desk.unlock()
    desk.start()
    seen.append(workspace_mode(reader=desk.actor))
    bots.bot_stop(actor=desk.actor, bot_id=desk.bot.pk, now=timezone.now())
    seen.append(workspace_mode(reader=desk.actor))

    assert seen == ["PAPER", "LIVE", "PAPER"]


def test_the_head_says_live_while_orders_by_hand_may_move_real_money(desk):
    desk.unlock_connection()
    seen = [workspace_mode(reader=desk.actor)]
    live_lock(actor=desk.actor, connection_id=desk.cheap.pk, now=timezone.now())
    seen.append(workspace_mode(reader=desk.actor))

    assert seen == ["LIVE", "PAPER"]
