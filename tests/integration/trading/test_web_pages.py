"""Pages of bots and trades: whose they are, what they cost, what they refuse."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime

import pytest
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.accounts.models import Membership
from apps.core.domain.people import Role
from apps.trading.models import Bot, Fill, TradingAccount
from apps.trading.selectors.trades import CSV_HEADER
from apps.trading.services import account, bots
from apps.trading.web.pairs import pairs_offered
from tests.factories.markets import instrument, mirrored, spread_row
from tests.factories.trading import PARAMS, D

pytestmark = pytest.mark.django_db
OPEN = ["/bots/", "/bots/new/", "/trades/", "/trades.csv"]
ONE = ["", "trades/", "positions/", "decisions/", "settings/", "edit/", "chart.json"]
POSTS = ["start/", "stop/", "delete/"]


@pytest.fixture
def site(client, desk):
    client.force_login(user_of(desk))
    return client


@pytest.fixture
def stranger(mallory):
    found = Client()
    found.force_login(mallory.user)
    return found


@pytest.fixture
def plan(desk):
    """Bought 0.5 BTC at 100 and sold it at 101, 5 bps a leg."""
    return desk.submit(desk.open())


def user_of(desk):
    return Membership.objects.get(workspace_id=desk.actor.workspace_id).user


def said(answer):
    return [str(message) for message in answer.context["messages"]]


@pytest.mark.parametrize("path", OPEN)
def test_nobody_is_sent_to_sign_in(client, db, path):
    answer = client.get(path)

    assert (answer.status_code, answer["Location"]) == (302, f"/sign-in/?next={path}")


@pytest.mark.parametrize("path", ONE)
def test_nobody_sees_a_bot(client, desk, path):
    answer = client.get(f"/bots/{desk.bot.pk}/{path}")

    assert answer.status_code == 302
    assert answer["Location"].startswith("/sign-in/")


@pytest.mark.parametrize("path", ["/halt/", "/resume/", *(f"/bots/1/{each}" for each in POSTS)])
def test_nobody_changes_anything(client, desk, path):
    answer = client.post(path, {"confirm": "RESUME"})

    assert answer.status_code == 302
    assert answer["Location"].startswith("/sign-in/")


@pytest.mark.parametrize("path", ONE)
def test_mallory_finds_no_such_bot(stranger, desk, path):
    assert stranger.get(f"/bots/{desk.bot.pk}/{path}").status_code == 404


@pytest.mark.parametrize("path", [*POSTS, "edit/"])
def test_mallory_changes_no_bot(stranger, desk, path):
    before = Bot.objects.filter(pk=desk.bot.pk).values().get()

    answer = stranger.post(f"/bots/{desk.bot.pk}/{path}", {"confirm": desk.bot.name})

    assert answer.status_code == 404
    assert Bot.objects.filter(pk=desk.bot.pk).values().get() == before


def test_mallorys_pages_are_empty(stranger, plan):
    assert stranger.get("/bots/").context["bots"] == []
    assert stranger.get("/trades/").context["page"].object_list == []


@pytest.mark.parametrize("path", ["/bots/", "/trades/", "/bots/{bot}/", "/bots/{bot}/trades/"])
def test_queries_do_not_grow(site, desk, plan, path):
    path = path.format(bot=desk.bot.pk)
    site.get(path)
    with CaptureQueriesContext(database) as few:
        site.get(path)
    known = Fill.objects.filter(order__plan=plan).first()
    for n in range(20):
        bots.bot_create(
            actor=desk.actor,
            name=f"Bot {n}",
            strategy="arbitrage",
            params=PARAMS,
            connection_ids=[desk.cheap.pk, desk.dear.pk],
            now=timezone.now(),
        )
        known.pk, known.venue_trade_id = None, f"more-{n}"
        known.save(force_insert=True)
    with CaptureQueriesContext(database) as many:
        site.get(path)

    assert len(many) == len(few)


def test_a_bot_without_its_name_typed_stays(site, desk):
    answer = site.post(f"/bots/{desk.bot.pk}/delete/", {"confirm": "something"}, follow=True)

    assert said(answer) == ["Type the bot's name to remove it. Nothing was changed."]
    assert Bot.objects.get(pk=desk.bot.pk).deleted_at is None


def test_a_bot_with_its_name_typed_leaves_the_list(site, desk):
    answer = site.post(f"/bots/{desk.bot.pk}/delete/", {"confirm": " spread "}, follow=True)

    assert answer.context["bots"] == []
    assert Bot.objects.get(pk=desk.bot.pk).deleted_at is not None


def halted(desk):
    return TradingAccount.objects.get(workspace_id=desk.actor.workspace_id).halted


def test_halt_needs_no_word_and_the_next_page_says_so(site, desk):
    answer = site.post("/halt/", {}, follow=True)

    assert halted(desk)
    assert "Trading is halted." in answer.content.decode()


def test_resume_needs_its_word(site, desk):
    account.trading_halt(actor=desk.actor, reason="a test", now=timezone.now())

    answer = site.post("/resume/", {"confirm": "resum"}, follow=True)

    assert said(answer) == ["Type the word to resume trading. It is still halted."]
    assert halted(desk)


def test_the_word_resumes(site, desk):
    account.trading_halt(actor=desk.actor, reason="a test", now=timezone.now())

    site.post("/resume/", {"confirm": "resume"})

    assert not halted(desk)


def test_a_viewer_may_not_halt_and_is_told_why(site, desk):
    Membership.objects.filter(workspace_id=desk.actor.workspace_id).update(role=Role.VIEWER)

    answer = site.post("/halt/", {})

    assert answer.status_code == 403
    assert "PRM-" in answer.content.decode()
    assert not TradingAccount.objects.filter(
        workspace_id=desk.actor.workspace_id, state="HALTED"
    ).exists()


def test_a_running_bot_says_that_it_must_stop_before_it_changes(site, desk):
    html = site.get(f"/bots/{desk.bot.pk}/edit/").content.decode()

    assert "This bot is running" in html


def test_a_start_that_is_refused_leads_back_with_the_reason(site, desk):
    site.post(f"/bots/{desk.bot.pk}/stop/")
    account.trading_halt(actor=desk.actor, reason="a test", now=timezone.now())

    answer = site.post(f"/bots/{desk.bot.pk}/start/", follow=True)

    assert said(answer)[-1] == "Trading is halted. Resume it first."
    assert Bot.objects.get(pk=desk.bot.pk).status == "STOPPED"


def test_a_bot_with_an_open_trade_is_stopped_and_stays(site, desk):
    desk.open()

    answer = site.post(f"/bots/{desk.bot.pk}/delete/", {"confirm": desk.bot.name}, follow=True)

    bot = Bot.objects.get(pk=desk.bot.pk)
    assert (bot.status, bot.deleted_at) == ("STOPPED", None)
    assert len(said(answer)) == 1


def test_a_refused_form_keeps_what_was_typed_and_says_it_at_the_field(site, desk):
    site.post(f"/bots/{desk.bot.pk}/stop/")
    typed = {"name": "Mine", "pairs": ["BTC/USDT"], "venues": [desk.cheap.pk, desk.dear.pk]}
    page = site.get(f"/bots/{desk.bot.pk}/edit/").context["form"]
    rest = {name: page[name].value() or "" for name in page.fields if name not in typed}

    answer = site.post(
        f"/bots/{desk.bot.pk}/edit/", {**rest, **typed, "threshold": "a lot", "notional": "777"}
    )

    form = answer.context["form"]
    assert answer.status_code == 422
    assert list(form.errors) == ["threshold"]
    assert (form["name"].value(), form["notional"].value()) == ("Mine", "777")


def test_a_newcomer_is_offered_paper_accounts_instead_of_a_form(stranger):
    html = stranger.get("/bots/new/").content.decode()

    assert "A bot needs accounts at two venues" in html
    assert 'action="/start/paper/"' in html
    assert 'name="threshold"' not in html


def test_the_chart_has_one_point_a_second(site, desk, plan):
    data = site.get(f"/bots/{desk.bot.pk}/chart.json").json()["series"][0]["data"]

    plan.refresh_from_db()
    assert data == [[int(plan.closed_at.timestamp()), str(plan.pnl)]]


def test_the_csv_is_exact(site, desk, plan):
    Fill.objects.update(traded_at=datetime(2026, 6, 1, 12, tzinfo=UTC))
    plan.refresh_from_db()

    text = b"".join(site.get("/trades.csv").streaming_content).decode()
    head, *rows = list(csv.reader(io.StringIO(text)))

    named = [dict(zip(head, row, strict=True)) for row in rows]
    told = sorted(
        (r["side"], r["venue"], r["quantity"], r["price"], r["value"], r["fee"], r["fee_asset"])
        for r in named
    )
    assert head == list(CSV_HEADER)
    assert told == [
        ("buy", "practice.alpha", "0.5", "100", "50", "0.025", "USDT"),
        ("sell", "practice.beta", "0.5", "101", "50.5", "0.02525", "USDT"),
    ]
    assert {D(r["plan_profit"]) for r in named} == {plan.pnl}
    assert {r["time"] for r in named} == {"2026-06-01T12:00:00+00:00"}


def test_the_csv_of_a_filter_holds_what_the_page_shows(site, plan):
    text = b"".join(site.get("/trades.csv?side=sell").streaming_content).decode()

    assert [row["side"] for row in csv.DictReader(io.StringIO(text))] == ["sell"]


def test_inventory_is_in_percent(site, desk):
    html = site.get(f"/bots/{desk.bot.pk}/positions/").content.decode()

    assert html.count("50\N{NARROW NO-BREAK SPACE}%") == 8  # two assets at two venues, and wanted
    assert 'value="0.5" max="1"' in html


def test_right_after_a_start_the_form_offers_what_two_venues_list():
    mirrored()
    for venue, symbol in [("alpha", "BTC/USDT"), ("beta", "BTC/USDT"), ("alpha", "ETH/USDT")]:
        instrument(venue, symbol)

    assert pairs_offered(["alpha", "beta"], []) == ["BTC/USDT"]
    assert pairs_offered(["alpha", "beta"], ["SOL/USDT"]) == ["BTC/USDT", "SOL/USDT"]
    assert pairs_offered(["alpha", "alpha"], []) == []


def test_a_living_board_says_which_pairs_there_are():
    instrument("alpha", "BTC/USDT")
    instrument("beta", "BTC/USDT")
    mirrored(spread_row("ETH/USDT"))

    assert pairs_offered(["alpha", "beta"], []) == ["ETH/USDT"]
    mirrored()
