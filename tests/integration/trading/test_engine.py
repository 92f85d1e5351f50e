"""The whole path on a real practice venue: book, engine, gate, worker, fills, profit."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.db import connections
from django.utils import timezone

from apps.billing.services import plan_set
from apps.core.domain.people import Actor
from apps.markets.services import instruments_refresh
from apps.portfolio.models import BalanceNow
from apps.trading import tasks
from apps.trading.engine.engine import Engine
from apps.trading.models import Bot, DecisionLog, Fill, Plan
from apps.trading.services import bots
from apps.venues.services import clients_forget, practice_connection_open
from tests.factories.accounts import person
from tests.factories.trading import aligned
from tests.fakes.practice import PracticeVenue, practice_thread

D = Decimal
MONEY = {"USDT": D(50_000), "BTC": D(5)}


@dataclass
class Floor:
    venue: PracticeVenue
    actor: Actor
    links: list[Any]
    bot: Bot
    turn: int = 0

    def books(self, *, alpha: tuple[str, str], beta: tuple[str, str], size: str = "3") -> None:
        """Set both books; a size that differs each time makes each call a change on the wire."""
        self.turn += 1
        more = str(D(size) + D(self.turn % 7) / 1000)
        for code, (bid, ask) in (("alpha", alpha), ("beta", beta)):
            self.venue.set_book_now(code, "BTC/USDT", bids=[(bid, more)], asks=[(ask, more)])

    def theirs(self) -> set[tuple[str, str, Decimal]]:
        """Every execution in the venues' own ledgers: (trade id, instance, quantity)."""
        found = set()
        for link in self.links:
            code = link.venue.partition(".")[2]
            ledger = self.venue.ledger_now(code, link.practice_account)
            for trade in ledger["fills"]:
                found.add((str(trade["trade_id"]), code, D(str(trade["quantity"]))))
        return found

    def ours(self) -> set[tuple[str, str, Decimal]]:
        rows = Fill.objects.values_list("venue_trade_id", "venue", "quantity")
        return {(number, venue.partition(".")[2], size) for number, venue, size in rows}


@pytest.fixture
def floor(transactional_db: None, tmp_path: Path, settings: Any) -> Iterator[Floor]:
    with practice_thread(tmp_path) as venue:
        settings.PRACTICE_URL, settings.PRACTICE_TOKEN = venue.url, venue.token
        clients_forget()
        actor, now = person("alice").actor, timezone.now()
        plan_set(
            actor=Actor.platform(actor.workspace_id),
            workspace_id=actor.workspace_id,
            plan="power",
            now=now,
        )
        links = [
            practice_connection_open(actor=actor, venue=f"practice.{code}", balances=MONEY, now=now)
            for code in ("alpha", "beta")
        ]
        aligned(*links)
        for each in links:
            instruments_refresh(venue=each.venue, now=now)
            tasks.connection_refresh(workspace_id=actor.workspace_id, connection_id=each.pk)
        bot = bots.bot_create(
            actor=actor,
            name="Spread",
            strategy="arbitrage",
            params={"pairs": ["BTC/USDT"], "notional": "1000", "cooldown": "0"},
            connection_ids=[each.pk for each in links],
            now=now,
        )
        for each in links:
            tasks.connection_refresh(workspace_id=actor.workspace_id, connection_id=each.pk)
        bots.bot_start(actor=actor, bot_id=bot.pk, now=now)
        yield Floor(venue, actor, links, bot)
        clients_forget()


@pytest.fixture(autouse=True)
async def readers_let_go() -> AsyncIterator[None]:
    """The thread in which async tests read keeps a connection; the database must be free."""
    yield
    await sync_to_async(connections.close_all)()


async def until(what: Callable[[], bool], *, within: float = 30.0) -> None:
    deadline = time.monotonic() + within
    while not await sync_to_async(what)():
        assert time.monotonic() < deadline, "it did not happen in time"
        await asyncio.sleep(0.05)


async def running(engine: Engine, story: Callable[[], Any]) -> None:
    task = asyncio.create_task(engine.run())
    try:
        await story()
    finally:
        engine.stop()
        await task


async def test_a_real_spread_becomes_a_booked_profit_that_both_ledgers_agree_on(floor):
    def done():
        floor.books(alpha=("99.9", "100"), beta=("101", "101.1"))
        return Plan.objects.filter(status="DONE").exists()

    async def story():
        await until(done)

    await running(Engine(), story)

    plan = await Plan.objects.aget(status="DONE")
    assert plan.pnl > 0
    assert plan.pnl == plan.spread_captured - plan.fees - plan.slippage
    assert plan.pnl_note == ""
    assert await sync_to_async(floor.ours)() == await sync_to_async(floor.theirs)()
    order = await plan.orders.afirst()
    assert order.tick_to_order_us > 0
    assert order.round_trip_us > 0
    bot = await Bot.objects.aget()
    assert (bot.lease_owner, bot.lease_until) == ("", None)
    assert await BalanceNow.objects.filter(asset="BTC").acount() == 2


async def test_without_a_profit_after_fees_it_does_not_trade_and_says_why(floor):
    def told():
        floor.books(alpha=("99.9", "100"), beta=("100.05", "100.15"))
        return DecisionLog.objects.filter(code="BELOW_THRESHOLD").exists()

    async def story():
        await until(told)

    await running(Engine(), story)

    row = await DecisionLog.objects.filter(code="BELOW_THRESHOLD").afirst()
    assert (row.params["symbol"], row.params["threshold"]) == ("BTC/USDT", "0.2")
    assert not await Plan.objects.aexists()
