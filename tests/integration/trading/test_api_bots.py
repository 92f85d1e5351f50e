from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.accounts.models import Membership
from apps.core.domain.people import Role
from apps.trading.models import Bot, BotVenue, DecisionLog
from apps.trading.services import bots
from tests.factories.trading import PARAMS
from tests.fakes.program import Program, problem

pytestmark = pytest.mark.django_db


@pytest.fixture
def program(desk):
    return Program(desk.actor)


@pytest.fixture
def stopped(desk):
    return bots.bot_stop(actor=desk.actor, bot_id=desk.bot.pk, now=timezone.now())


@pytest.fixture
def wanted(desk):
    return {
        "name": "Second",
        "params": PARAMS | {"threshold": "0.25"},
        "connection_ids": [desk.cheap.pk, desk.dear.pk],
    }


def only_views(desk):
    Membership.objects.filter(user_id=desk.actor.user_id).update(role=Role.VIEWER)


def more_bots(desk, count):
    for number in range(count):
        bot = Bot.objects.get(pk=desk.bot.pk)
        bot.pk, bot.name = None, f"copy {number}"
        bot.save()
        BotVenue.objects.create(bot=bot, connection=desk.cheap, venue=desk.cheap.venue)


def queries_of(ask):
    with CaptureQueriesContext(
        connection,
    ) as seen:
        assert ask().status_code == 200
    return len(seen)


ROUTES = [
    ("GET", "bots"),
    ("POST", "bots"),
    ("GET", "bots/{bot}"),
    ("PATCH", "bots/{bot}"),
    ("DELETE", "bots/{bot}"),
    ("POST", "bots/{bot}/start"),
    ("POST", "bots/{bot}/stop"),
    ("GET", "bots/{bot}/decisions"),
    ("GET", "bots/{bot}/positions"),
    ("GET", "bots/{bot}/performance"),
    ("GET", "strategies"),
]
OF_ONE = [route for route in ROUTES if "{bot}" in route[1]]
WRITES = [route for route in ROUTES if route[0] != "GET"]


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_nobody_is_asked_to_sign_in(desk, method, path):
    answer = Program(None).send(method, path.format(bot=desk.bot.pk), {"name": "x", "params": {}})

    assert problem(answer)[:2] == (401, "AUT-0001")


@pytest.mark.parametrize(("method", "path"), OF_ONE)
def test_mallory_finds_no_such_bot_and_changes_nothing(desk, mallory, method, path):
    before = Bot.objects.values().get()

    answer = Program(mallory.actor).send(method, path.format(bot=desk.bot.pk), {"name": "mine"})

    assert problem(answer)[:2] == (404, "NFD-0401")
    assert Bot.objects.values().get() == before


def test_mallory_sees_an_empty_list(desk, mallory):
    assert Program(mallory.actor).get("bots").json() == {"items": [], "next_cursor": None}


@pytest.mark.parametrize(("method", "path"), WRITES)
def test_a_viewer_changes_nothing(desk, program, wanted, method, path):
    only_views(desk)
    before = Bot.objects.values().get()

    answer = program.send(
        method, path.format(bot=desk.bot.pk), wanted if method != "DELETE" else None
    )

    assert problem(answer)[:2] == (403, "PRM-0002")
    assert Bot.objects.values().get() == before


def test_a_bot_is_told_with_parameters_as_people_type_them(desk, program):
    bot = Bot.objects.get()

    assert program.get(f"bots/{bot.pk}").json() == {
        "id": bot.pk,
        "name": "Spread",
        "strategy": "arbitrage",
        "mode": "PAPER",
        "status": "RUNNING",
        "problem": None,
        "params": {name: value for name, value in bot.params.items() if name != "venues"},
        "connection_ids": [desk.cheap.pk, desk.dear.pk],
        "venues": ["practice.alpha", "practice.beta"],
        "pnl": [],
        "on_restart": "RESUME",
        "copied_from": None,
        "capital": None,
        "set_aside": [],
        "created_at": bot.created_at.isoformat().replace("+00:00", "Z"),
        "started_at": bot.started_at.isoformat().replace("+00:00", "Z"),
    }


def test_what_a_bot_earned_stands_in_its_quote(desk, program):
    desk.submit(desk.open())

    assert program.get(f"bots/{desk.bot.pk}").json()["pnl"] == [
        {"quote": "USDT", "pnl": "0.44975", "trades": 1}
    ]


def test_a_bot_is_created_stopped(desk, program, wanted):
    answer = program.post("bots", wanted)

    made = answer.json()
    assert (answer.status_code, made["status"], made["params"]["threshold"]) == (
        201,
        "STOPPED",
        "0.25",
    )
    assert Bot.objects.get(pk=made["id"]).workspace_id == desk.actor.workspace_id


def test_a_repeat_gets_the_first_answer_and_makes_nothing(desk, program, wanted):
    first = program.post("bots", wanted, key="k-1")
    again = program.post("bots", wanted, key="k-1")

    assert (again.status_code, again.json()) == (201, first.json())
    assert again["Idempotency-Replayed"] == "true"
    assert Bot.objects.count() == 2


def test_a_key_of_another_request_is_refused(desk, program, wanted):
    program.post("bots", wanted, key="k-1")

    answer = program.post("bots", wanted | {"name": "Third"}, key="k-1")

    assert problem(answer)[:2] == (409, "CNF-0001")
    assert Bot.objects.count() == 2


@pytest.mark.parametrize(
    ("change", "fields"),
    [
        ({"name": ""}, {"name"}),
        ({"params": {"pairs": ["BTC/USDT"], "threshold": "cheap"}}, {"threshold"}),
        ({"params": {"threshold": "0.2"}}, {"pairs"}),
        ({"params": {"pairs": ["BTC/USDT"], "leverage": "9"}}, {"leverage"}),
        ({"connection_ids": "all"}, {"connection_ids"}),
        ({"mode": "REAL"}, {"mode"}),
        ({"color": "red"}, {"color"}),
    ],
)
def test_a_wrong_field_is_named_and_no_bot_is_made(program, wanted, change, fields):
    status, code, details = problem(program.post("bots", wanted | change))

    assert (status, code, set(details)) == (422, "VAL-0003", fields)
    assert Bot.objects.count() == 1


def test_mallorys_connections_are_not_for_alices_bot(program, wanted, mallory):
    from tests.factories.venues import connection as opened

    foreign = opened(mallory.actor, "practice.gamma")

    answer = program.post("bots", wanted | {"connection_ids": [foreign.pk]})

    assert answer.status_code == 404
    assert Bot.objects.count() == 1


def test_a_change_leaves_what_it_does_not_name(desk, program, stopped):
    answer = program.send("PATCH", f"bots/{stopped.pk}", {"params": {"threshold": "0.4"}})

    assert answer.status_code == 200
    kept = {name: value for name, value in stopped.params.items() if name != "threshold"}
    assert Bot.objects.get().params == kept | {"threshold": "0.4"}
    assert answer.json()["connection_ids"] == [desk.cheap.pk, desk.dear.pk]


def test_a_running_bot_is_not_changed(desk, program):
    answer = program.send("PATCH", f"bots/{desk.bot.pk}", {"name": "New"})

    assert problem(answer)[:2] == (409, "CNF-0402")


def test_a_stopped_bot_starts_and_stops(desk, program, stopped):
    assert program.post(f"bots/{stopped.pk}/start").json()["status"] == "RUNNING"
    assert program.post(f"bots/{stopped.pk}/stop").json()["status"] == "STOPPED"


def test_a_late_repeat_of_a_start_does_not_start_again(desk, program, stopped):
    program.post(f"bots/{stopped.pk}/start", key="k-1")
    program.post(f"bots/{stopped.pk}/stop")

    again = program.post(f"bots/{stopped.pk}/start", key="k-1")

    assert again["Idempotency-Replayed"] == "true"
    assert Bot.objects.get().status == "STOPPED"


def test_a_stop_is_never_answered_from_memory(desk, program, stopped):
    program.post(f"bots/{stopped.pk}/stop", key="k-1")
    program.post(f"bots/{stopped.pk}/start")
    program.post(f"bots/{stopped.pk}/stop", key="k-1")

    assert Bot.objects.get().status == "STOPPED"


def test_a_deleted_bot_is_gone(desk, program, stopped):
    assert program.send("DELETE", f"bots/{stopped.pk}").status_code == 204
    assert program.get("bots").json()["items"] == []


def test_bots_come_in_pages_newest_first(desk, program):
    more_bots(desk, 2)
    first = program.get("bots", {"limit": 2}).json()
    second = program.get("bots", {"limit": 2, "cursor": first["next_cursor"]}).json()

    names = [bot["name"] for bot in first["items"] + second["items"]]
    assert names == ["copy 1", "copy 0", "Spread"]
    assert second["next_cursor"] is None


@pytest.mark.parametrize(
    ("query", "field"),
    [({"limit": "0"}, "limit"), ({"limit": "x"}, "limit"), ({"page": 2}, "page")],
)
def test_a_question_that_makes_no_sense_is_refused_by_name(program, query, field):
    status, code, details = problem(program.get("bots", query))

    assert (status, code, set(details)) == (422, "VAL-0003", {field})


def test_a_made_up_cursor_is_refused(program):
    assert problem(program.get("bots", {"cursor": "x"}))[:2] == (422, "VAL-0004")


def test_twenty_bots_need_as_many_queries_as_one(desk, program):
    program.get("bots")  # the token's last use is written once a minute
    one = queries_of(lambda: program.get("bots"))
    more_bots(desk, 19)

    assert queries_of(lambda: program.get("bots")) == one


def test_a_decision_is_told_with_its_figures(desk, program):
    at = timezone.now()
    params = {"symbol": "BTC/USDT", "net": "0.08", "threshold": "0.15", "buy": "x", "sell": "y"}
    row = DecisionLog.objects.create(
        bot=desk.bot,
        symbol="BTC/USDT",
        code="BELOW_THRESHOLD",
        params=params,
        count=3,
        minute=at,
        last_at=at,
    )

    assert program.get(f"bots/{desk.bot.pk}/decisions").json() == {
        "items": [
            {
                "id": row.pk,
                "at": at.isoformat().replace("+00:00", "Z"),
                "verdict": "SKIPPED",
                "code": "BELOW_THRESHOLD",
                "symbol": "BTC/USDT",
                "text": "skipped BTC/USDT: net 0.08 % from x to y "
                "is below the threshold 0.15 % (×3)",
                "params": params,
                "count": 3,
            }
        ],
        "next_cursor": None,
    }


def test_positions_are_told_by_connection(desk, program):
    found = program.get(f"bots/{desk.bot.pk}/positions").json()

    assert found["advice"] == []
    assert found["items"][0] == {
        "asset": "BTC",
        "connection_id": desk.cheap.pk,
        "held": "10",
        "reserved": "0",
        "value": None,
        "quote": "USDT",
        "share": "0.5",
        "target": "0.5",
    }


def test_performance_adds_up(desk, program):
    desk.submit(desk.open())

    assert program.get(f"bots/{desk.bot.pk}/performance").json() == {
        "items": [
            {
                "quote": "USDT",
                "pnl": "0.44975",
                "today": "0.44975",
                "trades": 1,
                "trades_today": 1,
                "win_rate": "1",
                "spread_captured": "0.5",
                "fees": "0.05025",
                "slippage": "0",
                "reserved": "0",
            }
        ]
    }


def test_strategies_say_what_their_parameters_are(desk, program):
    told = program.get("strategies").json()["items"]

    schema = told[0]["params_schema"]
    assert [kind["code"] for kind in told] == ["arbitrage"]
    assert (schema["required"], schema["properties"]["threshold"]["default"]) == (["pairs"], "0.15")
    assert "venues" not in schema["properties"]
