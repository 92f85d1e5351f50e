"""The gate for single orders, on the database."""

from __future__ import annotations

import pytest
from django.db import transaction
from django.utils import timezone

from apps.trading import locks
from apps.trading.domain.orders import OrderOrigin
from apps.trading.models import Bot, PlatformTrading, TradingAccount
from apps.trading.services import gate
from apps.venues.domain.ports import OrderKind, Side
from tests.factories.trading import D, order_intent
from tests.factories.venues import connection
from tests.integration.trading.conftest import desk_for


def asked(desk, *, bot_id=None, fencing_token=None, **more):
    with transaction.atomic():
        account = locks.trading_account(desk.actor.workspace_id)
        return gate.order_decide(
            account=account,
            intent=order_intent(more.pop("connection_id", desk.cheap.pk), **more),
            bot_id=bot_id,
            fencing_token=fencing_token,
            now=timezone.now(),
        )


def test_a_boring_order_is_allowed(desk):
    assert asked(desk).allowed


def test_what_a_purchase_reserves_includes_its_fee():
    wanted = gate.order_wanted(order_intent())

    assert wanted.spends == {(1, "USDT"): D("50.025")}


def test_a_purchase_without_a_limit_reserves_more_than_the_price_seen():
    wanted = gate.order_wanted(order_intent(limit_price=None, kind=OrderKind.MARKET))

    assert wanted.spends == {(1, "USDT"): D("51.0255")}


def test_a_sale_reserves_its_base():
    assert gate.order_wanted(order_intent(side=Side.SELL)).spends == {(1, "BTC"): D("0.5")}


def test_the_other_half_of_a_pair_reserves_nothing():
    assert gate.order_wanted(order_intent(reserves=False)).spends == {}


@pytest.mark.parametrize(
    ("more", "rule"),
    [
        ({"quantity": D("0.00005")}, "sizes"),
        ({"quantity": D(300)}, "notional"),
        ({"quantity": D(101)}, "capital"),
        ({"limit_price": None, "reference_price": None, "kind": OrderKind.MARKET}, "notional"),
    ],
)
def test_what_breaks_a_rule_is_refused_by_that_rule(desk, more, rule):
    assert asked(desk, **more).rule == rule


def test_a_foreign_connection_is_refused(desk):
    theirs = desk_for("mallory").cheap

    assert asked(desk, connection_id=theirs.pk).rule == "connections"
    assert asked(desk, connection_id=theirs.pk, origin=OrderOrigin.KILL).rule == "connections"


def test_a_bot_orders_on_its_own_connections_only(desk):
    third = connection(desk.actor, "practice.gamma")
    token = Bot.objects.get(pk=desk.bot.pk).fencing_token

    refusal = asked(desk, connection_id=third.pk, bot_id=desk.bot.pk, fencing_token=token)

    assert refusal.rule == "connections"


def halt_everything(desk, state):
    PlatformTrading.objects.create(pk=1, state=state)


def halt_workspace(desk, state):
    TradingAccount.objects.update(state=state)


@pytest.mark.parametrize("set_state", [halt_everything, halt_workspace])
@pytest.mark.parametrize(
    ("state", "more", "code"),
    [
        ("HALTED", {}, "HALTED"),
        ("HALTED", {"side": Side.SELL, "reduce_only": True}, "HALTED"),
        ("HALTED", {"side": Side.SELL, "origin": OrderOrigin.KILL}, ""),
        ("REDUCING", {}, "REDUCING"),
        ("REDUCING", {"side": Side.SELL, "reduce_only": True}, ""),
        ("REDUCING", {"side": Side.SELL, "origin": OrderOrigin.KILL}, ""),
    ],
)
def test_each_state_lets_through_what_it_says(desk, set_state, state, more, code):
    set_state(desk, state)

    assert asked(desk, **more).code == code


def test_a_bots_state_binds_the_bot_alone(desk):
    Bot.objects.update(trading_state="REDUCING")
    token = Bot.objects.get(pk=desk.bot.pk).fencing_token

    assert asked(desk, bot_id=desk.bot.pk, fencing_token=token).code == "REDUCING"
    assert asked(desk).allowed
