"""HALT, CANCEL and FLATTEN as people and programs ask for them: who may, what they are told."""

from __future__ import annotations

import hashlib
import json
import threading
from io import StringIO
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from apps.accounts.models import Membership, User
from apps.core import outbox
from apps.core.domain.errors import RoleTooLow
from apps.core.domain.people import Actor, Role
from apps.trading.domain.errors import BotMissing, PlatformNeedsStaff
from apps.trading.domain.kill import KillCommand, KillOrigin, KillScope
from apps.trading.guard import desk as guard_desk
from apps.trading.guard.runs import run_carry_out
from apps.trading.models import Bot, KillRun, PlatformTrading, TradingAccount
from apps.trading.services.kill import kill_claim, kill_request
from tests.fakes.ledger_venue import LedgerVenue
from tests.fakes.program import Program, problem

pytestmark = pytest.mark.django_db
COMMANDS = ["HALT", "CANCEL", "FLATTEN"]


@pytest.fixture(autouse=True)
def as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a command says about its process must not outlive the test."""
    monkeypatch.setattr(outbox, "_leaves_delivery", False)
    monkeypatch.setattr(LedgerVenue, "open_orders", lambda *_: [], raising=False)
    spec = SimpleNamespace(open_orders_by_symbol=False)
    monkeypatch.setattr(LedgerVenue, "spec", spec, raising=False)


@pytest.fixture
def site(client, desk):
    client.force_login(Membership.objects.get(workspace_id=desk.actor.workspace_id).user)
    return client


@pytest.fixture
def stranger(mallory):
    found = Client()
    found.force_login(mallory.user)
    return found


def asked(actor: Actor, command: str = "CANCEL", **more: Any) -> KillRun:
    words: dict[str, Any] = {
        "actor": actor,
        "scope": KillScope.WORKSPACE,
        "command": KillCommand(command),
        "origin": KillOrigin.UI,
        "reason": "test",
        "now": timezone.now(),
    }
    return kill_request(**(words | more))


def test_nobody_is_sent_to_sign_in(client, db):
    for path in ("/stop/", "/stop/1/", "/stop/1/report.json"):
        assert client.get(path)["Location"].startswith("/sign-in/")
    assert client.post("/stop/", {"command": "HALT"}).status_code == 302
    assert not KillRun.objects.exists()


@pytest.mark.parametrize("path", ["/stop/", "/stop/resume/"])
def test_a_form_from_elsewhere_stops_nothing(desk, path):
    site = Client(enforce_csrf_checks=True)
    site.force_login(Membership.objects.get(workspace_id=desk.actor.workspace_id).user)

    assert site.post(path, {"command": "HALT"}).status_code == 403
    assert not KillRun.objects.exists()


@pytest.mark.parametrize("command", COMMANDS)
def test_one_press_halts_at_once_and_leads_to_the_page_that_follows_it(site, desk, command):
    answer = site.post("/stop/", {"command": command}, follow=True)

    assert answer.status_code == 200
    assert TradingAccount.objects.get(workspace_id=desk.actor.workspace_id).halted
    run = KillRun.objects.get()
    assert (run.command, run.scope, run.origin) == (command, "WORKSPACE", "UI")
    assert answer.redirect_chain == [(f"/stop/{run.pk}/", 302)]
    assert ('hx-trigger="every 1s"' in answer.content.decode()) is (command != "HALT")


def test_a_press_on_a_bots_page_stops_that_bot_alone(site, desk):
    site.post("/stop/", {"command": "HALT", "scope": "BOT", "bot_id": desk.bot.pk})

    assert Bot.objects.get(pk=desk.bot.pk).trading_state == "HALTED"
    assert not TradingAccount.objects.get(workspace_id=desk.actor.workspace_id).halted
    assert "This bot is halted" in site.get(f"/bots/{desk.bot.pk}/").content.decode()


def test_a_stranger_sees_and_stops_nothing_of_mine(stranger, desk):
    run = asked(desk.actor, "HALT")

    assert stranger.get(f"/stop/{run.pk}/").status_code == 404
    assert stranger.get(f"/stop/{run.pk}/report.json").status_code == 404
    assert b"test" not in stranger.get("/stop/").content.split(b"Earlier stops</h2>")[1]
    answer = stranger.post("/stop/", {"command": "HALT", "scope": "BOT", "bot_id": desk.bot.pk})
    assert answer.status_code == 404
    assert Bot.objects.get(pk=desk.bot.pk).trading_state == "ACTIVE"


def test_a_viewer_may_not_stop(desk):
    viewer = Actor(desk.actor.user_id, desk.actor.workspace_id, Role.VIEWER)

    with pytest.raises(RoleTooLow):
        asked(viewer)
    assert not KillRun.objects.exists()


def test_the_platform_is_for_staff(site, desk):
    with pytest.raises(PlatformNeedsStaff):
        asked(desk.actor, "HALT", scope=KillScope.PLATFORM)
    assert site.post("/stop/", {"command": "HALT", "scope": "PLATFORM"}).status_code == 403
    assert not PlatformTrading.objects.exists()

    User.objects.filter(pk=desk.actor.user_id).update(is_staff=True)
    assert site.post("/stop/", {"command": "HALT", "scope": "PLATFORM"}).status_code == 302
    assert PlatformTrading.objects.get().state == "HALTED"
    assert "Trading is halted for everybody." in site.get("/stop/").content.decode()


def test_a_member_learns_of_a_platform_stop_only_what_is_theirs(site, desk, monkeypatch):
    monkeypatch.setattr(guard_desk, "client_of", lambda number: desk.venues[number])
    run = asked(Actor.platform(0), "FLATTEN", scope=KillScope.PLATFORM)
    foreign = {"at": timezone.now().isoformat(), "code": "X", "params": {"workspace": "999999"}}
    KillRun.objects.update(
        steps=[*run.steps, foreign],
        status="DONE",
        report={"workspaces": [{"workspace": 999999}]},
        report_hash="h",
        finished_at=timezone.now(),
    )

    report = json.loads(site.get(f"/stop/{run.pk}/report.json").content)

    assert report["workspaces"] == []
    assert "999999" not in site.get(f"/stop/{run.pk}/").content.decode()


def test_trading_goes_on_only_with_the_word(site, desk):
    asked(desk.actor, "HALT")

    site.post("/stop/resume/", {"confirm": "yes"})
    assert TradingAccount.objects.get(workspace_id=desk.actor.workspace_id).halted

    site.post("/stop/resume/", {"confirm": "resume"})
    assert not TradingAccount.objects.get(workspace_id=desk.actor.workspace_id).halted


def test_the_downloaded_report_has_the_hash_that_the_page_shows(site, desk):
    run = asked(desk.actor, "HALT")

    text = site.get(f"/stop/{run.pk}/report.json").content

    assert hashlib.sha256(text).hexdigest() == run.report_hash
    assert run.report_hash in site.get(f"/stop/{run.pk}/").content.decode()


def test_a_program_asks_and_follows(desk):
    program = Program(desk.actor)

    made = program.post("kill", {"command": "CANCEL", "reason": "night"})
    listed = program.get("kill").json()["items"]
    shown = program.get(f"kill/{made.json()['id']}").json()

    assert made.status_code == 202
    assert [each["id"] for each in listed] == [made.json()["id"]]
    assert (shown["command"], shown["status"], shown["reason"]) == ("CANCEL", "PENDING", "night")
    assert shown["steps"][0]["code"] == "STATE_HALTED"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"command": "STOP"},
        {"command": "REDUCE"},
        {"command": "HALT", "scope": "BOT"},
        {"command": "HALT", "bot_id": 1},
        {"command": "HALT", "more": 1},
    ],
)
def test_a_program_that_asks_unclearly_is_told_so_and_nothing_stops(desk, body):
    answer = Program(desk.actor).post("kill", body)

    assert answer.status_code == 422
    assert not KillRun.objects.exists()


def test_a_program_of_another_workspace_gets_nothing(desk, mallory):
    run = asked(desk.actor)
    program = Program(mallory.actor)

    assert program.get("kill").json()["items"] == []
    assert problem(program.get(f"kill/{run.pk}"))[:2] == (404, "NFD-0451")
    assert program.post("kill", {"command": "HALT", "scope": "BOT", "bot_id": desk.bot.pk}
                        ).status_code == 404  # fmt: skip
    assert problem(program.post("kill", {"command": "HALT", "scope": "PLATFORM"}))[0] == 403
    assert problem(Program(None).post("kill", {"command": "HALT"}))[0] == 401


def test_stopping_is_not_refused_while_the_broker_is_away(desk, settings, monkeypatch):
    from apps.core import ratelimit

    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    ratelimit.store.cache_clear()
    try:
        answer = Program(desk.actor).post("kill", {"command": "HALT"})
    finally:
        ratelimit.store.cache_clear()

    assert answer.status_code == 202
    assert TradingAccount.objects.get(workspace_id=desk.actor.workspace_id).halted


def test_the_command_does_the_work_itself_where_no_guard_lives(desk, monkeypatch):
    monkeypatch.setattr(guard_desk, "client_of", lambda number: desk.venues[number])
    out = StringIO()
    plan = desk.open()

    monkeypatch.setattr("sys.stdout", out)
    call_command("kill", "CANCEL", "--workspace", str(desk.actor.workspace_id), "--json")

    told = json.loads(out.getvalue())
    assert (told["command"], told["status"]) == ("CANCEL", "DONE")
    plan.refresh_from_db()
    assert plan.status == "FAILED"


@pytest.mark.parametrize("words", [["--bot", "999999"], ["--workspace", "999999"]])
def test_the_command_refuses_what_is_not_there(db, words):
    with pytest.raises(CommandError):
        call_command("kill", "HALT", *words)
    assert not KillRun.objects.exists()


def test_the_command_halts_and_resumes_the_platform(db, capsys):
    call_command("kill", "HALT", "--platform", "--reason", "fire")
    assert PlatformTrading.objects.get().state_reason == "fire"

    call_command("kill", "RESUME", "--platform")
    assert PlatformTrading.objects.get().state == "ACTIVE"


def test_a_program_reads_the_resuming_as_json(db, capsys):
    call_command("kill", "HALT", "--platform")
    capsys.readouterr()

    call_command("kill", "RESUME", "--platform", "--json")

    told = {"command": "RESUME", "scope": "PLATFORM", "state": "ACTIVE"}
    assert json.loads(capsys.readouterr().out) == told


def test_a_run_is_one_guards_until_its_lease_ends(desk):
    run = asked(desk.actor)
    now = timezone.now()

    assert kill_claim(owner="first", now=now) is not None
    assert kill_claim(owner="second", now=now) is None
    assert kill_claim(owner="second", now=now + timezone.timedelta(seconds=6)).pk == run.pk


def test_a_bot_that_is_gone_cannot_be_stopped(desk):
    with pytest.raises(BotMissing):
        asked(desk.actor, scope=KillScope.BOT, bot_id=999_999)


def test_cancel_gives_way_to_a_flatten_over_the_same_ground(desk, monkeypatch):
    monkeypatch.setattr(guard_desk, "client_of", lambda number: desk.venues[number])
    cancel, flatten = asked(desk.actor, "CANCEL"), asked(desk.actor, "FLATTEN")
    for venue in desk.venues.values():
        monkeypatch.setattr(venue, "open_orders", _silent, raising=False)

    claimed = kill_claim(owner="test", now=timezone.now(), run_id=cancel.pk)
    done = run_carry_out(claimed, threading.Event())

    assert done.status == "DONE"
    flatten.refresh_from_db()
    assert flatten.status == "PENDING"


def _silent(symbol=None):
    from apps.venues.domain.errors import VenueUnavailable

    raise VenueUnavailable(venue="fake")
