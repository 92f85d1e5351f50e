"""The dashboard, the first steps and the style guide: whose they are and what they say."""

from __future__ import annotations

import pytest
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.trading.services import bots
from tests.factories.trading import PARAMS
from tests.factories.venues import connection

pytestmark = pytest.mark.django_db
CLOSED = ["/dashboard/", "/dashboard/chart.json", "/styleguide/", "/styleguide/chart.json"]


@pytest.fixture
def site(client: Client, alice):
    client.force_login(alice.user)
    return client


def bot_of(person, name, connections):
    return bots.bot_create(
        actor=person.actor,
        name=name,
        strategy="arbitrage",
        params=PARAMS,
        connection_ids=[each.pk for each in connections],
        now=timezone.now(),
    )


def accounts_of(person):
    return connection(person.actor), connection(person.actor, "practice.beta")


@pytest.mark.parametrize("path", CLOSED)
def test_nobody_is_sent_to_sign_in(client, path):
    answer = client.get(path)

    assert (answer.status_code, answer["Location"]) == (302, f"/sign-in/?next={path}")


def test_nobody_opens_paper_accounts(client):
    assert client.post("/start/paper/").status_code == 302


@pytest.mark.parametrize("path", ["/styleguide/", "/styleguide/chart.json"])
def test_the_style_guide_is_not_there_for_members(site, path):
    assert site.get(path).status_code == 404


@pytest.mark.parametrize("path", ["/styleguide/", "/styleguide/chart.json"])
def test_the_style_guide_opens_for_staff(site, alice, path):
    alice.user.is_staff = True
    alice.user.save()

    assert site.get(path).status_code == 200


def test_a_newcomer_is_led_to_paper_accounts(site):
    html = site.get("/dashboard/").content.decode()

    assert "Three steps to the first trade" in html
    assert 'action="/start/paper/"' in html


def test_with_accounts_the_next_step_is_a_bot(site, alice):
    accounts_of(alice)

    answer = site.get("/dashboard/")

    steps = answer.context["steps"]
    assert (steps.connected, steps.created) == (True, False)
    assert 'action="/start/paper/"' not in answer.content.decode()


def test_with_a_bot_the_last_step_starts_it(site, alice):
    bot = bot_of(alice, "Mine", accounts_of(alice))

    html = site.get("/dashboard/").content.decode()

    assert "Start Mine" in html
    assert f'action="/bots/{bot.pk}/start/"' in html


def test_queries_do_not_grow_with_bots(site, alice):
    accounts = accounts_of(alice)
    bot_of(alice, "First", accounts)
    site.get("/dashboard/")
    with CaptureQueriesContext(database) as few:
        site.get("/dashboard/")
    for n in range(20):
        bot_of(alice, f"Bot {n}", accounts)
    with CaptureQueriesContext(database) as many:
        site.get("/dashboard/")

    assert len(many) == len(few)


def test_a_way_back_leads_nowhere_else(site):
    answer = site.post("/start/paper/", {"next": "https://elsewhere.example/"})

    assert answer["Location"] == "/dashboard/"
