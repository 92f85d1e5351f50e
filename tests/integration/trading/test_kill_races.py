"""Two at once: askers, guards, commands over several workspaces. Real threads, real rows."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.db import connections
from django.utils import timezone

from apps.core.domain.people import Actor
from apps.trading.domain.kill import KillCommand, KillOrigin, KillScope
from apps.trading.guard.runs import run_carry_out
from apps.trading.models import KillRun, Order, TradingAccount
from apps.trading.selectors.positions_net import net_positions
from apps.trading.services.kill import kill_claim, kill_request
from tests.integration.trading.test_engine import Floor, floor  # noqa: F401 a fixture
from tests.integration.trading.test_kill import ALPHA, D, asked, held, order_of, quiet  # noqa: F401


def together(work: Callable[[], Any], count: int) -> list[Any]:
    """The same thing in so many threads at the same moment."""
    ready = threading.Barrier(count)

    def one(_number: int) -> Any:
        try:
            ready.wait(10)
            return work()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))


def test_many_who_ask_at_once_ask_for_one_run(floor):  # noqa: F811
    runs = together(lambda: asked(floor, KillCommand.FLATTEN).pk, 6)

    assert len(set(runs)) == 1
    assert KillRun.objects.count() == 1


def test_of_many_guards_one_takes_a_run(floor):  # noqa: F811
    asked(floor, KillCommand.CANCEL)

    taken = together(lambda: kill_claim(owner=threading.current_thread().name,
                                        now=timezone.now()), 6)  # fmt: skip

    assert sum(run is not None for run in taken) == 1


def test_a_bots_and_its_workspaces_flatten_at_once_close_a_position_once(floor):  # noqa: F811
    floor.books(alpha=("99", "100"), beta=("99", "100"))
    order_of(floor, ALPHA, "buy", "0.5", "100")
    asked(floor, KillCommand.FLATTEN)
    asked(floor, KillCommand.FLATTEN, scope=KillScope.BOT, bot_id=floor.bot.pk)

    def guard() -> Any:
        run = kill_claim(owner=threading.current_thread().name, now=timezone.now())
        return run and run_carry_out(run, threading.Event()).status

    assert together(guard, 2) == ["DONE", "DONE"]
    assert Order.objects.filter(origin="KILL").count() == 1
    assert held(floor, ALPHA, "BTC") == D(5)


def test_a_platform_flatten_reaches_every_workspace_that_has_something_open(floor, mallory):  # noqa: F811
    floor.books(alpha=("99", "100"), beta=("99", "100"))
    order_of(floor, ALPHA, "buy", "0.5", "100")
    TradingAccount.objects.get_or_create(workspace_id=mallory.actor.workspace_id)
    run = kill_request(
        actor=Actor.platform(0),
        scope=KillScope.PLATFORM,
        command=KillCommand.FLATTEN,
        origin=KillOrigin.COMMAND,
        reason="test",
        now=timezone.now(),
    )

    done = run_carry_out(kill_claim(owner="test", now=timezone.now()), threading.Event())

    assert (done.pk, done.status) == (run.pk, "DONE")
    assert [part["workspace"] for part in done.report["workspaces"]] == [floor.actor.workspace_id]
    assert net_positions(floor.actor.workspace_id) == []
