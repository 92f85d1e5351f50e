"""Capital that a bot has for itself: set aside at its start, out of others' reach, given back."""

from __future__ import annotations

import pytest
from django.utils import timezone

from apps.accounts.models import Membership
from apps.core.domain.errors import InputRefused
from apps.core.domain.people import Actor
from apps.portfolio.models import BalanceNow
from apps.trading.domain.errors import CapitalNotFree, CapitalUnpriced
from apps.trading.models import Bot, BotCapital, CapitalReservation
from apps.trading.selectors import exposure, gate_prices
from apps.trading.selectors.capital import set_aside
from apps.trading.services import bots, order_place
from apps.trading.services.account import trading_halt, trading_resume
from apps.trading.services.plan_open import plan_open
from tests.factories.markets import book, mirrored
from tests.factories.trading import PARAMS, D, intent, order_intent
from tests.integration.trading.conftest import desk_for
from tests.integration.trading.test_races import together


@pytest.fixture
def priced(db):
    """BTC is worth 100 everywhere."""
    mirrored(books=(book("BTC/USDT", "practice.alpha", "practice.beta"),))
    gate_prices.forget()
    yield
    mirrored()
    gate_prices.forget()


def saver(desk, capital, name="Saver", *, start=True):
    now = timezone.now()
    bot = bots.bot_create(
        actor=desk.actor,
        name=name,
        strategy="arbitrage",
        params=PARAMS,
        connection_ids=[desk.cheap.pk, desk.dear.pk],
        capital=D(capital),
        now=now,
    )
    return bots.bot_start(actor=desk.actor, bot_id=bot.pk, now=now) if start else bot


def opened_by(desk, bot, quantity="0.5"):
    bot.refresh_from_db()
    return plan_open(
        actor=Actor.platform(desk.actor.workspace_id),
        bot_id=bot.pk,
        fencing_token=bot.fencing_token,
        intent=intent((desk.cheap.pk, desk.dear.pk), quantity=D(quantity)),
        now=timezone.now(),
    )


def user_of(desk):
    return Membership.objects.get(workspace_id=desk.actor.workspace_id).user


def kept(bot):
    rows = BotCapital.objects.filter(bot=bot).order_by("connection_id", "asset")
    return [(row.asset, row.amount) for row in rows]


def test_it_stands_while_the_bot_runs(desk, priced):
    bot = saver(desk, 1000)

    assert kept(bot) == [("BTC", D(5)), ("USDT", D(500))] * 2
    bots.bot_stop(actor=desk.actor, bot_id=bot.pk, now=timezone.now())
    assert kept(bot) == []


def test_what_is_set_aside_is_gone_for_others_and_there_for_itself(desk, priced):
    bot = saver(desk, 1000)
    claim = (desk.cheap.pk, "USDT")

    assert exposure.free_capital(desk.actor.workspace_id)[claim] == 9500
    assert opened_by(desk, desk.bot, "5.5").decision.rule == "capital"  # 10 BTC less 5 are free
    assert opened_by(desk, bot, "4").status == "PLANNED"


def test_a_bot_uses_no_more_than_its_own_capital(desk, priced):
    bot = saver(desk, 1000)

    assert opened_by(desk, bot, "5.1").decision.code == "CAPITAL_CAP"  # 5 BTC, and 500 USDT less
    assert opened_by(desk, bot, "3").status == "PLANNED"
    second = opened_by(desk, bot, "2.5")
    assert (second.status, second.decision.code) == ("DENIED", "CAPITAL_CAP")


def test_what_its_open_trades_use_is_a_part_of_it_and_no_addition(desk, priced):
    bot = saver(desk, 1000)
    before = exposure.free_capital(desk.actor.workspace_id)

    opened_by(desk, bot, "3")

    assert exposure.free_capital(desk.actor.workspace_id) == before
    [quote] = [
        each
        for each in set_aside([bot.pk])[bot.pk]
        if (each.connection_id, each.asset) == (desk.cheap.pk, "USDT")
    ]
    assert (quote.amount, quote.in_use) == (D(500), D("300.15"))


def test_orders_by_hand_leave_it_alone_too(desk, priced):
    BalanceNow.objects.filter(connection_id=desk.cheap.pk, asset="USDT").update(free=D(520))
    saver(desk, 1000)

    order = order_place.order_place_bounded(
        actor=desk.actor,
        intent=order_intent(desk.cheap.pk),
        venue="practice.alpha",
        now=timezone.now(),
    )

    assert (order.status, order.decision.rule) == ("DENIED", "capital")


def test_a_start_whose_capital_is_not_free_is_refused_at_the_field_and_changes_nothing(
    desk, priced
):
    saver(desk, 1200)
    bot = saver(desk, 1200, "Second", start=False)

    with pytest.raises(CapitalNotFree) as problem:
        bots.bot_start(actor=desk.actor, bot_id=bot.pk, now=timezone.now())

    bot.refresh_from_db()
    assert (bot.status, kept(bot)) == ("STOPPED", [])
    assert list(problem.value.details) == ["capital"]
    assert "6 BTC at" in str(problem.value)
    assert "4 are free" in str(problem.value)


def test_what_is_unknown_is_not_free(desk, priced):
    BalanceNow.objects.filter(connection_id=desk.dear.pk, asset="BTC").delete()

    with pytest.raises(CapitalNotFree):
        saver(desk, 100)


def test_without_a_live_price_it_cannot_be_split(desk):
    mirrored()

    with pytest.raises(CapitalUnpriced):
        saver(desk, 100)


@pytest.mark.parametrize("capital", ["0", "-1", "NaN", "1e15"])
def test_a_capital_that_is_none_is_refused_at_its_field(desk, capital):
    with pytest.raises(InputRefused) as problem:
        saver(desk, capital, start=False)

    assert list(problem.value.details) == ["capital"]


def test_pairs_of_two_quotes_share_no_capital(desk):
    with pytest.raises(InputRefused):
        bots.bot_create(
            actor=desk.actor,
            name="Two",
            strategy="arbitrage",
            params=PARAMS | {"pairs": ["BTC/USDT", "ETH/BTC"]},
            connection_ids=[desk.cheap.pk, desk.dear.pk],
            capital=D(10),
            now=timezone.now(),
        )


def test_a_change_keeps_it_or_takes_it_away(desk):
    bot = saver(desk, 100, start=False)
    same = {
        "actor": desk.actor,
        "bot_id": bot.pk,
        "name": bot.name,
        "params": bot.params,
        "connection_ids": [],
        "now": timezone.now(),
    }

    assert bots.bot_update(**same).capital == 100
    assert bots.bot_update(**same, capital=None).capital is None


def test_a_halt_gives_nothing_back_and_a_stop_everything(desk, priced):
    bot = saver(desk, 1000)
    trading_halt(actor=desk.actor, reason="enough", now=timezone.now())
    assert len(kept(bot)) == 4
    trading_resume(actor=desk.actor, now=timezone.now())

    bots.bot_stop(actor=desk.actor, bot_id=bot.pk, now=timezone.now())

    assert exposure.free_capital(desk.actor.workspace_id)[desk.cheap.pk, "USDT"] == 10_000


def test_the_page_shows_what_is_set_aside_and_what_of_it_is_used(client, desk, priced):
    bot = saver(desk, 1000)
    opened_by(desk, bot, "3")
    client.force_login(user_of(desk))

    page = client.get(f"/bots/{bot.pk}/positions/").content.decode()
    settings = client.get(f"/bots/{bot.pk}/settings/").content.decode()

    assert "Capital of its own" in page
    assert "300.15" in page
    assert "1000" in settings


def test_the_form_takes_it_and_says_what_is_wrong_at_the_field(client, desk):
    client.force_login(user_of(desk))
    bot = saver(desk, 100, start=False)
    path = f"/bots/{bot.pk}/edit/"
    fields = client.get(path).context["form"]
    sent = {each.name: each.value() for each in fields if each.value() not in (None, False)}
    assert sent["capital"] == "100"

    refused = client.post(path, sent | {"capital": "-5"})
    client.post(path, sent | {"capital": "250.5"})

    assert refused.context["form"].errors.keys() == {"capital"}
    assert Bot.objects.get(pk=bot.pk).capital == D("250.5")


def test_programs_give_it_see_it_and_take_it_away(client, desk, priced):
    client.force_login(user_of(desk))
    bot = saver(desk, 1000)
    path = f"/api/v1/bots/{bot.pk}"

    shown = client.get(path).json()
    client.post(f"{path}/stop")
    changed = client.patch(path, {"capital": None}, content_type="application/json").json()

    assert shown["capital"] == "1000"
    assert shown["set_aside"][0] == {
        "connection_id": desk.cheap.pk, "asset": "USDT", "amount": "500", "in_use": "0"
    }  # fmt: skip
    assert (changed["capital"], changed["set_aside"]) == (None, [])


def test_a_program_is_told_by_field_that_its_capital_is_not_free(client, desk, priced):
    client.force_login(user_of(desk))
    bot = saver(desk, 90_000, start=False)

    answer = client.post(f"/api/v1/bots/{bot.pk}/start")

    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "VAL-0481")
    assert list(answer.json()["error"]["details"]) == ["capital"]


@pytest.mark.django_db(transaction=True)
def test_of_two_starts_at_once_one_gets_the_capital(transactional_db, monkeypatch, priced):
    monkeypatch.setattr("apps.core.outbox.deliver", lambda messages: 0)
    desk = desk_for("alice")
    numbers = [saver(desk, 1200, f"Saver {n}", start=False).pk for n in range(4)]  # 6 of 10 BTC

    def start(number):
        try:
            return bots.bot_start(
                actor=desk.actor, bot_id=numbers[number], now=timezone.now()
            ).status
        except CapitalNotFree:
            return "REFUSED"

    assert sorted(together(start, times=4)) == ["REFUSED"] * 3 + ["RUNNING"]
    assert BotCapital.objects.values("bot").distinct().count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_start_and_orders_at_once_never_promise_a_balance_twice(
    transactional_db, monkeypatch, priced
):
    monkeypatch.setattr("apps.core.outbox.deliver", lambda messages: 0)
    desk = desk_for("alice")
    BalanceNow.objects.filter(asset="USDT").update(free=D(810))
    bot = saver(desk, 1200, start=False)  # 600 on each connection: four orders of 50 fit beside

    def work(number):
        if number == 3:
            try:
                return bots.bot_start(actor=desk.actor, bot_id=bot.pk, now=timezone.now()).status
            except CapitalNotFree:
                return "REFUSED"
        return order_place.order_place_bounded(
            actor=desk.actor,
            intent=order_intent(desk.cheap.pk),
            venue="practice.alpha",
            now=timezone.now(),
        ).status

    outcome = together(work, times=8)

    reserved = sum(CapitalReservation.objects.values_list("amount", flat=True))
    started = outcome[3] == "RUNNING"
    assert reserved + (600 if started else 0) <= 810
    assert outcome.count("PLANNED") == 4 if started else outcome.count("PLANNED") > 4
