"""The simulated market after a restart stands where it stood: no price jumps under a balance."""

from __future__ import annotations

import json
import math
import signal
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from apps.practice.demo import config_write
from tests.fakes.practice import PracticeVenue
from tests.integration.practice.test_process import PATIENCE, process

START = 61_800.0  # the model's first price of BTC/USDT


def config(seed: int) -> dict[str, Any]:
    return {
        "instances": [
            {
                "code": "alpha",
                "source": {"kind": "simulated", "seed": seed},
                "maker_fee": "0.0002",
                "taker_fee": "0.0005",
                "symbols": ["BTC/USDT"],
            }
        ]
    }


@pytest.fixture
def home(environment: dict[str, str], tmp_path: Path) -> dict[str, str]:
    path = config_write(tmp_path / "practice.json", config(7))
    return environment | {"CRYONEL_PRACTICE_CONFIG": str(path)}


def positions(home: dict[str, str]) -> Path:
    return Path(home["CRYONEL_DATA_DIR"]) / "practice" / "positions.json"


def until(ask: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + PATIENCE
    while (found := ask()) is None:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return found


def quoted(venue: PracticeVenue) -> dict[str, Any]:
    """BTC/USDT's book once the market has quoted it."""

    def ask() -> dict[str, Any] | None:
        url = f"{venue.url}/alpha/api/v3/depth?symbol=BTCUSDT&limit=5"
        with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 - our own http address
            book: dict[str, Any] = json.load(answer)
        return book if book["bids"] and book["asks"] else None

    found: dict[str, Any] = until(ask)
    return found


def middle(venue: PracticeVenue) -> float:
    book = quoted(venue)
    return (float(book["bids"][0][0]) + float(book["asks"][0][0])) / 2


def steps(home: dict[str, str]) -> int | None:
    path = positions(home)
    if not path.exists():
        return None
    return int(json.loads(path.read_bytes())["alpha"]["position"]["steps"]) or None


def double_the_price(home: dict[str, str]) -> None:
    """As if the market had run for long: nothing but the file can tell the next run."""
    path = positions(home)
    kept = json.loads(path.read_bytes())
    place = kept["alpha"]["position"]
    place["level"] = [each + math.log(2) for each in place["level"]]
    place["followed"] = [[each + math.log(2) for each in row] for row in place["followed"]]
    path.write_text(json.dumps(kept))


def test_after_kill_9_the_market_goes_on_where_it_stood(home: dict[str, str]) -> None:
    with process(home) as (running, _):
        before = until(lambda: steps(home))
        running.send_signal(signal.SIGKILL)
        running.wait()
    double_the_price(home)

    with process(home) as (_, venue):
        assert middle(venue) == pytest.approx(2 * START, rel=0.01)
        until(lambda: found if (found := steps(home)) and found > before else None)


def test_sigterm_keeps_where_the_market_stands(home: dict[str, str]) -> None:
    with process(home) as (running, venue):
        middle(venue)
        running.terminate()
        running.wait(PATIENCE)

    assert (steps(home) or 0) > 0


def test_another_seed_starts_anew(home: dict[str, str]) -> None:
    with process(home) as (_, venue):
        middle(venue)
        until(lambda: steps(home))
    double_the_price(home)
    config_write(Path(home["CRYONEL_PRACTICE_CONFIG"]), config(8))

    with process(home) as (_, venue):
        assert middle(venue) == pytest.approx(START, rel=0.01)


def test_update_ids_go_on_rising(home: dict[str, str]) -> None:
    with process(home) as (_, venue):
        first = quoted(venue)["lastUpdateId"]

    with process(home) as (_, venue):
        assert quoted(venue)["lastUpdateId"] > first
