"""What goes wrong at venues, as a bot's owner sees it: a code on the bot, nothing half-done, and
trading goes on by itself when the cause is gone. A real engine on a real practice venue."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.db import connection as database

from apps.trading import tasks
from apps.trading.campaign import witness
from apps.trading.engine import engine as engine_module
from apps.trading.engine.engine import Engine
from apps.trading.models import Bot, DecisionLog, Plan
from apps.trading.services import connections
from apps.venues import circuit
from apps.venues.tasks import rights_probe
from tests.fakes.practice import TOKEN
from tests.fakes.program import Program, problem
from tests.integration.trading.test_engine import (  # noqa: F401 fixtures
    Floor,
    floor,
    readers_let_go,
    running,
    until,
)

ASKED_EVERY = 0.5  # seconds between two questions about a connection; 15 in earnest


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Pauses that pass by themselves are short, so that going on is seen."""
    monkeypatch.setattr(engine_module, "REFRESH", ASKED_EVERY)
    monkeypatch.setattr(engine_module, "LEASES", 0.3)
    monkeypatch.setattr(engine_module, "QUIET", 0.5)
    monkeypatch.setattr(circuit, "OPEN_FOR", 0.5)
    short = dict.fromkeys(connections.PASSING, timedelta(seconds=1))
    monkeypatch.setattr(connections, "PASSING", short)
    circuit.forget_all()
    yield
    circuit.forget_all()


def code_of(floor: Floor) -> str:  # noqa: F811
    """The code on the bot's page, as its API tells it; empty while it just runs."""
    shown = Program(floor.actor).get(f"bots/{floor.bot.pk}").json()
    found = shown["problem"]
    if found is None:
        return ""
    assert found["message"]
    assert found["action"]
    assert "?" not in found["message"]
    return str(found["code"])


def reasons(floor: Floor) -> set[str]:  # noqa: F811
    return set(DecisionLog.objects.values_list("code", flat=True))


def differences(floor: Floor) -> list[str]:  # noqa: F811
    with database.cursor() as cursor:
        books = witness.books_read(cursor)
    links = [link for link in books.links if link["practice_account"]]
    ledgers = {link["id"]: witness.ledger_ask(floor.venue.url, TOKEN, link) for link in links}
    return witness.discrepancies(books, ledgers)


def apart(floor: Floor) -> None:  # noqa: F811
    floor.books(alpha=("99.9", "100"), beta=("101", "101.1"))


def together(floor: Floor) -> None:  # noqa: F811
    floor.books(alpha=("99.9", "100"), beta=("100.05", "100.15"))


def sweep() -> None:
    """What the clock's beat does every five seconds."""
    tasks.order_sweep()
    tasks.plan_sweep()


async def settled(floor: Floor) -> None:  # noqa: F811
    """Nothing is under way any more and both ledgers agree."""

    def at_rest() -> bool:
        sweep()
        with database.cursor() as cursor:
            return witness.books_read(cursor).at_rest

    await until(at_rest)
    assert await sync_to_async(differences)(floor) == []


def fault(floor: Floor, kind: str, **more: Any) -> None:  # noqa: F811
    floor.venue.add_fault_now("beta", kind, **more)


PASSING = {
    "venue down": ("maintenance", {}, "VEN-0102"),
    "429 storm": ("rate_limit_storm", {}, "VEN-0104"),
    "clock skew": ("clock_skew", {"ms": 60_000}, "VEN-0105"),
}


@pytest.mark.parametrize("trouble", PASSING)
async def test_a_trouble_that_passes_is_shown_and_trading_goes_on_by_itself(floor, trouble):  # noqa: F811
    kind, more, code = PASSING[trouble]

    def shown() -> bool:
        apart(floor)
        return code_of(floor) == code

    def done() -> bool:
        apart(floor)
        return Plan.objects.filter(status="DONE").exists()

    async def story() -> None:
        await sync_to_async(fault)(floor, kind, **more)
        await until(shown)
        await sync_to_async(floor.venue.clear_faults_now)("beta")
        await until(done)
        await until(lambda: code_of(floor) == "")

    await running(Engine(), story)
    await settled(floor)


async def test_a_revoked_key_stops_the_bot_with_what_to_do_and_what_was_filled_is_taken_back(floor):  # noqa: F811
    link = floor.links[1]

    def revoked() -> bool:
        apart(floor)
        return code_of(floor) == "VEN-0106"

    async def story() -> None:
        await sync_to_async(floor.venue.control)(
            "POST", f"beta/accounts/{link.practice_account}/revoke", {}
        )
        await until(revoked)

    await running(Engine(), story)
    await settled(floor)


@pytest.mark.parametrize(
    ("right", "code"), [("can_withdraw", "PRM-0101"), ("can_trade", "PRM-0103")]
)
async def test_a_key_whose_rights_changed_is_found_by_the_daily_probe_and_named_on_the_bot(
    floor,  # noqa: F811
    right: str,
    code: str,
):
    link = floor.links[1]

    def changed(allowed: bool) -> None:
        ledger = floor.venue.running.instances["beta"].exchange.ledger
        setattr(ledger.accounts[int(link.practice_account)], right, allowed)
        rights_probe(workspace_id=link.workspace_id, connection_id=link.pk)

    def done() -> bool:
        apart(floor)
        return Plan.objects.filter(status="DONE").exists()

    async def story() -> None:
        await sync_to_async(changed)(right == "can_withdraw")
        await until(lambda: code_of(floor) == code)
        await sync_to_async(changed)(right != "can_withdraw")
        await until(lambda: code_of(floor) == "")
        await until(done)

    await running(Engine(), story)
    await settled(floor)


async def test_a_missing_balance_is_named_and_a_top_up_is_enough_to_go_on(floor):  # noqa: F811
    link = floor.links[1]

    def emptied() -> None:
        path = f"beta/accounts/{link.practice_account}/reset"
        floor.venue.control("POST", path, {"balances": {"USDT": "50000", "BTC": "0"}})
        tasks.connection_refresh(workspace_id=link.workspace_id, connection_id=link.pk)

    def filled_up() -> None:
        path = f"beta/accounts/{link.practice_account}/deposit"
        floor.venue.control("POST", path, {"balances": {"BTC": "5"}})

    def told() -> bool:
        apart(floor)
        return "BALANCE_TOO_LOW" in reasons(floor)

    def done() -> bool:
        apart(floor)
        return Plan.objects.filter(status="DONE").exists()

    async def story() -> None:
        await until(told)
        await sync_to_async(filled_up)()
        await until(done)

    await sync_to_async(emptied)()
    await running(Engine(), story)
    await settled(floor)


async def test_books_that_stand_still_are_stale_and_books_that_are_lost_are_awaited(floor):  # noqa: F811
    async def story() -> None:
        await sync_to_async(together)(floor)
        await until(lambda: "BOOK_STALE" in reasons(floor))
        await sync_to_async(fault)(floor, "drop_sockets", count=50)
        await sync_to_async(apart)(floor)
        await until(lambda: "BOOK_AWAITED" in reasons(floor))

    def done() -> bool:
        apart(floor)
        return Plan.objects.filter(status="DONE").exists()

    async def and_back() -> None:
        await story()
        await sync_to_async(floor.venue.clear_faults_now)("beta")
        await until(done)

    await running(Engine(), and_back)
    await settled(floor)


async def test_a_trade_under_the_venues_minimum_is_said_and_nothing_is_sent(floor):  # noqa: F811
    """The minimum is 5 USDT there."""

    def told() -> bool:
        apart(floor)
        return "SIZE_TOO_SMALL" in reasons(floor)

    params = {**floor.bot.params, "notional": "4"}
    await Bot.objects.filter(pk=floor.bot.pk).aupdate(params=params)
    await running(Engine(), lambda: until(told))
    assert not await Plan.objects.aexists()


def test_a_pair_that_is_not_traded_at_two_venues_is_refused_by_name(floor):  # noqa: F811
    program = Program(floor.actor)
    body = {
        "name": "Nope",
        "strategy": "arbitrage",
        "params": {"pairs": ["BTC/USDT", "NOPE/USDT"]},
        "connection_ids": [link.pk for link in floor.links],
    }

    status, code, _ = problem(program.post("bots", body))

    assert (status, code) == (422, "VAL-0403")
    assert Bot.objects.count() == 1


async def test_a_pair_that_a_venue_lists_no_more_is_said_and_the_others_are_traded(floor):  # noqa: F811
    def both() -> bool:
        apart(floor)
        said = DecisionLog.objects.filter(code="INSTRUMENT_UNKNOWN", symbol="GONE/USDT").exists()
        return said and Plan.objects.filter(status="DONE", symbol="BTC/USDT").exists()

    params = {**floor.bot.params, "pairs": ["BTC/USDT", "GONE/USDT"]}
    await Bot.objects.filter(pk=floor.bot.pk).aupdate(params=params)
    await running(Engine(), lambda: until(both))
    await settled(floor)
