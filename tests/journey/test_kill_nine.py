"""kill -9 while trading: no order is lost, doubled or forgotten, and trading goes on by itself."""

from __future__ import annotations

import random
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from apps.trading.campaign.mover import moving
from apps.trading.campaign.site import Site, kill_at_random, site_running


@pytest.fixture
def site() -> Iterator[Site]:
    folder = Path(tempfile.mkdtemp(prefix="ck-"))
    folder.chmod(0o711)  # PostgreSQL's own user passes through
    try:
        with site_running(folder / "demo") as site:
            site.trade_often()
            with moving(site, seed=7):
                site.more_trades(1)
                yield site
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def test_workers_and_engines_killed_while_trading_leave_both_ledgers_agreeing(site):
    killed = kill_at_random(site, random.Random(20_261_121), {"worker:execution": 6, "engine": 2})
    site.more_trades(1)

    found = site.verdict()

    say(killed, site, found)
    assert found == []


def test_killed_servers_come_back_and_trading_goes_on_without_a_person(site):
    for name in ("postgres", "valkey"):
        site.kill_server(name)
        site.more_trades(1)

    found = site.verdict()

    say([], site, found)
    assert found == []


def say(killed: list[str], site: Site, found: list[str]) -> None:
    """What happened and every difference, for who reads a failure."""
    sys.stdout.write("\n".join([*killed, site.books().statuses(), *found, ""]))
