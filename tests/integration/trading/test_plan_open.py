from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from apps.core.models import AuditEntry, OutboxMessage
from apps.trading.models import CapitalReservation, Order, Plan
from apps.trading.services.account import trading_halt, trading_resume
from apps.trading.services.bots import bot_stop
from tests.factories.trading import NOON, D
from tests.factories.venues import connection
from tests.integration.trading.conftest import desk_for


def test_stores_two_planned_legs_with_ids_reservations_audit_and_event(desk):
    plan = desk.open()

    legs = list(plan.orders.order_by("leg_no").values_list("side", "status", "quantity"))
    assert legs == [("buy", "PLANNED", D("0.5")), ("sell", "PLANNED", D("0.5"))]
    reserved = dict(plan.reserved.values_list("asset", "amount"))
    assert reserved == {"USDT": D("50.025"), "BTC": D("0.5")}
    assert plan.decision.rule == ""
    assert AuditEntry.objects.latest("pk").action == "trading.plan.opened"
    topics = list(OutboxMessage.objects.order_by("-pk").values_list("topic", flat=True)[:2])
    assert topics == ["trading.plan.queued", "trading.plan.opened"]


def test_client_order_ids_are_short_lower_case_and_unique(desk):
    plan = desk.open()

    ids = [order.client_order_id for order in plan.orders.all()]
    assert len(set(ids)) == 2
    assert all(each.isascii() and each.isalnum() and each.islower() for each in ids)
    assert all(len(each) <= 32 for each in ids)


def refused(desk, **more):
    plan = desk.open(**more)
    assert plan.status == "DENIED"
    assert not plan.orders.exists()
    assert not CapitalReservation.objects.filter(plan=plan).exists()
    return plan.decision.rule


def test_a_halt_denies_and_stores_the_denial(desk):
    trading_halt(actor=desk.actor, reason="enough", now=timezone.now())

    assert refused(desk) == "kill_switch"
    assert AuditEntry.objects.latest("pk").action == "trading.plan.denied"


def test_resuming_allows_again(desk):
    trading_halt(actor=desk.actor, reason="enough", now=timezone.now())
    trading_resume(actor=desk.actor, now=timezone.now())

    assert desk.open().status == "PLANNED"


def test_a_stopped_bot_opens_nothing(desk):
    bot_stop(actor=desk.actor, bot_id=desk.bot.pk, now=timezone.now())

    assert refused(desk) == "bot_running"


def test_an_engine_with_an_old_token_opens_nothing(desk):
    assert refused(desk, fencing_token=desk.bot.fencing_token - 1) == "fencing"


def test_a_connection_that_is_not_the_bots_is_refused(desk):
    third = connection(desk.actor, "practice.gamma")
    theirs = desk.intent()
    legs = (theirs.legs[0], type(theirs.legs[1])(**{
        name: getattr(theirs.legs[1], name) for name in theirs.legs[1].__slots__
    } | {"connection_id": third.pk}))  # fmt: skip

    assert refused(desk, intent=desk.intent(legs=legs)) == "connections"


@pytest.mark.parametrize("change", [{"status": "PAUSED"}, {"removed_at": NOON}])
def test_a_connection_that_is_paused_or_gone_is_refused(desk, change):
    type(desk.dear).objects.filter(pk=desk.dear.pk).update(**change)

    assert refused(desk) == "connections"


def test_one_balance_is_not_reserved_twice(desk):
    whole = desk.intent(quantity=D(6))
    desk.bot.params["max_open"] = "9"
    desk.bot.params["notional"] = "5000"
    desk.bot.save()

    first, second = desk.open(intent=whole), desk.open(intent=whole)

    assert first.status == "PLANNED"
    assert (second.status, second.decision.rule) == ("DENIED", "capital")


def test_a_released_reservation_counts_until_a_newer_balance_is_seen(desk):
    desk.bot.params["notional"] = "5000"
    desk.bot.save()
    plan = desk.open(intent=desk.intent(quantity=D(6)))
    Plan.objects.filter(pk=plan.pk).update(
        status="FAILED", closed_at=timezone.now() - timedelta(hours=1),
        pnl=0, spread_captured=0, fees=0, slippage=0,
    )  # fmt: skip
    CapitalReservation.objects.update(released_at=timezone.now() + timedelta(seconds=1))

    assert desk.open(intent=desk.intent(quantity=D(6))).decision.rule == "capital"


@pytest.mark.parametrize(
    ("more", "rule"),
    [
        ({"quantity": D("0.00005")}, "sizes"),
        ({"quantity": D("0.50001")}, "sizes"),
        ({"quantity": D(90)}, "notional"),
        ({"book_ages": (0.1, 99.0)}, "stale_book"),
    ],
)
def test_what_breaks_a_rule_is_denied_by_that_rule(desk, more, rule):
    assert refused(desk, intent=desk.intent(**more)) == rule


def test_an_unknown_balance_fails_closed(desk):
    from apps.portfolio.models import BalanceNow

    BalanceNow.objects.filter(connection_id=desk.dear.pk).delete()

    assert refused(desk) == "capital"


def test_mallory_cannot_open_a_plan_for_alices_bot(desk):
    mallory = desk_for("mallory")

    plan = mallory.open(bot_id=desk.bot.pk, fencing_token=desk.bot.fencing_token)

    assert (plan.status, plan.workspace_id) == ("DENIED", mallory.actor.workspace_id)
    assert not Order.objects.filter(workspace_id=desk.actor.workspace_id).exists()
