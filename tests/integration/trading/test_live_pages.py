"""The pages of real money and of copies, as people and programs use them."""

from __future__ import annotations

import pytest
from django.test import Client
from django.utils import timezone

from apps.accounts.models import Membership
from apps.trading.models import Bot, LiveUnlock
from apps.trading.services import bots
from tests.factories.live import RIGHTS, live_desk
from tests.factories.markets import instrument, mirrored
from tests.factories.trading import PARAMS
from tests.factories.venues import connection
from tests.fakes.program import Program, problem

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(db):
    return live_desk()


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
def paper_bot(desk):
    held = [connection(desk.actor, f"practice.{name}").pk for name in ("alpha", "beta")]
    return bots.bot_create(
        actor=desk.actor, name="Paper", strategy="arbitrage", params=PARAMS,
        connection_ids=held, now=timezone.now(),
    )  # fmt: skip


# --- unlock pages


def test_the_checklist_says_what_lacks_and_where_to_go(site, desk):
    desk.cheap.rights = {}
    desk.cheap.save()

    answer = site.get(f"/bots/{desk.bot.pk}/live/")

    lacking = [(each["text"], each["url"]) for each in answer.context["conditions"] if each["url"]]
    assert lacking == [
        (
            "The key of Binance real is proven unable to withdraw.",
            f"/connections/{desk.cheap.pk}",
        )
    ]
    assert b'name="code"' not in answer.content


def test_a_person_unlocks_a_bot_then_starts_it(site, desk):
    page = f"/bots/{desk.bot.pk}/live/"

    answer = site.post(page, {"typed_name": "Real spread", "code": desk.code()})
    started = site.post(f"/bots/{desk.bot.pk}/start/")

    assert (answer.status_code, answer["Location"]) == (302, page)
    assert LiveUnlock.objects.get().bot_id == desk.bot.pk
    assert started.status_code == 302
    assert Bot.objects.get(pk=desk.bot.pk).status == "RUNNING"


@pytest.mark.parametrize(
    ("typed", "shift", "field", "status"),
    [("Other", 1, "typed_name", 422), ("Real spread", 400, "code", 401)],
)
def test_what_is_wrong_stands_at_its_field(site, desk, typed, shift, field, status):
    answer = site.post(
        f"/bots/{desk.bot.pk}/live/", {"typed_name": typed, "code": desk.code(shift)}
    )

    assert (answer.status_code, list(answer.context["form"].errors)) == (status, [field])
    assert not LiveUnlock.objects.exists()


def test_starting_a_locked_bot_leads_to_its_checklist(site, desk):
    answer = site.post(f"/bots/{desk.bot.pk}/start/")

    assert answer["Location"] == f"/bots/{desk.bot.pk}/live/"
    assert Bot.objects.get(pk=desk.bot.pk).status == "STOPPED"


def test_one_press_locks_and_stops(site, desk):
    desk.unlock()
    desk.start()

    site.post(f"/bots/{desk.bot.pk}/live/lock/")

    assert Bot.objects.get(pk=desk.bot.pk).status == "STOPPED"
    assert LiveUnlock.objects.filter(revoked_at=None).count() == 0


def test_orders_by_hand_are_unlocked_per_connection(site, desk):
    page = f"/connections/{desk.cheap.pk}/live/"

    site.post(page, {"typed_name": desk.cheap.label, "code": desk.code()})

    assert LiveUnlock.objects.get().connection_id == desk.cheap.pk
    assert site.get(page).context["unlocked"]


def test_the_head_of_every_page_says_real_money(site, desk):
    desk.unlock()
    assert site.get("/bots/").context["shell"]["mode"] == "PAPER"
    desk.start()

    answer = site.get("/bots/")

    assert answer.context["shell"]["mode"] == "LIVE"
    assert b"REAL MONEY" in answer.content


@pytest.mark.parametrize("path", ["live/", "live/lock/", "copy/"])
def test_mallory_finds_nothing_of_alices_bot(stranger, desk, path):
    for method in (stranger.get, stranger.post):
        assert method(f"/bots/{desk.bot.pk}/{path}").status_code in (404, 405)


@pytest.mark.parametrize("path", ["live/", "live/lock/"])
def test_mallory_finds_nothing_of_alices_connection(stranger, desk, path):
    for method in (stranger.get, stranger.post):
        assert method(f"/connections/{desk.cheap.pk}/{path}").status_code in (404, 405)


def test_a_forged_request_unlocks_nothing(desk):
    careful = Client(enforce_csrf_checks=True)
    careful.force_login(Membership.objects.get(workspace_id=desk.actor.workspace_id).user)

    answer = careful.post(
        f"/bots/{desk.bot.pk}/live/", {"typed_name": "Real spread", "code": desk.code()}
    )

    assert answer.status_code == 403
    assert not LiveUnlock.objects.exists()


# --- copies


def test_a_paper_bot_is_copied_for_real_money_and_shown_its_checklist(site, desk, paper_bot):
    answer = site.post(
        f"/bots/{paper_bot.pk}/copy/?mode=LIVE",
        {"name": "Real", "venues": [desk.cheap.pk, desk.dear.pk]},
    )

    made = Bot.objects.latest("pk")
    assert answer["Location"] == f"/bots/{made.pk}/live/"
    assert (made.mode, made.copied_from_id, made.status) == ("LIVE", paper_bot.pk, "STOPPED")


def test_the_copy_form_offers_connections_of_its_mode_alone(site, desk, paper_bot):
    answer = site.get(f"/bots/{paper_bot.pk}/copy/?mode=LIVE")

    assert {each.pk for each in answer.context["connections"]} == {desk.cheap.pk, desk.dear.pk}


@pytest.mark.parametrize(
    ("more", "field"), [({"name": "Paper"}, "name"), ({"venues": []}, "venues")]
)
def test_what_hinders_a_copy_stands_at_its_field(site, desk, paper_bot, more, field):
    given = {"name": "Real", "venues": [desk.cheap.pk, desk.dear.pk]} | more

    answer = site.post(f"/bots/{paper_bot.pk}/copy/?mode=LIVE", given)

    assert (answer.status_code, list(answer.context["form"].errors)) == (422, [field])


def test_pairs_that_the_new_venues_do_not_trade_are_named(site, desk, paper_bot):
    from apps.markets.models import Instrument

    for venue in ("binance", "kraken"):
        Instrument.objects.create(
            venue=venue, symbol="ETH/USDT", base="ETH", quote="USDT", active=True,
            seen_at=timezone.now(),
        )  # fmt: skip

    answer = site.post(
        f"/bots/{paper_bot.pk}/copy/?mode=LIVE",
        {"name": "Real", "venues": [desk.cheap.pk, desk.dear.pk]},
    )

    assert "BTC/USDT" in str(answer.context["form"].errors["venues"])


def test_a_new_bot_is_for_paper_unless_real_money_is_chosen(site, desk):
    paper, real = site.get("/bots/new/"), site.get("/bots/new/?mode=LIVE")

    assert (paper.context["mode"], paper.context["lacking"]) == ("PAPER", True)
    assert (real.context["mode"], real.context["form"].venues) == ("LIVE", {"binance", "kraken"})


def test_a_bot_made_for_real_money_leads_to_its_checklist(site, desk):
    mirrored()
    for venue in ("binance", "kraken"):
        instrument(venue, "BTC/USDT")
    form = site.get("/bots/new/?mode=LIVE").context["form"]
    typed = {name: form[name].value() for name in form.fields if form[name].value()}
    own = {"name": "Second", "pairs": ["BTC/USDT"], "venues": [desk.cheap.pk, desk.dear.pk]}

    answer = site.post("/bots/new/?mode=LIVE", typed | own)

    made = Bot.objects.latest("pk")
    assert (made.name, made.mode, made.status) == ("Second", "LIVE", "STOPPED")
    assert answer["Location"] == f"/bots/{made.pk}/live/"


def test_a_live_bot_is_edited_with_its_own_connections(site, desk):
    answer = site.get(f"/bots/{desk.bot.pk}/edit/")

    assert answer.context["form"].venues == {"binance", "kraken"}


# --- programs


def test_a_program_needs_the_code_as_well(program, desk):
    path = f"bots/{desk.bot.pk}/live"

    without = program.post(path, {"typed_name": "Real spread"})
    with_code = program.post(path, {"typed_name": "Real spread", "code": desk.code()})

    assert (without.status_code, with_code.status_code) == (422, 201)
    told = program.get(path).json()
    assert (told["unlocked"], told["reason"]) == (True, "")


def test_a_program_reads_what_lacks(program, desk):
    desk.cheap.rights = RIGHTS | {"can_withdraw": None}
    desk.cheap.save()

    told = program.get(f"bots/{desk.bot.pk}/live").json()

    assert (told["unlocked"], told["reason"]) == (False, "NEVER")
    assert [each["code"] for each in told["conditions"] if not each["met"]] == ["RIGHTS_PROVEN"]


def test_a_program_locks_again(program, desk):
    desk.unlock()

    assert program.send("DELETE", f"bots/{desk.bot.pk}/live").status_code == 204
    assert not LiveUnlock.objects.filter(revoked_at=None).exists()


def test_a_program_unlocks_orders_by_hand(program, desk):
    path = f"keys/{desk.cheap.pk}/live"

    made = program.post(path, {"typed_name": desk.cheap.label, "code": desk.code()})

    assert made.status_code == 201
    assert LiveUnlock.objects.get().connection_id == desk.cheap.pk
    assert program.send("DELETE", path).status_code == 204


def test_a_program_starts_no_locked_bot(program, desk):
    status, code, details = problem(program.post(f"bots/{desk.bot.pk}/start"))

    assert (status, code, details) == (403, "PRM-0461", {"reason": "NEVER", "missing": []})


def test_a_program_copies_a_bot(program, desk, paper_bot):
    made = program.post(
        f"bots/{paper_bot.pk}/copy",
        {"name": "Real", "mode": "LIVE", "connection_ids": [desk.cheap.pk, desk.dear.pk]},
    )

    assert made.status_code == 201
    told = made.json()
    assert (told["mode"], told["status"], told["copied_from"]) == ("LIVE", "STOPPED", paper_bot.pk)


@pytest.mark.parametrize("path", ["bots/{bot}/live", "keys/{key}/live", "bots/{bot}/drift"])
def test_another_workspaces_program_finds_nothing(desk, mallory, path):
    foreign = Program(mallory.actor)
    address = path.format(bot=desk.bot.pk, key=desk.cheap.pk)

    assert foreign.get(address).status_code == 404
    if not path.endswith("drift"):
        body = {"typed_name": "Real spread", "code": "000000"}
        assert foreign.post(address, body).status_code == 404
        assert foreign.send("DELETE", address).status_code == 404
