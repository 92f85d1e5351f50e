from __future__ import annotations

import pytest

from apps.accounts.models import Membership
from apps.core.domain.people import Role
from apps.core.ratelimit import store
from apps.portfolio.models import EquityPoint
from apps.trading.models import ArbJob, TradingAccount
from tests.factories.trading import NOON, D
from tests.fakes.program import Program, problem

pytestmark = pytest.mark.django_db
ROUTES = [
    ("POST", "halt"),
    ("POST", "resume"),
    ("GET", "dashboard"),
    ("GET", "arb/jobs"),
    ("POST", "arb/jobs"),
    ("GET", "arb/jobs/1"),
]


@pytest.fixture
def program(desk):
    return Program(desk.actor)


@pytest.fixture
def wanted(desk):
    return {"pair": "BTC/USDT", "connection_ids": [desk.cheap.pk, desk.dear.pk]}


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_nobody_is_asked_to_sign_in(desk, method, path):
    assert problem(Program(None).send(method, path))[:2] == (401, "AUT-0001")
    assert not TradingAccount.objects.get().halted


def test_a_viewer_changes_nothing(desk, program, wanted):
    Membership.objects.update(role=Role.VIEWER)

    for path, body in (("halt", {}), ("resume", {}), ("arb/jobs", wanted)):
        assert problem(program.post(path, body))[:2] == (403, "PRM-0002")
    assert not TradingAccount.objects.get().halted
    assert not ArbJob.objects.exists()


def test_halt_says_since_when_and_why(program):
    told = program.post("halt", {"reason": "maintenance"}).json()

    account = TradingAccount.objects.get()
    assert account.halted
    assert told == {
        "halted": True,
        "at": account.state_at.isoformat().replace("+00:00", "Z"),
        "reason": "maintenance",
    }


def test_halting_twice_is_success_and_keeps_the_first_reason(program):
    program.post("halt", {"reason": "first"})

    assert program.post("halt", {"reason": "second"}).json()["reason"] == "first"


def test_mallory_halts_only_herself(desk, mallory):
    Program(mallory.actor).post("halt")

    assert TradingAccount.objects.get(state="HALTED").workspace_id == mallory.actor.workspace_id


def test_trading_resumes(program):
    program.post("halt")

    assert program.post("resume").json() == {"halted": False, "at": None, "reason": ""}
    assert not TradingAccount.objects.get().halted


def test_a_late_repeat_of_a_resume_does_not_lift_a_newer_halt(program):
    program.post("resume", key="k-1")
    program.post("halt")

    again = program.post("resume", key="k-1")

    assert again["Idempotency-Replayed"] == "true"
    assert TradingAccount.objects.get().halted


def test_a_halt_is_never_answered_from_memory(program):
    program.post("halt", key="k-1")
    program.post("resume")
    program.post("halt", key="k-1")

    assert TradingAccount.objects.get().halted


def test_a_halt_passes_where_trading_writes_are_used_up(desk, program):
    for _ in range(60):
        program.post("resume")
    refused = program.post("resume")
    assert problem(refused)[:2] == (429, "RAT-0001")
    assert (refused["X-RateLimit-Limit"], refused["X-RateLimit-Remaining"]) == ("60", "0")

    assert program.post("halt").status_code == 200
    assert program.post(f"bots/{desk.bot.pk}/stop").status_code == 200


def test_a_halt_passes_while_the_rate_store_is_down(program, monkeypatch):
    from redis import RedisError

    def down(*_: object) -> None:
        raise RedisError

    monkeypatch.setattr(store(), "eval", down)

    assert problem(program.post("resume"))[:2] == (503, "SYS-0003")
    assert program.post("halt").status_code == 200


def test_what_is_left_of_the_rate_limit_is_told(program):
    first, second = program.get("dashboard"), program.get("dashboard")

    assert first["X-RateLimit-Limit"] == "600"
    assert int(first["X-RateLimit-Remaining"]) - int(second["X-RateLimit-Remaining"]) == 1


def test_the_dashboard_tells_what_is_owned_earned_and_running(desk, program):
    desk.submit(desk.open())
    EquityPoint.objects.create(workspace_id=desk.actor.workspace_id, at=NOON, equity=D("12.50"))

    told = program.get("dashboard").json()

    assert told["equity"] == {
        "value": "12.5",
        "currency": "USDT",
        "unknown_because": "",
        "at": "2026-06-01T12:00:00Z",
    }
    assert [(row["quote"], row["pnl"]) for row in told["pnl"]] == [("USDT", "0.44975")]
    assert told["halt"] == {"halted": False, "at": None, "reason": ""}
    assert [(bot["id"], bot["status"]) for bot in told["bots"]] == [(desk.bot.pk, "RUNNING")]
    assert told["latency"]["round_trip"]["count"] == 2


def test_mallorys_dashboard_is_empty(desk, mallory):
    nothing = {"p50": None, "p99": None, "count": 0}

    assert Program(mallory.actor).get("dashboard").json() == {
        "equity": None,
        "pnl": [],
        "latency": {"tick_to_order": nothing, "round_trip": nothing},
        "halt": {"halted": False, "at": None, "reason": ""},
        "bots": [],
    }


def test_an_unknown_equity_says_why(desk, program):
    EquityPoint.objects.create(
        workspace_id=desk.actor.workspace_id, at=NOON, unknown_because="PRICE_MISSING"
    )

    told = program.get("dashboard").json()["equity"]

    assert (told["value"], told["unknown_because"]) == (None, "PRICE_MISSING")


def test_a_job_is_queued(desk, program, wanted):
    answer = program.post("arb/jobs", wanted | {"threshold": "0.3"})

    job = ArbJob.objects.get()
    told = answer.json()
    assert answer.status_code == 202
    assert told["params"].pop("threshold") == "0.3"
    assert {name: told[name] for name in told if name != "params"} == {
        "id": job.pk,
        "pair": "BTC/USDT",
        "connection_ids": [desk.cheap.pk, desk.dear.pk],
        "status": "QUEUED",
        "code": "",
        "text": "",
        "plan_id": None,
        "created_at": job.created_at.isoformat().replace("+00:00", "Z"),
        "decided_at": None,
    }
    assert program.get(f"arb/jobs/{job.pk}").json()["status"] == "QUEUED"


def test_a_repeated_job_is_the_first_one(program, wanted):
    first = program.post("arb/jobs", wanted, key="k-1")

    assert program.post("arb/jobs", wanted, key="k-1").json() == first.json()
    assert ArbJob.objects.count() == 1


def test_a_decided_job_says_why(desk, program, wanted):
    program.post("arb/jobs", wanted)
    params = {"symbol": "BTC/USDT", "net": "0.08", "threshold": "0.15", "buy": "x", "sell": "y"}
    ArbJob.objects.update(status="NOTHING", code="BELOW_THRESHOLD", code_params=params)

    told = program.get("arb/jobs").json()["items"][0]

    assert told["text"] == (
        "skipped BTC/USDT: net 0.08 % from x to y is below the threshold 0.15 %"
    )


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"pair": "BTC"}, "pairs"),
        ({"pair": ""}, "pair"),
        ({"connection_ids": [1]}, "connection_ids"),
        ({"threshold": "much"}, "threshold"),
        ({"leverage": "2"}, "leverage"),
    ],
)
def test_a_wrong_field_is_named_and_no_job_is_made(program, wanted, change, field):
    status, _, details = problem(program.post("arb/jobs", wanted | change))

    assert (status, set(details)) == (422, {field})
    assert not ArbJob.objects.exists()


def test_mallory_finds_no_such_job(program, wanted, mallory):
    program.post("arb/jobs", wanted)
    stranger = Program(mallory.actor)

    assert problem(stranger.get(f"arb/jobs/{ArbJob.objects.get().pk}"))[:2] == (404, "NFD-0405")
    assert stranger.get("arb/jobs").json()["items"] == []
    assert stranger.post("arb/jobs", wanted).status_code == 404
    assert ArbJob.objects.count() == 1
