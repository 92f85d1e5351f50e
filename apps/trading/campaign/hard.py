"""Rounds on a living site: real roles under their supervisor, real SIGKILL, real restarts.

One demo trades all the time; each round arms faults at the venues, ends a process or a server at
a random moment, waits until trading went on by itself, lets everything come to rest, and has the
ledgers compared. What a round broke the next one must live with.
"""

from __future__ import annotations

import random
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import redis

from apps.core.domain.benchmarks import Progress
from apps.trading.campaign.mover import INSTANCES, moving
from apps.trading.campaign.site import Site, site_running
from cryonel import embedded

WORKER, ENGINE = "worker:execution", "engine"
ROUNDS = (
    *[WORKER] * 7, *[ENGINE] * 4, f"{WORKER}+{ENGINE}", f"{WORKER}+{ENGINE}",
    "postgres", "postgres", "postgres", "valkey", "valkey", "flush", "postgres+valkey",
)  # fmt: skip
FAULTS: tuple[dict[str, Any], ...] = (
    {"kind": "accept_then_timeout", "endpoint": "POST /api/v3/order", "count": 2},
    {"kind": "http_5xx", "when": "after", "endpoint": "POST /api/v3/order", "count": 2},
    {"kind": "http_5xx", "when": "before", "count": 2, "probability": 0.5},
    {"kind": "partial_fill", "share": 0.4, "count": 3},
    {"kind": "drop_sockets", "count": 1},
    {"kind": "rate_limit_storm", "count": 2, "retry_after": 1},
    {"kind": "maintenance", "count": 2, "endpoint": "GET /api/v3/order"},
    {"kind": "clock_skew", "ms": 700},
    {"kind": "duplicate_fill_event", "count": 3},
    {"kind": "out_of_order_event", "count": 3},
    {"kind": "latency", "ms": 400, "count": 4},
)


def rounds(count: int, *, seed: int, progress: Progress | None = None) -> list[dict[str, Any]]:
    """A verdict a round, as of a seeded run."""
    folder = Path(tempfile.mkdtemp(prefix="ck-"))
    folder.chmod(0o711)  # PostgreSQL's own user passes through
    dice = random.Random(seed)  # noqa: S311 repeatable on purpose
    ends = [*ROUNDS * (count // len(ROUNDS) + 1)][:count]
    dice.shuffle(ends)
    found = []
    try:
        with site_running(folder / "demo") as site:
            site.trade_often()
            with moving(site, seed=seed):
                site.more_trades(1)
                for number, victims in enumerate(ends):
                    found.append(_round(site, number, victims, dice))
                    if progress:
                        wrong = sum(bool(each["found"]) for each in found)
                        progress(f"{number + 1} of {count} hard rounds, {wrong} differ: {victims}")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return found


def _round(site: Site, number: int, victims: str, dice: random.Random) -> dict[str, Any]:
    began = time.monotonic()
    trail = [f"hard round {number}: {victims}"]
    faults: Counter[str] = Counter()
    for fault in dice.sample(FAULTS, 2):
        instance = dice.choice(INSTANCES)
        site.control("POST", f"{instance}/faults", fault)
        trail.append(f"  {instance} {fault}")
    site.more_plans(1)
    time.sleep(dice.uniform(0.0, 1.0))  # the random moment itself, nothing is awaited
    for victim in victims.split("+"):
        _end(site, victim)
    site.more_plans(1)
    for instance in INSTANCES:
        for row in site.control("GET", f"{instance}/faults")["faults"]:
            faults[row["kind"]] += 1 if row["kind"] == "clock_skew" else row["happened"]
        site.control("DELETE", f"{instance}/faults")
    differs = site.verdict(attention=True)
    books = site.books()
    trail.append(f"  {books.statuses()}")
    site.answer_slowly()
    site.start()
    return {
        "seed": f"hard {number}",
        "found": differs,
        "trail": trail,
        "faults": dict(faults),
        "crashes": {f"real {victim}": 1 for victim in victims.split("+")},
        "plans": {},
        "orders": {},
        "seconds": time.monotonic() - began,
    }


def _end(site: Site, victim: str) -> None:
    ways: dict[str, Callable[[], object]] = {
        "postgres": lambda: site.kill_server("postgres"),
        "valkey": lambda: site.kill_server("valkey"),
        "flush": lambda: _flush(site.folder),
    }
    ways.get(victim, lambda: site.kill(victim))()


def _flush(folder: Path) -> None:
    """Everything that the broker held is gone, as after the loss of its disk."""
    store = redis.Redis.from_url(embedded.redis_url(folder))
    try:
        store.flushall()
    finally:
        store.close()
