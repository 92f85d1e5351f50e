"""The README's promise, as a program: start the demo, see trades booked, in the API and the CSV.

Run by CI as `python -m tests.journey.demo_command`. With CRYONEL_RECORDED_DATA it also replays
the recorded minutes of two exchanges, where a bot must not trade and must say why.
"""

from __future__ import annotations

import contextlib
import csv
import io
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
STARTED_WITHIN = 60.0  # seconds to the address
STARTED_AGAIN_WITHIN = 20.0
TRADED_WITHIN = 120.0  # seconds to booked trades
STOPPED_WITHIN = 20.0
NOT_INHERITED = ("CRYONEL_", "DJANGO_SETTINGS", "DATABASE_", "REDIS_")  # a demo of its own


class Failed(SystemExit):
    def __init__(self, sentence: str) -> None:
        super().__init__(f"FAILED: {sentence}")


@contextlib.contextmanager
def demo(folder: Path, *options: str) -> Iterator[dict[str, Any]]:
    """A running demo's JSON line; it is interrupted as a person would, and must end."""
    command = [sys.executable, "manage.py", "demo", "--json", "--data-dir", str(folder), *options]
    environ = {
        name: value for name, value in os.environ.items() if not name.startswith(NOT_INHERITED)
    }
    began = time.monotonic()
    process = subprocess.Popen(
        command, cwd=ROOT, env=environ, stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    try:
        line = process.stdout.readline() if process.stdout else ""
        if not line:
            raise Failed(f"the demo ended with {process.wait()} before it printed its line")
        told = json.loads(line)
        told["seconds"] = time.monotonic() - began
        yield told
        process.send_signal(signal.SIGINT)
        code = process.wait(STOPPED_WITHIN)
        if code not in (0, 130, -signal.SIGINT):
            raise Failed(f"the demo ended with {code} after Ctrl-C")
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def ask(told: dict[str, Any], path: str) -> bytes:
    request = urllib.request.Request(  # noqa: S310 the demo's own address
        told["url"].rstrip("/") + path,
        headers={"Authorization": f"Bearer {told['api_token']}"},
    )
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
        body: bytes = answer.read()
        return body


def until(found: Callable[[], Any], *, seconds: float, what: str) -> Any:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if value := found():
            return value
        time.sleep(1)
    raise Failed(f"no {what} within {seconds:.0f} s")


def done_plans(told: dict[str, Any]) -> list[dict[str, Any]]:
    plans: list[dict[str, Any]] = json.loads(ask(told, "/api/v1/plans"))["items"]
    return [plan for plan in plans if plan["status"] == "DONE"]


def decisions(told: dict[str, Any]) -> list[dict[str, Any]]:
    bots = json.loads(ask(told, "/api/v1/bots"))["items"]
    found: list[dict[str, Any]] = []
    for bot in bots:
        found += json.loads(ask(told, f"/api/v1/bots/{bot['id']}/decisions"))["items"]
    return found


def simulated(folder: Path) -> None:
    with demo(folder) as told:
        print(f"first start: {told['seconds']:.1f} s")  # noqa: T201
        if told["seconds"] > STARTED_WITHIN:
            raise Failed(f"the first start took {told['seconds']:.0f} s")
        began = time.monotonic()
        plans = until(lambda: done_plans(told), seconds=TRADED_WITHIN, what="finished trade")
        print(f"first booked trade after {time.monotonic() - began:.0f} s")  # noqa: T201
        if any(plan["profit"]["pnl"] is None for plan in plans):
            raise Failed("a finished trade has no profit figure")
        rows = list(csv.DictReader(io.StringIO(ask(told, "/api/v1/trades.csv").decode())))
        if len(rows) < 2:
            raise Failed("the CSV does not show both fills of a trade")
        if not ask(told, "/health/ready"):
            raise Failed("/health/ready is silent")
        count = len(rows)
    with demo(folder) as told:
        print(f"second start: {told['seconds']:.1f} s")  # noqa: T201
        if told["seconds"] > STARTED_AGAIN_WITHIN:
            raise Failed(f"the second start took {told['seconds']:.0f} s")
        rows = list(csv.DictReader(io.StringIO(ask(told, "/api/v1/trades.csv").decode())))
        if len(rows) < count:
            raise Failed("trades were lost over a restart")
        before = max(plan["id"] for plan in done_plans(told))
        goes_on(told, before)


def goes_on(told: dict[str, Any], before: int) -> None:
    """A trade after the one numbered `before` is finished, without anybody's doing."""
    began = time.monotonic()
    until(
        lambda: any(plan["id"] > before for plan in done_plans(told)),
        seconds=TRADED_WITHIN,
        what="finished trade after the restart",
    )
    print(f"next trade after {time.monotonic() - began:.0f} s")  # noqa: T201


def side_by_side(one: Path, two: Path) -> None:
    """Two demos on folders of their own: neither sees the other's trades, both trade."""
    with demo(one) as first, demo(two) as second:
        if first["url"] == second["url"]:
            raise Failed("two demos claim one address")
        for told in (first, second):
            until(lambda told=told: done_plans(told), seconds=TRADED_WITHIN, what="trade of each")
        first_trades, second_trades = (trade_ids(told) for told in (first, second))
        if first_trades & second_trades:
            raise Failed("two demos show each other's orders")
        print(f"side by side: {len(first_trades)} and {len(second_trades)} orders")  # noqa: T201


def trade_ids(told: dict[str, Any]) -> set[str]:
    orders = json.loads(ask(told, "/api/v1/orders/history"))["items"]
    return {order["client_order_id"] for order in orders}


def recorded(folder: Path, data: Path) -> None:
    path = data / "ohlcv" / "two_exchanges_1m_2023.parquet"
    with demo(folder, "--source", f"recorded:{path}") as told:
        said = until(lambda: decisions(told), seconds=TRADED_WITHIN, what="decision")
        print(f"on recorded minutes: {said[0]['text']}")  # noqa: T201
        for plan in done_plans(told):
            if float(plan["expected_net"]) <= 0:
                raise Failed(f"plan {plan['id']} was opened without an expected profit")


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="cryonel-demo-") as place:
        simulated(Path(place) / "simulated")
        side_by_side(Path(place) / "simulated", Path(place) / "beside")
        if data := os.environ.get("CRYONEL_RECORDED_DATA"):
            recorded(Path(place) / "recorded", Path(data))
    print("1 passed, 0 failed")  # noqa: T201


if __name__ == "__main__":
    main()
