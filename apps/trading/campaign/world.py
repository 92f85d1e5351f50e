"""Where a campaign takes place: servers of its own in a folder of its own, and a practice venue."""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from apps.trading.campaign.scenario import INSTANCES, MIDDLES
from cryonel import embedded

ROOT = Path(__file__).resolve().parents[3]
VENUE = "apps.practice.main"  # started by name: a venue is a program of its own
READY_WITHIN = 60.0
OURS = ("CRYONEL_", "DJANGO_SETTINGS", "DATABASE_", "REDIS_", "PYTEST_")


@contextmanager
def servers_running(folder: Path) -> Iterator[None]:
    """PostgreSQL and Valkey of our own in `folder`, also where the environment names others."""
    others = {
        name: os.environ.pop(name) for name in ("DATABASE_URL", "REDIS_URL") if name in os.environ
    }
    try:
        with embedded.running(folder, durable=False):
            yield
    finally:
        os.environ.update(others)


def environ(folder: Path, *, lane: int) -> dict[str, str]:
    """What every program of a lane is told: its database, its numbered Valkey, its venue."""
    inherited = {name: v for name, v in os.environ.items() if not name.startswith(OURS)}
    place = folder / f"lane{lane}"
    place.mkdir(mode=0o711, exist_ok=True)
    database = embedded.database_url(folder).replace("/cryonel?", f"/lane{lane}?")
    return {
        **inherited,
        "CRYONEL_DATA_DIR": str(place),
        "CRYONEL_KEYRING_DIR": str(folder / "keyring"),
        "DATABASE_URL": database,
        "REDIS_URL": embedded.redis_url(folder, db=lane),
        "CRYONEL_PRACTICE_CONFIG": str(_config(folder)),
        "CRYONEL_PRACTICE_TOKEN": secrets.token_hex(16),
        "CRYONEL_LOG_LEVEL": "ERROR",
        "DJANGO_SETTINGS_MODULE": "cryonel.settings.base",
        "PYTHONUNBUFFERED": "1",
    }


def _config(folder: Path) -> Path:
    """Three manual venues: books stand still until a run moves them."""
    path = folder / "practice.json"
    instances = [
        {
            "code": code,
            "label": code.title(),
            "source": {"kind": "manual"},
            "maker_fee": "0.0002",
            "taker_fee": "0.0005",
            "symbols": list(MIDDLES),
            "limits": {"orders_per_10s": 10_000, "weight_per_minute": 1_000_000},
        }
        for code in INSTANCES
    ]
    path.write_text(json.dumps({"instances": instances}))
    return path


@contextmanager
def venue_running(told: Mapping[str, str]) -> Iterator[str]:
    """The practice venue as a process; its address."""
    folder = Path(told["CRYONEL_DATA_DIR"])
    port = folder / "practice" / "port"
    port.unlink(missing_ok=True)
    with (folder / "practice.log").open("wb") as log:
        process = subprocess.Popen(  # noqa: S603 ourselves
            [sys.executable, "-m", VENUE],
            env={**told, "CRYONEL_PRACTICE_PORT": "0"},
            cwd=ROOT,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        end = time.monotonic() + READY_WITHIN
        while not (port.exists() and _answers(int(port.read_text()))):
            if time.monotonic() > end or process.poll() is not None:
                raise RuntimeError((folder / "practice.log").read_text()[-2000:])
            time.sleep(0.05)
        yield f"http://127.0.0.1:{int(port.read_text())}"
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _answers(port: int) -> bool:
    import socket

    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def databases_make(folder: Path, lanes: int) -> None:
    """One database with all tables, and a copy of it for each lane."""
    import psycopg

    address = embedded.database_url(folder)
    told = {**environ(folder, lane=0), "DATABASE_URL": address}
    done = subprocess.run(
        [sys.executable, "manage.py", "migrate", "--verbosity", "0"],
        env=told,
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(done.stderr.decode()[-3000:])
    with psycopg.connect(address.replace("/cryonel?", "/postgres?"), autocommit=True) as link:
        for lane in range(lanes):
            link.execute(f"CREATE DATABASE lane{lane} TEMPLATE cryonel")
