"""Positions, results and caps as they are stored: what the gate's figures are made of."""

from __future__ import annotations

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from apps.core.domain.people import Actor
from apps.trading.domain.errors import PlatformNeedsStaff
from apps.trading.models import RiskPolicy, RiskPosition, RiskTally
from apps.trading.selectors import gate_facts, gate_prices
from apps.trading.services import tallies
from apps.trading.services.policies import caps_set
from tests.factories.trading import D

pytestmark = pytest.mark.django_db


def figures(desk, *, of_bot=False):
    stands = gate_facts.standing(desk.actor.workspace_id, desk.bot.pk, "BTC/USDT", timezone.now())
    return gate_facts.figures(stands, gate_prices.rates(stands.quotes), of_bot=of_bot)


def test_a_plan_that_bought_and_sold_leaves_no_position(desk):
    desk.submit(desk.open())

    row = RiskPosition.objects.get(bot=desk.bot)
    assert (row.base_flow, row.quote_flow) == (D(0), D("0.44975"))
    assert figures(desk).holdings == {}
    assert figures(desk).positions == 0


def test_a_finished_plan_is_in_the_sums_of_bot_and_workspace(desk):
    plan = desk.submit(desk.open())

    sums = dict(RiskTally.objects.values_list("bot_id", "pnl"))
    assert sums == {None: plan.pnl, desk.bot.pk: plan.pnl}


@pytest.mark.parametrize(
    ("results", "drawdown"), [((10, -4), 4), ((-3,), 3), ((10, -4, 8), 0), ((5, -5, -5), 10)]
)
def test_a_drawdown_is_measured_from_the_highest_sum(desk, results, drawdown):
    for change in results:
        tallies.result_add(desk.actor.workspace_id, None, "USDT", D(change))

    assert figures(desk).drawdown == drawdown


def test_a_plan_booked_again_counts_the_difference_once(desk):
    plan = desk.submit(desk.open())
    before, plan.pnl = plan.pnl, plan.pnl - 2

    tallies.plan_closed(plan, before)

    assert RiskTally.objects.get(bot=None).pnl == plan.pnl


def test_the_command_sets_a_cap_for_everybody(db, capsys):
    call_command("risk_limits", "--set", "max_leverage=2", "--set", "max_plans_hour=none")

    row = RiskPolicy.objects.get(scope="PLATFORM")
    assert (row.max_leverage, row.max_plans_hour) == (2, None)


@pytest.mark.parametrize("pair", ["max_fun=1", "max_leverage", "max_leverage=x", "max_leverage=0"])
def test_the_command_refuses_what_is_no_cap(db, pair):
    with pytest.raises(CommandError):
        call_command("risk_limits", "--set", pair)
    assert RiskPolicy.objects.get(scope="PLATFORM").max_leverage == 3


def test_an_owner_sets_no_cap_of_the_platform(desk):
    with pytest.raises(PlatformNeedsStaff):
        caps_set(actor=desk.actor, values={"max_leverage": D(100)}, now=timezone.now())
    assert RiskPolicy.objects.get(scope="PLATFORM").max_leverage == 3


def test_without_the_platforms_row_nothing_opens(desk):
    RiskPolicy.objects.filter(scope="PLATFORM").delete()

    assert desk.open().decision.code == "UNKNOWN_STATE"


def test_a_stricter_cap_of_the_platform_wins_over_the_workspaces_own(desk):
    caps_set(actor=Actor.platform(0), values={"max_order_value": D(10)}, now=timezone.now())

    plan = desk.open()

    assert (plan.decision.code, plan.decision.params["scope"]) == ("NOTIONAL_TOO_HIGH", "PLATFORM")


def test_a_bots_own_limit_shows_beside_its_settings(client, desk):
    from apps.accounts.models import Membership
    from apps.trading.services.policies import limits_set

    now = timezone.now()
    values = {"max_order_value": D(300)}
    limits_set(actor=desk.actor, bot_id=desk.bot.pk, values=values, confirmed=False, now=now)
    client.force_login(Membership.objects.get(workspace_id=desk.actor.workspace_id).user)

    sections = client.get(f"/bots/{desk.bot.pk}/settings/").context["settings"]

    assert sections[-1]["lines"] == [{"label": "Largest order", "value": "300 USD"}]
