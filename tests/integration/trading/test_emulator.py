"""The engine's emulator with live books of a real practice venue; two of them at once."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import timedelta

import pytest
from asgiref.sync import sync_to_async
from django.db import connections
from django.utils import timezone

from apps.core.ending import end_all
from apps.markets.hub import MarketHub
from apps.trading.domain.groups import GroupKind
from apps.trading.engine.database import Database
from apps.trading.engine.emulator import Emulator
from apps.trading.models import Order, OrderGroup
from apps.trading.services import order_place, order_slices
from apps.venues.domain.ports import OrderKind, Side
from tests.integration.trading.tills import D, Till, stops_not_held, till_open


@pytest.fixture
def till(transactional_db: None, tmp_path, settings) -> Iterator[Till]:
    with till_open(tmp_path, settings) as opened, stops_not_held():
        yield opened


@pytest.fixture
def holding(transactional_db: None, tmp_path, settings) -> Iterator[Till]:
    """At a venue that holds stops."""
    with till_open(tmp_path, settings) as opened:
        yield opened


@pytest.fixture(autouse=True)
async def readers_let_go() -> AsyncIterator[None]:
    yield
    await sync_to_async(connections.close_all)()


async def until(what: Callable[[], bool], within: float = 20.0) -> None:
    deadline = time.monotonic() + within
    while not await sync_to_async(what)():
        assert time.monotonic() < deadline, "it did not happen in time"
        await asyncio.sleep(0.05)


@contextlib.asynccontextmanager
async def watching(engines: int = 1) -> AsyncIterator[list[Emulator]]:
    """Emulators, each with a hub and a database thread of its own, as engines have them."""
    emulators, tasks = [], []
    for _ in range(engines):
        hub = MarketHub()
        emulator = Emulator(hub, Database())
        hub.listen(emulator.on_touch)
        emulators.append(emulator)
        tasks += [
            asyncio.create_task(hub.run()),
            asyncio.create_task(emulator.watch_forever()),
            asyncio.create_task(chores(emulator)),
        ]
    try:
        yield emulators
    finally:
        await end_all(tasks)
        for emulator in emulators:
            await emulator.ended()
            await emulator.database.close()


async def chores(emulator: Emulator) -> None:
    while True:
        await emulator.refresh()
        await emulator.slices()
        await emulator.time_out()
        await asyncio.sleep(0.2)


def move(till: Till, bid: str, ask: str) -> Callable[[], None]:
    """Each call is a change on the wire."""
    turn = iter(range(10_000))

    def again() -> None:
        till.book(bid, ask, size=str(50 + next(turn) / 100))

    return again


def armed(till: Till, order: Order, **more: object) -> Order:
    """As it stands at a venue that cannot wait for a price."""
    Order.objects.filter(pk=order.pk).update(**({"emulated": True} | more))
    return order


async def test_two_engines_set_a_stop_off_once(till):
    group = await sync_to_async(till.oco)(till.profit("110"), till.stop("95"))
    push = move(till, "94.9", "95")

    def done() -> bool:
        push()
        return OrderGroup.objects.get(pk=group.pk).status == "DONE"

    async with watching(2):
        await until(done)

    assert await sync_to_async(till.sold)() == D(1)
    await sync_to_async(till.agree)()


async def test_a_stop_is_still_watched_after_a_restart(till):
    """An engine that died left a position and its armed stop; the next one looks after it."""
    group = await sync_to_async(till.bracket)("100", till.stop("95"))
    async with watching():
        await asyncio.sleep(0.3)
    push = move(till, "94.9", "95")

    def done() -> bool:
        push()
        return OrderGroup.objects.get(pk=group.pk).status == "DONE"

    async with watching():
        await until(done)

    assert await sync_to_async(till.sold)() == D("0.9995")


async def test_two_engines_take_a_profit_once_and_the_stop_back_before(holding):
    group = await sync_to_async(holding.oco)(holding.profit("110"), holding.stop("95"))
    push = move(holding, "110.5", "110.6")

    def done() -> bool:
        push()
        return OrderGroup.objects.get(pk=group.pk).status == "DONE"

    async with watching(2):
        await until(done)

    assert await sync_to_async(holding.sold)() == D(1)
    await sync_to_async(holding.agree)()


async def test_a_price_that_falls_while_no_engine_runs_meets_the_stop_at_the_venue(holding):
    group = await sync_to_async(holding.bracket)("100", holding.profit("110"), holding.stop("95"))
    async with watching() as engines:
        await until(lambda: bool(engines[0].armed))
    await sync_to_async(holding.falls_to)("94")  # every engine is gone

    async with watching():
        await sync_to_async(holding.sweep)()

    made = await sync_to_async(holding.roles)(group)
    assert (made["STOP_LOSS"].status, made["TAKE_PROFIT"].status) == ("FILLED", "CANCELLED")
    assert (await OrderGroup.objects.aget(pk=group.pk)).status == "DONE"
    assert await sync_to_async(holding.sold)() == D("0.9995")
    await sync_to_async(holding.agree)()


async def test_a_trailing_stop_follows_the_best_price_and_remembers_it(till):
    stop = till.stop("95", kind=OrderKind.TRAILING_STOP, trigger_price=None, trail=D("0.05"))
    group = await sync_to_async(till.oco)(till.profit("130"), stop)

    def followed(best: str) -> Callable[[], bool]:
        push = move(till, best, str(D(best) + 1))

        def look() -> bool:
            push()
            return Order.objects.get(group=group, group_role="STOP_LOSS").trail_best == D(best)

        return look

    def done() -> bool:
        push()
        return OrderGroup.objects.get(pk=group.pk).status == "DONE"

    async with watching():
        await until(followed("120"))
    push = move(till, "113.9", "114")  # 5 % under 120, which only the first engine saw
    async with watching():
        await until(done)

    sold = await sync_to_async(till.sold)()
    assert sold == D(1)


async def test_a_book_that_must_not_be_believed_sets_nothing_off_and_is_warned_about(till):
    group = await sync_to_async(till.oco)(till.profit("110"), till.stop("95"))
    await sync_to_async(till.venue.set_book_now)("alpha", "BTC/USDT", bids=[], asks=[])

    def warned() -> bool:
        stop = Order.objects.get(group=group, group_role="STOP_LOSS")
        return (stop.warning, stop.status) == ("BOOK_STALE", "ARMED")

    def clear() -> bool:
        push()
        return Order.objects.get(group=group, group_role="STOP_LOSS").warning == ""

    push = move(till, "99", "100")
    async with watching():
        await until(warned)
        await until(clear)


async def test_an_order_past_its_date_is_taken_back(till):
    intent = till.intent(
        Side.SELL, "1", kind=OrderKind.TAKE_PROFIT_LIMIT, trigger_price=D(120), limit_price=D(119)
    )
    order = await sync_to_async(order_place.order_place)(
        actor=till.actor, intent=intent, now=timezone.now()
    )
    ended = timezone.now() - timedelta(seconds=1)
    await sync_to_async(armed)(till, order, expires_at=ended, status="ARMED", sent_at=None)

    async with watching():
        await until(lambda: Order.objects.get(pk=order.pk).status == "CANCELLED")


async def test_slices_are_sent_as_they_come_due(till):
    intent = till.intent(Side.BUY, "1", kind=OrderKind.MARKET, reference_price=D(100))
    group = await sync_to_async(order_slices.order_slices_place)(
        actor=till.actor,
        intent=intent,
        count=2,
        interval=timedelta(seconds=1),
        now=timezone.now(),
    )
    push = move(till, "99.9", "100")

    def done() -> bool:
        push()
        return OrderGroup.objects.get(pk=group.pk).status == "DONE"

    async with watching(2):
        await until(done)

    sizes = [o.filled async for o in Order.objects.filter(group=group).order_by("pk")]
    assert (sizes, group.kind) == ([D("0.5"), D("0.5")], GroupKind.TWAP)
