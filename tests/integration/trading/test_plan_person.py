"""A trade that asks for a person: its buttons and its routes."""

from __future__ import annotations

import pytest
from django.test import Client
from django.utils import timezone

from apps.accounts.models import Membership
from apps.trading.models import Plan
from tests.factories.trading import D
from tests.fakes.program import Program, problem

pytestmark = pytest.mark.django_db
ROUTES = [("unwind", {}), ("acknowledge", {"reason": "sold by hand"})]


@pytest.fixture
def plan(desk):
    """Half a bitcoin was bought, nobody took it, and the attempts are used up."""
    made = desk.submit(desk.open())
    made.orders.filter(side="sell").update(filled=0, status="CANCELLED")
    made.orders.get(side="sell").fills.all().delete()
    Plan.objects.filter(pk=made.pk).update(
        status="NEEDS_ATTENTION",
        reason="UNWIND_EXHAUSTED",
        residual=D("0.5"),
        residuals={"BTC": "0.5"},
        valid_until=timezone.now(),
    )
    made.refresh_from_db()
    return made


@pytest.fixture
def site(desk):
    client = Client(enforce_csrf_checks=False)
    client.force_login(Membership.objects.get(workspace_id=desk.actor.workspace_id).user)
    return client


@pytest.mark.parametrize(("verb", "body"), ROUTES)
def test_nobody_and_mallory_change_nothing_by_the_api(plan, mallory, verb, body):
    path = f"plans/{plan.pk}/{verb}"

    assert problem(Program(None).post(path, body))[:2] == (401, "AUT-0001")
    assert problem(Program(mallory.actor).post(path, body))[:2] == (404, "NFD-0404")

    plan.refresh_from_db()
    assert (plan.status, plan.handled_at) == ("NEEDS_ATTENTION", None)


def test_a_program_tries_again(desk, plan):
    answer = Program(desk.actor).post(f"plans/{plan.pk}/unwind", {"max_loss": "0.02"})

    assert (answer.status_code, answer.json()["status"]) == (200, "COMPLETING")
    order = plan.orders.last()
    assert (order.role, order.quantity, order.limit_price) == ("UNWIND", D("0.5"), D(98))


def test_a_program_says_how_it_was_handled(desk, plan):
    answer = Program(desk.actor).post(f"plans/{plan.pk}/acknowledge", {"reason": "sold by hand"})

    assert answer.json()["handled_reason"] == "sold by hand"
    assert answer.json()["residuals"] == {"BTC": "0.5"}
    again = Program(desk.actor).post(f"plans/{plan.pk}/acknowledge", {"reason": "again"})
    assert problem(again)[:2] == (409, "CNF-0471")


def test_a_bound_beyond_reason_is_refused(desk, plan):
    answer = Program(desk.actor).post(f"plans/{plan.pk}/unwind", {"max_loss": "0.51"})

    assert problem(answer)[:2] == (422, "VAL-0471")


@pytest.mark.parametrize("page", ["/trades/", "/bots/{bot}/"])
def test_the_page_offers_both_ways_out(desk, plan, site, page):
    body = site.get(page.format(bot=desk.bot.pk)).content.decode()

    assert f'action="/plans/{plan.pk}/unwind/"' in body
    assert f'action="/plans/{plan.pk}/acknowledge/"' in body
    assert "0.5 BTC" in body


def test_the_button_tries_again_and_comes_back(desk, plan, site):
    answer = site.post(f"/plans/{plan.pk}/unwind/", {"max_loss": "2", "back": "trades"})

    assert (answer.status_code, answer["Location"]) == (302, "/trades/")
    assert plan.orders.last().limit_price == D(98)


def test_a_word_that_is_no_number_is_refused_on_the_page(desk, plan, site):
    answer = site.post(f"/plans/{plan.pk}/unwind/", {"max_loss": "much"}, follow=True)

    assert [str(message) for message in answer.context["messages"]] == [
        "The largest loss must be above 0 % and at most 50 %."
    ]
    assert plan.orders.count() == 2


def test_the_button_marks_it_handled_and_the_notice_is_gone(desk, plan, site):
    site.post(f"/plans/{plan.pk}/acknowledge/", {"reason": "sold by hand"})

    assert f"plans/{plan.pk}/" not in site.get(f"/bots/{desk.bot.pk}/").content.decode()


@pytest.mark.parametrize(("verb", "body"), ROUTES)
def test_mallory_nobody_and_a_forged_form_change_nothing(desk, plan, mallory, verb, body):
    path = f"/plans/{plan.pk}/{verb}/"
    stranger, forger = Client(), Client(enforce_csrf_checks=True)
    stranger.force_login(mallory.user)
    forger.force_login(Membership.objects.get(workspace_id=desk.actor.workspace_id).user)

    assert stranger.post(path, body).status_code == 404
    assert Client().post(path, body).status_code == 302
    assert forger.post(path, body).status_code == 403

    plan.refresh_from_db()
    assert (plan.status, plan.handled_at, plan.orders.count()) == ("NEEDS_ATTENTION", None, 2)


def test_a_paused_pair_stands_on_the_bots_page(desk, site):
    desk.bot.params |= {"cooldown": "0", "max_open": "20"}
    desk.bot.save()
    desk.buy_venue.offered = desk.sell_venue.offered = D(0)
    for _ in range(5):
        desk.submit(desk.open())

    body = site.get(f"/bots/{desk.bot.pk}/").content.decode()

    assert "BTC/USDT is paused" in body
    assert "5 trades failed within an hour" in body
