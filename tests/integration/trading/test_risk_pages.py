"""The risk page and its API: what is in force, who may change it, why something was refused."""

from __future__ import annotations

import pytest
from django.test import Client
from django.utils import timezone

from apps.accounts.models import Membership
from apps.core.domain.people import Role
from apps.core.models import AuditEntry
from apps.trading.models import RiskDecision, RiskPolicy, TradingAccount
from apps.trading.services.account import trading_halt
from tests.factories.trading import D
from tests.fakes.program import Program, problem

pytestmark = pytest.mark.django_db


@pytest.fixture
def site(client, desk):
    client.force_login(Membership.objects.get(workspace_id=desk.actor.workspace_id).user)
    return client


@pytest.fixture
def stranger(mallory):
    found = Client()
    found.force_login(mallory.user)
    return found


@pytest.fixture
def program(desk):
    return Program(desk.actor)


@pytest.fixture
def refusal(desk):
    """The bot's own 525 per trade is broken by 100 BTC at 101."""
    desk.open(intent=desk.intent(quantity=D(100)))
    return RiskDecision.objects.get()


def fields(**more):
    """The form as it stands, with some fields changed."""
    from apps.trading.domain.policies import OWN_DEFAULTS, SPECS
    from apps.trading.web.risk import typed

    return {name: typed(SPECS[name].kind, OWN_DEFAULTS[name]) for name in SPECS} | more


def policy():
    return RiskPolicy.objects.get(scope="WORKSPACE")


def test_the_page_says_who_set_which_limit(site):
    answer = site.get("/risk/")

    shown = {each["name"]: (each["value"], each["scope"]) for each in answer.context["limits"]}
    assert shown["max_order_value"] == ("25,000", "WORKSPACE")
    assert shown["max_book_age"] == ("10", "PLATFORM")
    assert shown["max_slippage"] == ("0.5 %", "WORKSPACE")


def test_a_stricter_limit_is_stored_and_audited(site):
    answer = site.post("/risk/limits/", fields(max_order_value="900", max_slippage="0.2"))

    assert answer.status_code == 302
    assert (policy().max_order_value, policy().max_slippage) == (D(900), D("0.002"))
    entry = AuditEntry.objects.latest("pk")
    assert entry.action == "trading.limits.changed"
    assert entry.data["before"]["max_order_value"] == "25000"
    assert entry.data["after"]["max_order_value"] == "900"


def test_loosening_is_asked_about_and_changes_nothing_before_the_answer(site):
    answer = site.post("/risk/limits/", fields(max_order_value="26000"))

    assert (answer.status_code, answer.context["confirm"]) == (409, ["Largest order"])
    assert not RiskPolicy.objects.filter(scope="WORKSPACE").exists()


def test_a_confirmed_loosening_is_stored(site):
    site.post("/risk/limits/", fields(max_order_value="26000", confirmed="yes"))

    assert policy().max_order_value == 26000


def test_looser_than_the_platform_is_refused_at_its_field(site):
    answer = site.post("/risk/limits/", fields(max_order_value="500001", confirmed="yes"))

    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == ["max_order_value"]
    assert not RiskPolicy.objects.filter(scope="WORKSPACE").exists()


@pytest.mark.parametrize(
    ("name", "typed"),
    [("max_positions", "1.5"), ("max_slippage", "101"), ("daily_loss", "-1"), ("daily_loss", "x")],
)
def test_what_is_no_such_number_is_refused_at_its_field(site, name, typed):
    answer = site.post("/risk/limits/", fields(**{name: typed, "confirmed": "yes"}))

    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == [name]


def test_a_viewer_changes_no_limit(site):
    Membership.objects.update(role=Role.VIEWER)

    site.post("/risk/limits/", fields(max_order_value="900"))

    assert not RiskPolicy.objects.filter(scope="WORKSPACE").exists()


def test_a_refusal_explains_every_rule_with_its_figures(site, refusal):
    answer = site.get(f"/risk/decisions/{refusal.pk}/")

    told = answer.context["answer"]
    rules = {row.rule: row for row in told.rules}
    assert told.text == "refused: 10,100 is above the limit 1,050 per trade"
    assert told.scope_text == "limit of the bot"
    assert rules["notional"].verdict == "REFUSED"
    assert (rules["notional"].actual, rules["notional"].limit) == ("10,100", "1,050")
    assert (rules["exposure"].verdict, rules["exposure"].limit) == ("PASSED", "100,000")


def test_mallory_finds_no_such_decision(stranger, refusal):
    assert stranger.get(f"/risk/decisions/{refusal.pk}/").status_code == 404
    assert len(stranger.get("/risk/").context["page"].object_list) == 0


def test_reducing_is_one_button_and_back(site):
    site.post("/risk/reducing/", {"bot": "", "on": "yes"})
    assert TradingAccount.objects.get().state == "REDUCING"

    site.post("/risk/reducing/", {"bot": ""})
    assert TradingAccount.objects.get().state == "ACTIVE"


def test_reducing_one_bot_leaves_the_workspace_alone(site, desk):
    site.post("/risk/reducing/", {"bot": desk.bot.pk, "on": "yes"})

    desk.bot.refresh_from_db()
    assert (desk.bot.trading_state, TradingAccount.objects.get().state) == ("REDUCING", "ACTIVE")


def test_ending_reducing_never_ends_a_halt(site, desk):
    trading_halt(actor=desk.actor, reason="enough", now=timezone.now())

    site.post("/risk/reducing/", {"bot": ""})

    assert TradingAccount.objects.get().state == "HALTED"


def test_mallory_reduces_nobody_elses_bot(stranger, desk):
    assert stranger.post("/risk/reducing/", {"bot": desk.bot.pk, "on": "yes"}).status_code == 404
    desk.bot.refresh_from_db()
    assert desk.bot.trading_state == "ACTIVE"


def limit(answer, name):
    return next(each for each in answer.json()["items"] if each["name"] == name)


def test_a_program_reads_the_limits(program):
    assert limit(program.get("risk/limits"), "max_order_value") == {
        "name": "max_order_value",
        "kind": "money",
        "value": "25000",
        "scope": "WORKSPACE",
        "own": "25000",
        "cap": "500000",
        "used": None,
    }


def test_a_program_sets_one_limit_and_leaves_the_others(program):
    told = program.send("PATCH", "risk/limits", {"daily_loss": "100"})

    assert limit(told, "daily_loss")["own"] == "100"
    assert limit(told, "max_order_value")["own"] == "25000"


def test_a_program_that_loosens_confirms(program):
    assert problem(program.send("PATCH", "risk/limits", {"daily_loss": "501"}))[1] == "CNF-0411"
    told = program.send("PATCH", "risk/limits", {"daily_loss": "501", "confirm": True})
    assert limit(told, "daily_loss")["own"] == "501"


def test_a_program_is_told_what_no_limit_is_called(program):
    assert problem(program.send("PATCH", "risk/limits", {"max_fun": "1"}))[0] == 422


def test_a_program_asks_why(program, refusal):
    listed = program.get("risk/decisions").json()["items"]
    told = program.get(f"risk/decisions/{refusal.pk}").json()

    assert [each["id"] for each in listed] == [refusal.pk]
    assert (told["code"], told["scope"], told["allowed"]) == ("NOTIONAL_TOO_HIGH", "BOT", False)
    assert {"rule": "order_rate", "verdict": "PASSED"}.items() <= next(
        each for each in told["rules"] if each["rule"] == "order_rate"
    ).items()


def test_allowed_decisions_are_listed_when_asked_for(program, desk):
    desk.open()

    assert program.get("risk/decisions").json()["items"] == []
    told = program.get("risk/decisions?refused=false").json()["items"]
    assert [each["allowed"] for each in told] == [True]
    assert RiskDecision.objects.get().figures == []


def test_mallorys_program_finds_no_decision_of_others(mallory, refusal):
    theirs = Program(mallory.actor)

    assert problem(theirs.get(f"risk/decisions/{refusal.pk}"))[:2] == (404, "NFD-0411")
    assert theirs.get("risk/decisions").json()["items"] == []
