from __future__ import annotations

import pytest
from django.utils import timezone

from apps.billing.domain.errors import PlanLimitReached, PlanMissing
from apps.billing.models import Plan
from apps.billing.selectors import limits_for, plan_list, require_room
from apps.billing.services import plan_set
from apps.core.domain.errors import RoleTooLow
from apps.core.domain.people import Actor

pytestmark = pytest.mark.django_db


def put_on(workspace_id, plan):
    plan_set(
        actor=Actor.platform(workspace_id), workspace_id=workspace_id, plan=plan, now=timezone.now()
    )


def test_the_ladder_is_as_sold():
    assert [(p.code, str(p.price.normalize())) for p in plan_list()] == [
        ("free", "0"),
        ("plus", "9.99"),
        ("pro", "19.99"),
        ("power", "49.99"),
        ("standard", "2E+2"),
        ("pro_trader", "5E+2"),
    ]


def test_without_a_subscription_the_lowest_rung_counts(alice):
    assert limits_for(alice.actor.workspace_id).api_requests_per_hour == 100


def test_a_higher_plan_gives_more(alice):
    put_on(alice.actor.workspace_id, "pro_trader")

    assert limits_for(alice.actor.workspace_id).live_execution is True


def test_staff_may_change_a_limit_in_the_row(alice):
    plan = Plan.objects.get(code="free")
    plan.limits["running_bots"] = 3
    plan.save()

    assert limits_for(alice.actor.workspace_id).running_bots == 3


def test_the_one_too_many_is_refused(alice):
    require_room(alice.actor.workspace_id, limit="running_bots", used=0, what="running bots")
    with pytest.raises(PlanLimitReached):
        require_room(alice.actor.workspace_id, limit="running_bots", used=1, what="running bots")


def test_a_member_cannot_raise_their_own_plan(alice):
    with pytest.raises(RoleTooLow):
        plan_set(
            actor=alice.actor,
            workspace_id=alice.actor.workspace_id,
            plan="pro_trader",
            now=timezone.now(),
        )


def test_an_unknown_plan_is_refused(alice):
    with pytest.raises(PlanMissing):
        put_on(alice.actor.workspace_id, "gold")
