"""The guard as a process of its own: no worker runs, the broker is away, and it may be killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest
from django.conf import settings as live_settings
from django.db import connection
from django.utils import timezone

from apps.core import beats
from apps.trading.domain.kill import KillCommand
from apps.trading.models import KillRun, Order, PlatformTrading
from apps.trading.selectors.positions_net import net_positions
from tests.integration.trading.test_engine import Floor, floor  # noqa: F401 a fixture
from tests.integration.trading.test_kill import ALPHA, D, asked, held, order_of, quiet  # noqa: F401

DEAD = "redis://127.0.0.1:1/0"  # nobody listens there
Start = Callable[[], "subprocess.Popen[bytes]"]


def until(what: Callable[[], Any], *, within: float = 40.0) -> Any:
    deadline = time.monotonic() + within
    while not (found := what()):
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)
    return found


def database_url() -> str:
    """Of the test's own database."""
    where = urlsplit(os.environ["DATABASE_URL"])
    return urlunsplit(where._replace(path=f"/{connection.settings_dict['NAME']}"))


@pytest.fixture
def started(floor: Floor, tmp_path: Path, settings: Any) -> Iterator[Start]:  # noqa: F811
    """Starts guards that have a database and venues, and no broker."""
    folder = tmp_path / "data"
    folder.mkdir()
    settings.DATA_DIR = folder
    environ = {
        **os.environ,
        "DATABASE_URL": database_url(),
        "REDIS_URL": DEAD,
        "CRYONEL_DATA_DIR": str(folder),
        "CRYONEL_KEYRING_DIR": str(live_settings.KEYRING_DIR),
        "CRYONEL_PRACTICE_URL": settings.PRACTICE_URL,
        "CRYONEL_PRACTICE_TOKEN": settings.PRACTICE_TOKEN,
        "CRYONEL_KILL_FLATTEN_SECONDS": "60",
        "DJANGO_SETTINGS_MODULE": "cryonel.settings.base",
    }
    made: list[subprocess.Popen[bytes]] = []

    def start() -> subprocess.Popen[bytes]:
        words = [sys.executable, "manage.py", "run", "--direct", "guard"]
        log = (tmp_path / f"guard-{len(made)}.log").open("wb")
        made.append(subprocess.Popen(words, env=environ, stdout=log, stderr=log))
        until(lambda: made[-1].poll() is not None or alive(made[-1].pid))
        assert made[-1].poll() is None, Path(log.name).read_text()
        return made[-1]

    yield start
    for process in made:
        process.kill()
        process.wait(10)


def alive(pid: int) -> bool:
    found = beats.alive(role="guard", now=timezone.now())
    return any(f":{pid}:" in each.instance for each in found)


def over(run: KillRun) -> bool:
    run.refresh_from_db()
    return run.finished_at is not None


def test_flatten_needs_no_worker_and_no_broker(floor, started):  # noqa: F811
    floor.books(alpha=("99", "100"), beta=("99", "100"))
    order_of(floor, ALPHA, "buy", "0.5", "100")
    started()

    run = asked(floor, KillCommand.FLATTEN)
    until(lambda: over(run))

    assert run.status == "DONE"
    assert net_positions(floor.actor.workspace_id) == []
    assert floor.ours() == floor.theirs()


def test_a_guard_killed_in_the_middle_is_followed_by_one_that_closes_no_more_than_was_open(
    floor,  # noqa: F811
    started,
):
    floor.books(alpha=("99", "100"), beta=("99", "100"))
    order_of(floor, ALPHA, "buy", "0.5", "100")
    slow = {"kind": "latency", "ms": 1_500, "endpoint": "POST /api/v3/order", "count": 1}
    floor.venue.add_fault_now("alpha", **slow)
    first = started()

    run = asked(floor, KillCommand.FLATTEN)
    until(lambda: Order.objects.filter(origin="KILL", status="SUBMITTING").exists())
    os.kill(first.pid, signal.SIGKILL)
    started()
    until(lambda: over(run))

    assert run.status == "DONE"
    assert len({step["params"]["by"] for step in run.steps if step["code"] == "TAKEN"}) == 2
    assert held(floor, ALPHA, "BTC") == D(5)
    assert floor.ours() == floor.theirs()


def test_a_file_halts_the_platform_and_is_put_aside(floor, started, settings):  # noqa: F811
    started()

    (settings.DATA_DIR / "KILL").write_text("HALT\n")
    run = until(lambda: KillRun.objects.filter(origin="FILE", status="DONE").first())

    assert (run.scope, run.command) == ("PLATFORM", "HALT")
    assert PlatformTrading.objects.get().state == "HALTED"
    until(lambda: not (settings.DATA_DIR / "KILL").exists())
    assert [each.name[:11] for each in settings.DATA_DIR.glob("KILL.*")] == ["KILL.taken-"]


@pytest.mark.parametrize(
    "text", ["", "please stop", "FLATTEN workspace 99999999", "HALT workspace"]
)
def test_a_file_that_says_nothing_known_halts_the_platform(db, tmp_path, text):
    from apps.trading.guard.file_trigger import file_take

    (tmp_path / "KILL").write_text(text)

    run = file_take(now=timezone.now(), folder=tmp_path)

    assert (run.scope, run.command) == ("PLATFORM", "HALT")
    assert PlatformTrading.objects.get().state == "HALTED"


def test_a_file_may_name_one_workspace(floor, tmp_path):  # noqa: F811
    from apps.trading.guard.file_trigger import file_take

    (tmp_path / "KILL").write_text(f"cancel workspace {floor.actor.workspace_id}")

    run = file_take(now=timezone.now(), folder=tmp_path)

    assert (run.scope, run.command, run.status) == ("WORKSPACE", "CANCEL", "PENDING")
    assert not PlatformTrading.objects.exclude(state="ACTIVE").exists()
