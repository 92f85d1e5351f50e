"""Alignment on pages, over the API and on the command line: its owner's, staff's, nobody else's."""

from __future__ import annotations

import io
import json
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from apps.trading.models import BotRestart, ConnectionAlignment
from tests.factories.accounts import person
from tests.fakes.program import Program
from tests.integration.trading.test_reconcile import quay  # noqa: F401 a fixture

PROBLEM = {"code": "BALANCE_TOO_LOW", "params": {"asset": "USDT", "amount": "12"}}
SENTENCE = "Reserved orders may take 12 USDT more than the account holds."


@pytest.fixture
def asked(monkeypatch):
    """The connections that a worker was asked to compare."""
    heard = []
    monkeypatch.setattr(
        "apps.trading.tasks_sync.connection_reconcile.delay", lambda **ids: heard.append(ids)
    )
    return heard


@pytest.fixture
def differs(desk):
    """The cheap venue of the desk differs."""
    note = {"code": "EXTERNAL", "params": {"symbol": "BTC/USDT", "venue_order_id": "77"},
            "at": timezone.now().isoformat()}  # fmt: skip
    ConnectionAlignment.objects.filter(connection=desk.cheap).update(
        status="UNALIGNED", problems=[PROBLEM], notes=[note]
    )
    return desk


@pytest.fixture
def site(client, desk):
    client.force_login(_user(desk.actor))
    return client


@pytest.fixture
def stranger(client, db):
    client.force_login(_user(person("mallory").actor))
    return client


def _user(actor):
    from django.contrib.auth import get_user_model

    return get_user_model().objects.get(pk=actor.user_id)


def addresses(link):
    return f"/connections/{link.pk}/alignment/", f"/connections/{link.pk}/compare/"


def test_the_owner_reads_what_differs_and_what_to_do(site, differs):
    html = site.get(addresses(differs.cheap)[0]).content.decode()

    assert 'data-status="UNALIGNED"' in html
    assert SENTENCE in html
    assert "Move the amount back to this account" in html
    assert "Order 77 for BTC/USDT was placed outside CRYONEL" in html


def test_the_panel_comes_alone_where_a_page_asks_for_it(site, differs):
    answer = site.get(addresses(differs.cheap)[0], headers={"HX-Request": "true"})

    assert answer.content.decode().lstrip().startswith("<section")


def test_a_running_bot_says_why_it_waits(site, differs):
    html = site.get(f"/bots/{differs.bot.pk}/").content.decode()

    assert f'id="waits-{differs.cheap.pk}"' in html
    assert SENTENCE in html
    assert f'id="waits-{differs.dear.pk}"' not in html


def test_a_bots_page_tells_its_restart_with_what_was_found(site, desk):
    now = timezone.now()
    BotRestart.objects.create(
        bot=desk.bot, fencing_token=1, policy="RESUME", outcome="RESUMED", at=now, done_at=now,
        detail={"found": {"VENUE_HAS_FILL_WE_LACK": 2}, "open_plans": 1},
    )  # fmt: skip

    html = site.get(f"/bots/{desk.bot.pk}/").content.decode()

    assert "Resumed after an unclean end." in html
    assert "executions of 2 orders booked, 1 trade under way" in html


def test_comparing_now_asks_a_worker_once_per_click(site, desk, asked):
    answer = site.post(addresses(desk.cheap)[1])

    assert (answer.status_code, answer.url) == (302, addresses(desk.cheap)[0])
    assert asked == [{"workspace_id": desk.actor.workspace_id, "connection_id": desk.cheap.pk}]


def test_a_stranger_finds_nothing_and_starts_nothing(stranger, desk, asked):
    page, compare = addresses(desk.cheap)

    assert (stranger.get(page).status_code, stranger.post(compare).status_code) == (404, 404)
    assert asked == []


def test_nobody_is_sent_to_sign_in(client, desk, asked):
    page, compare = addresses(desk.cheap)

    assert {client.get(page).status_code, client.post(compare).status_code} == {302}
    assert client.get("/staff/alignment/").status_code == 302
    assert asked == []


def test_the_list_of_all_is_not_there_for_an_owner(site, desk):
    assert site.get("/staff/alignment/").status_code == 404


def test_staff_see_every_connection_with_what_differs_first(site, differs):
    user = _user(differs.actor)
    user.is_staff = True
    user.save()

    shown = site.get("/staff/alignment/").context["alignments"]

    assert [(each.connection_id, each.status) for each in shown] == [
        (differs.cheap.pk, "UNALIGNED"), (differs.dear.pk, "ALIGNED"),
    ]  # fmt: skip


def test_a_program_reads_it_with_codes_and_sentences(differs):
    told = Program(differs.actor).get(f"keys/{differs.cheap.pk}/alignment").json()

    assert (told["key_id"], told["status"]) == (differs.cheap.pk, "UNALIGNED")
    assert told["problems"] == [
        {
            "code": "BALANCE_TOO_LOW",
            "params": {"asset": "USDT", "amount": "12"},
            "text": SENTENCE,
            "advice": "Move the amount back to this account, or stop the bots that reserved it.",
            "at": None,
        }
    ]


def test_a_program_has_a_key_compared(desk, asked):
    answer = Program(desk.actor).post(f"keys/{desk.cheap.pk}/reconcile")

    assert (answer.status_code, len(asked)) == (202, 1)


@pytest.mark.parametrize("name", ["mallory", None])
def test_a_program_of_somebody_else_gets_nothing(desk, asked, name):
    other = Program(None if name is None else person(name).actor)
    expected = 401 if name is None else 404

    assert other.get(f"keys/{desk.cheap.pk}/alignment").status_code == expected
    assert other.post(f"keys/{desk.cheap.pk}/reconcile").status_code == expected
    assert asked == []


def test_a_comparison_too_old_is_shown_as_not_known(site, desk):
    long_ago = timezone.now() - timedelta(hours=1)
    ConnectionAlignment.objects.filter(connection=desk.cheap).update(checked_at=long_ago)

    assert 'data-status="UNKNOWN"' in site.get(addresses(desk.cheap)[0]).content.decode()


# --- manage.py reconcile


def reconciled(*words):
    """(exit code, what was printed)."""
    said, code = io.StringIO(), 0
    try:
        call_command("reconcile", *words, stdout=said)
    except SystemExit as end:
        code = int(end.code or 0)
    return code, said.getvalue()


def test_the_command_ends_with_0_where_all_agrees(quay):  # noqa: F811
    code, said = reconciled()

    assert (code, "ALIGNED, 0 orders working" in said) == (0, True)


def test_a_dry_run_says_what_differs_and_ends_with_1(quay):  # noqa: F811
    quay.planned(sent_at=timezone.now() - timedelta(minutes=1))

    code, said = reconciled("--dry-run", "--json", "--connection", str(quay.link.pk))

    told = json.loads(said)
    assert (code, told["dry_run"]) == (1, True)
    assert [each["code"] for each in told["findings"]] == ["OURS_MISSING_AT_VENUE"]
    assert ConnectionAlignment.objects.count() == 0


def test_a_venue_that_cannot_be_asked_ends_with_2(quay):  # noqa: F811
    quay.venue.add_fault_now("alpha", "http_5xx", when="before", endpoint="GET /api/v3/openOrders")

    code, said = reconciled()

    assert code == 2
    assert "not answered: open_orders" in said


def test_a_connection_that_is_not_there_is_said(db):
    with pytest.raises(CommandError, match="There is no trading connection 99"):
        call_command("reconcile", "--connection", "99")
