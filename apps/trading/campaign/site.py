"""A running demo whose processes are killed, and its books compared with the venues' ledgers.

    with site_running(folder) as site:
        site.trade_often()
        kill_at_random(site, random.Random(7), {"worker:execution": 5, "engine": 3})
        assert site.verdict() == []

Everything goes through what a person or program has: the API, process ids in `runtime.json`, the
practice venue's control address. The database is only read.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from apps.trading.campaign import witness
from apps.trading.campaign.world import OURS, ROOT
from cryonel import embedded

OFTEN = {
    "threshold": "0.01",
    "buffer": "0",
    "notional": "200",
    "cooldown": "0",
    "max_open": "6",
    "daily_loss": "100000",
    "max_per_hour": "3600",
}
# Kills make trades be taken back at a loss, many in a row, and orders wait for their answer. A
# house stops trading for that until a person looks, and rightly so; here trading has to go on.
ROOM = {
    "max_loss_streak": "100",
    "max_errors": "100",
    "error_cooldown": "60",
    "daily_loss": "100000",
    "max_drawdown": "250000",
}
RULES = {"CRYONEL_KILL_ERRORS": "1000", "CRYONEL_KILL_STALE_SECONDS": "600"}
SLOW_ANSWER_MS = 250  # of the venues: an order is on its way for so long, so kills hit it there
WITHIN = 60.0  # seconds for anything awaited
WHY = {
    "bots": "SELECT status, trading_state FROM trading_bot",
    "account": "SELECT state FROM trading_tradingaccount",
    "stops": "SELECT command, status, rule, reason FROM trading_killrun",
    "alignment": "SELECT connection_id, status, checked_at FROM trading_connectionalignment",
    "restarts": "SELECT outcome, at, done_at FROM trading_botrestart",
    "said": "SELECT code, sum(count), max(last_at) FROM trading_decisionlog "
    "WHERE last_at > now() - interval '90 seconds' GROUP BY code ORDER BY 3 DESC",
}
AIM_SECONDS = 4.0  # an aimed kill waits at most so long for an order on its way


class NotInTime(RuntimeError):
    """Something awaited did not happen."""


def until(found: Callable[[], Any], *, seconds: float, what: str, pause: float = 0.5) -> Any:
    """The first value that is true. Raises NotInTime."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if value := found():
            return value
        time.sleep(pause)
    raise NotInTime(f"no {what} within {seconds:.0f} s")


@contextlib.contextmanager
def site_running(folder: Path) -> Iterator[Site]:
    """A demo of its own in a new folder, from its start to its end."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    command = [sys.executable, "manage.py", "demo", "--json", "--data-dir", str(folder)]
    process = subprocess.Popen(  # noqa: S603 ourselves
        [*command, "--port", port],
        cwd=ROOT,
        env={n: value for n, value in os.environ.items() if not n.startswith(OURS)} | RULES,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        line = process.stdout.readline() if process.stdout else ""
        if not line:
            raise NotInTime(f"the demo ended with {process.wait()} before it printed its line")
        yield Site(json.loads(line), folder)
    finally:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.send_signal(signal.SIGINT)
            process.wait(20)
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@dataclass(frozen=True)
class Site:
    """A demo: `told` is its JSON line, `folder` its data."""

    told: Mapping[str, Any]
    folder: Path

    # --- as a program

    def api(self, method: str, path: str, body: object = None) -> Any:
        """Raises urllib's HTTPError."""
        return self._ask(
            f"{self.told['url'].rstrip('/')}/api/v1/{path}", method, self.told["api_token"], body
        )

    def control(self, method: str, path: str, body: object = None) -> Any:
        token = (self.folder / "keyring" / "practice.token").read_text()
        return self._ask(f"{self.runtime()['practice_url']}/control/{path}", method, token, body)

    def bot(self) -> dict[str, Any]:
        found: dict[str, Any] = self.api("GET", "bots")["items"][0]
        return found

    def start(self) -> None:
        """The bot trades again."""
        until(lambda: _willing(self._started), seconds=WITHIN, what="answer to the start")

    def trade_often(self) -> None:
        """Small trades, many at once, at venues that take their time."""
        number = self.bot()["id"]
        self.api("POST", f"bots/{number}/stop", {})
        self.api("PATCH", "risk/limits", {**ROOM, "confirm": True})
        self.api("PATCH", f"bots/{number}", {"params": OFTEN})
        self.answer_slowly()
        self.api("POST", f"bots/{number}/start", {})

    def answer_slowly(self) -> None:
        """The venues take their time with every order."""
        for instance in ("alpha", "beta", "gamma"):
            fault = {"kind": "latency", "ms": SLOW_ANSWER_MS, "endpoint": "POST /api/v3/order"}
            self.control("POST", f"{instance}/faults", fault)

    # --- as the machine's owner

    def runtime(self) -> dict[str, Any]:
        told: dict[str, Any] = json.loads((self.folder / "runtime.json").read_text())
        return told

    def pid(self, role: str) -> int | None:
        """The role's process, None while it is being started again."""
        number = self.runtime()["pids"].get(role)
        return number if number and _lives(number) else None

    def kill(self, role: str) -> int:
        """kill -9 as soon as the role runs; the process id that was."""
        number: int = until(lambda: self.pid(role), seconds=WITHIN, what=f"{role} to kill")
        os.kill(number, signal.SIGKILL)
        return number

    def servers(self) -> dict[str, int]:
        """Process ids of the embedded servers by name; one that is away is left out."""
        where = embedded.place(self.folder)
        notes = {
            "postgres": where.cluster / "postmaster.pid",
            "valkey": where.valkey_home / "valkey.pid",
        }
        found = {}
        for name, note in notes.items():
            with contextlib.suppress(OSError, ValueError, IndexError):
                number = int(note.read_text().split()[0])
                if _lives(number):
                    found[name] = number
        return found

    def kill_server(self, name: str) -> None:
        """kill -9 an embedded server and wait until another one runs and the database answers."""
        number = self.servers()[name]
        os.kill(number, signal.SIGKILL)
        until(
            lambda: (
                self.servers().get(name, number) != number
                and _willing(lambda: self.books() is not None)
            ),
            seconds=WITHIN,
            what=f"new {name}",
        )

    # --- as a witness

    def books(self) -> witness.Books:
        """Raises psycopg.Error while the database is away."""
        with psycopg.connect(_address(self.folder)) as link, link.cursor() as cursor:
            return witness.books_read(cursor)

    def traded(self) -> int:
        """Plans that ended with fills."""
        return sum(plan["status"] in ("DONE", "UNWOUND") for plan in self.books().plans)

    def more_plans(self, count: int, *, seconds: float = WITHIN) -> None:
        """Until so many more plans were opened than now."""
        before = len(self.books().plans)
        until(
            lambda: _willing(lambda: len(self.books().plans) >= before + count),
            seconds=seconds,
            what=f"{count} more plans",
        )

    def more_trades(self, count: int, *, seconds: float = WITHIN) -> None:
        """Until so many more plans were traded than now. Raises NotInTime with what is known."""
        before = self.traded()
        try:
            until(
                lambda: _willing(lambda: self.traded() >= before + count),
                seconds=seconds,
                what=f"{count} more trades",
            )
        except NotInTime as e:
            e.add_note(self.why())
            raise

    def why(self) -> str:
        """For who reads that trading did not go on: what stands, and what was said last."""
        with psycopg.connect(_address(self.folder)) as link:
            said = {
                name: [[str(value) for value in row] for row in link.execute(query).fetchall()]
                for name, query in WHY.items()
            }
        return f"{self.books().statuses()}; {json.dumps(said)}"

    def rest(self) -> None:
        """Stop the bot and wait until nothing is under way."""
        until(lambda: _willing(self._stopped), seconds=WITHIN, what="answer to the stop")
        until(lambda: _willing(lambda: self.books().at_rest), seconds=WITHIN, what="rest")

    def verdict(self, *, attention: bool = False) -> list[str]:
        """The differences between our books and the venues' ledgers, after a rest."""
        self.rest()
        books = self.books()
        url = self.runtime()["practice_url"]
        token = (self.folder / "keyring" / "practice.token").read_text()
        ledgers = {link["id"]: witness.ledger_ask(url, token, link) for link in books.links}
        return witness.discrepancies(books, ledgers, attention=attention)

    def _started(self) -> bool:
        self.api("POST", f"bots/{self.bot()['id']}/start", {})
        return True

    def _stopped(self) -> bool:
        self.api("POST", f"bots/{self.bot()['id']}/stop", {})
        return True

    def _ask(self, url: str, method: str, token: str, body: object) -> Any:
        request = urllib.request.Request(  # noqa: S310 our own http address
            url,
            data=None if body is None else json.dumps(body).encode(),
            method=method,
            headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310
            return json.load(answer)


def kill_at_random(site: Site, dice: random.Random, kills: Mapping[str, int]) -> list[str]:
    """Kill each role so often, in random order; every other time while an order is on its way.

    Each time only when trading goes on again. Returns one line per kill: what was killed and how
    many orders were on their way then.
    """
    turns = [role for role, count in kills.items() for _ in range(count)]
    dice.shuffle(turns)
    told = []
    for number, role in enumerate(turns):
        site.more_plans(1)
        time.sleep(dice.uniform(0.0, 1.0))  # the random moment itself, nothing is awaited
        under_way = _aimed(site) if number % 2 == 0 else _under_way(site)
        pid = site.kill(role)
        told.append(f"{role} ({pid}) killed with {under_way} orders on their way")
    return told


def _aimed(site: Site) -> int:
    """Wait a little until an order was claimed and is not answered."""
    end = time.monotonic() + AIM_SECONDS
    with psycopg.connect(_address(site.folder), autocommit=True) as link:
        while time.monotonic() < end:
            if found := _count(link):
                return found
            time.sleep(0.01)
    return 0


def _under_way(site: Site) -> int:
    with psycopg.connect(_address(site.folder), autocommit=True) as link:
        return _count(link)


def _count(link: psycopg.Connection[Any]) -> int:
    query = "SELECT count(*) FROM trading_order WHERE status IN ('PLANNED', 'SUBMITTING')"
    row = link.execute(query).fetchone()
    return int(row[0]) if row else 0


def _address(folder: Path) -> str:
    return embedded.database_url(folder)


def _willing(ask: Callable[[], bool]) -> bool:
    """False also while the site or the database is away."""
    with contextlib.suppress(OSError, psycopg.Error):
        return ask()
    return False


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    return True
