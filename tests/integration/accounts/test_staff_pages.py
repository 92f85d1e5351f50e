"""The staff pages: who gets in, and what may be changed there."""

from __future__ import annotations

import time

import pytest
from django.utils import timezone

from apps.accounts import second_factor
from apps.accounts.models import User
from apps.accounts.web.sessions import PROVED
from apps.core.models import AuditEntry
from apps.trading.domain.policies import SPECS
from apps.trading.models import RiskDecision, RiskPolicy
from tests.factories.accounts import person
from tests.factories.live import SECRET, LiveDesk

pytestmark = pytest.mark.django_db
CAPS = "/staff/trading/riskpolicy/"


@pytest.fixture
def staff(db):
    made = person("ops")
    User.objects.filter(pk=made.user.pk).update(is_staff=True)
    return made


@pytest.fixture
def enrolled(staff):
    code = LiveDesk(staff.actor, None, None, None).code(0)
    second_factor.second_factor_enrol(
        actor=staff.actor, secret=SECRET, code=code, now=timezone.now()
    )
    return staff


@pytest.fixture
def office(client, enrolled):
    client.force_login(enrolled.user)
    session = client.session
    session[PROVED] = time.time()
    session.save()
    return client


def platform():
    return RiskPolicy.objects.get(scope="PLATFORM")


def caps(**more):
    values = {name: getattr(platform(), name) for name in SPECS}
    return {n: "" if value is None else f"{value:f}" for n, value in values.items()} | more


def test_a_stranger_is_sent_to_the_sites_own_sign_in(client):
    answer = client.get("/staff/")

    assert (answer.status_code, answer["Location"]) == (302, "/sign-in/?next=/staff/")


@pytest.mark.parametrize("path", ["/staff/", CAPS])
def test_a_user_finds_nothing(client, alice, path):
    client.force_login(alice.user)

    assert client.get(path).status_code == 404


def test_staff_without_a_second_factor_are_sent_to_set_one_up(client, staff):
    client.force_login(staff.user)

    answer = client.get("/staff/", follow=True)

    assert answer.redirect_chain[-1][0] == "/account/security/"
    assert b"The staff pages need a second factor" in answer.content


def test_staff_who_did_not_prove_it_in_this_session_stay_outside(client, enrolled):
    client.force_login(enrolled.user)

    answer = client.get("/staff/", follow=True)

    assert answer.redirect_chain[-1][0] == "/account/security/"
    assert b"Sign out and in again" in answer.content


@pytest.mark.parametrize(
    "path",
    [
        "", "trading/", "trading/riskpolicy/", "trading/killrun/", "trading/connectionalignment/",
        "trading/orderanomaly/", "trading/riskdecision/", "trading/liveunlock/",
    ],
)  # fmt: skip
def test_staff_with_the_factor_come_in_and_the_policy_of_content_holds(office, path):
    answer = office.get(f"/staff/{path}")

    assert answer.status_code == 200
    assert b"<script>" not in answer.content
    assert b"style=" not in answer.content
    assert "unsafe-inline" not in answer["Content-Security-Policy"]


@pytest.mark.parametrize(
    "path", ["login/", "logout/", "password_change/", "trading/riskpolicy/add/", "nothing/"]
)
def test_what_is_not_served_has_no_address(office, path):
    assert office.get(f"/staff/{path}").status_code == 404


def test_the_platforms_caps_are_changed_through_their_service_and_audited(office, enrolled):
    answer = office.post(f"{CAPS}{platform().pk}/change/", caps(max_order_value="400000"))

    assert (answer.status_code, platform().max_order_value) == (302, 400000)
    entry = AuditEntry.objects.filter(action="trading.limits.changed").latest("pk")
    assert entry.data["names"] == ["max_order_value"]
    assert (entry.data["before"], entry.data["after"]) == (
        {"max_order_value": "500000"},
        {"max_order_value": "400000"},
    )
    assert platform().changed_by == enrolled.user.pk


@pytest.mark.parametrize(
    "more", [{"max_positions": "1.5"}, {"max_slippage": "2"}, {"daily_loss": "-1"}]
)
def test_what_is_no_such_limit_is_said_at_its_field(office, more):
    answer = office.post(f"{CAPS}{platform().pk}/change/", caps(**more))

    assert answer.status_code == 200
    assert list(answer.context["adminform"].form.errors) == list(more)
    assert not AuditEntry.objects.filter(action="trading.limits.changed").exists()


def test_a_persons_own_limits_are_not_shown_nor_changed(office, alice):
    own = RiskPolicy.objects.create(
        scope="WORKSPACE", workspace_id=alice.actor.workspace_id, changed_at=timezone.now()
    )

    answer = office.post(f"{CAPS}{own.pk}/change/", caps(max_order_value="1"))

    assert answer.status_code == 302  # to the index: there is no such row
    own.refresh_from_db()
    assert own.max_order_value is None


def test_a_decision_of_the_gate_is_looked_at_and_never_changed(office, alice):
    row = RiskDecision.objects.create(
        workspace_id=alice.actor.workspace_id, rule="notional", code="X", at=timezone.now()
    )
    path = f"/staff/trading/riskdecision/{row.pk}/change/"

    seen, refused = office.get(path), office.post(path, {"rule": ""})

    assert (seen.status_code, refused.status_code) == (200, 403)
    row.refresh_from_db()
    assert row.rule == "notional"
