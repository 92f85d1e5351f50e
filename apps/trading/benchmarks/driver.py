"""The driver of `tick_to_order`: a desk, the engine, books that move, and the bare peer.

Run as a program by the benchmark: `python -m apps.trading.benchmarks.driver TRADES`; prints one
JSON object as its last line.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
import urllib.request
from decimal import Decimal
from statistics import quantiles
from typing import Any

import django

D = Decimal
SYMBOL = "BTC/USDT"
WARM = 10  # trades before any counts
READY_WITHIN = 60.0


def main(trades: int) -> None:
    django.setup()
    links = _desk()
    found = asyncio.run(_trade(trades))
    found["bare"] = _bare(links, trades)
    print(json.dumps(found))  # noqa: T201 the answer to the parent


def _desk() -> list[Any]:
    """A person with two funded paper accounts and a running bot."""
    from django.utils import timezone

    from apps.accounts.services import user_create
    from apps.billing.services import plan_set
    from apps.core.domain.people import Actor
    from apps.markets.services import instruments_refresh
    from apps.trading import tasks
    from apps.trading.services import bots
    from apps.venues.services import practice_connection_open

    now = timezone.now()
    _wait_for_practice()
    _, actor = user_create(email="bench@example.org", password=None, now=now)
    platform = Actor.platform(actor.workspace_id)
    plan_set(actor=platform, workspace_id=actor.workspace_id, plan="power", now=now)
    money = {"USDT": D(100_000_000), "BTC": D(1_000_000)}
    links = [
        practice_connection_open(actor=actor, venue=f"practice.{code}", balances=money, now=now)
        for code in ("alpha", "beta")
    ]
    bot = bots.bot_create(
        actor=actor,
        name="Bench",
        strategy="arbitrage",
        params={
            "pairs": [SYMBOL], "notional": "100", "cooldown": "0", "max_per_hour": "3600",
            "max_per_day": "50000",
        },
        connection_ids=[each.pk for each in links],
        now=now,
    )  # fmt: skip
    for each in links:
        instruments_refresh(venue=each.venue, now=now)
        tasks.connection_refresh(workspace_id=actor.workspace_id, connection_id=each.pk)
    bots.bot_start(actor=actor, bot_id=bot.pk, now=timezone.now())
    return links


async def _trade(trades: int) -> dict[str, Any]:
    """Move the books apart and together again, once for each trade, while the engine runs."""
    from asgiref.sync import sync_to_async

    from apps.trading.engine.engine import Engine
    from apps.trading.models import DecisionLog, Order, Plan

    engine = Engine()
    running = asyncio.create_task(engine.run())
    await asyncio.sleep(3)
    warm = WARM
    done = Plan.objects.filter(status="DONE")
    for number in range(trades + warm):
        before = await done.acount()
        await asyncio.to_thread(_books, apart=True, turn=number)
        deadline = time.monotonic() + 2
        while await done.acount() <= before and time.monotonic() < deadline:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
        await asyncio.to_thread(_books, apart=False, turn=number)
        await asyncio.sleep(0.6)  # the engine reads its facts anew
    engine.stop()
    await running

    def read() -> dict[str, Any]:
        rows = Order.objects.filter(tick_to_order_us__isnull=False).order_by("pk")
        ticks = list(rows.values_list("tick_to_order_us", flat=True))[2 * WARM :]
        trips = list(rows.values_list("round_trip_us", flat=True))[2 * WARM :]
        if len(ticks) < trades:
            codes = list(DecisionLog.objects.values_list("code", "count"))
            reasons = list(Order.objects.values_list("reason", flat=True)[:5])
            raise RuntimeError(f"only {len(ticks)} orders: {codes} {reasons}")
        cuts = quantiles(ticks, n=100)
        return {
            "orders": len(ticks),
            "plans": Plan.objects.filter(status="DONE").count(),
            "p50_ms": round(cuts[49] / 1000, 2),
            "p99_ms": round(cuts[98] / 1000, 2),
            "round_trip_p50_ms": round(quantiles(trips, n=100)[49] / 1000, 2),
        }

    return await sync_to_async(read)()


def _bare(links: list[Any], trades: int) -> dict[str, float]:
    """The same warm client, called straight after the book changed: signing and sending only."""
    from apps.trading.sending import client_of
    from apps.venues.domain.ports import Need, OrderKind, OrderTicket, Side, TimeInForce

    client = client_of(links[0].pk, need=Need.TRADE)
    took = []
    for number in range(trades + 10):
        ticket = OrderTicket(
            client_order_id=f"bare{number}",
            symbol=SYMBOL,
            side=Side.BUY,
            kind=OrderKind.LIMIT,
            quantity=D("0.5"),
            limit_price=D("50"),
            time_in_force=TimeInForce.IOC,
        )
        started = time.perf_counter()
        client.place_order(ticket)
        took.append((time.perf_counter() - started) * 1000)
    cuts = quantiles(took[10:], n=100)
    return {"round_trip_p50_ms": round(cuts[49], 2)}


def _books(*, apart: bool, turn: int) -> None:
    size = str(D(100) + D(turn % 97) / 1000)
    far = ("101", "101.1") if apart else ("100.05", "100.15")
    for code, (bid, ask) in (("alpha", ("99.9", "100")), ("beta", far)):
        body = {"symbol": SYMBOL, "bids": [[bid, size]], "asks": [[ask, size]]}
        _control("POST", f"{code}/book", body)


def _control(method: str, path: str, body: object) -> None:
    request = urllib.request.Request(  # noqa: S310 our own http address
        f"{os.environ['CRYONEL_PRACTICE_URL']}/control/{path}",
        data=json.dumps(body).encode(),
        method=method,
        headers={"Authorization": f"Bearer {os.environ['CRYONEL_PRACTICE_TOKEN']}"},
    )
    with urllib.request.urlopen(request, timeout=10):  # noqa: S310
        pass


def _wait_for_practice() -> None:
    deadline = time.monotonic() + READY_WITHIN
    while True:
        try:
            _books(apart=False, turn=0)
            return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


if __name__ == "__main__":
    main(int(sys.argv[1]))
