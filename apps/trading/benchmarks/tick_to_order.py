"""From a book update to order bytes leaving: the whole durable path, in processes of its own.

A practice venue, a worker and a driver (the engine with one bot) run on PostgreSQL and Valkey in
a folder of their own. The driver moves the books so that each move pays once, and reads from the
stored orders what the worker stamped: the time from the book's bytes to just before the venue's
client is called. The bare peer is the same warm client called straight from the book callback.
"""

from __future__ import annotations

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from apps.core.domain.benchmarks import Figure, Measurement, Progress
from cryonel import embedded

ROOT = Path(__file__).resolve().parents[3]
TRADES = 60
DEADLINE = 240


def measure(progress: Progress) -> Measurement:
    with tempfile.TemporaryDirectory(prefix="cryonel-bench-") as folder:
        Path(folder).chmod(0o711)  # PostgreSQL's own user passes through, where we are root
        with embedded.running(folder, durable=True):
            environ = _environ(folder)
            progress("tables")
            _call(environ, "manage.py", "migrate", "--verbosity", "0")
            with _role(environ, "practice"), _role(environ, "worker"):
                progress(f"{TRADES} trades of two legs")
                told = _call(
                    environ, "-m", "apps.trading.benchmarks.driver", str(TRADES), timeout=DEADLINE
                )
    found = json.loads(told.splitlines()[-1])
    return Measurement(
        workload=(
            f"{found['orders']} orders in {found['plans']} two-leg plans on the practice venue; "
            "engine, PostgreSQL with fsync, Valkey and a worker of threads on one machine; both "
            "legs counted; until just before the venue client is called"
        ),
        figures={
            "p50_ms": Figure(found["p50_ms"], "ms", "lower"),
            "p99_ms": Figure(found["p99_ms"], "ms", "lower"),
            "round_trip_p50_ms": Figure(found["round_trip_p50_ms"], "ms", "lower"),
        },
        peers={"bare_ccxt": found["bare"]},
    )


def _environ(folder: str) -> dict[str, str]:
    config = {
        "instances": [
            {
                "code": code,
                "label": code.title(),
                "source": {"kind": "manual"},
                "maker_fee": "0.0002",
                "taker_fee": "0.0005",
                "symbols": ["BTC/USDT"],
                "limits": {"orders_per_10s": 10000, "weight_per_minute": 1000000},
            }
            for code in ("alpha", "beta")
        ]
    }
    path = Path(folder) / "practice.json"
    path.write_text(json.dumps(config))
    port = _free_port()
    return {
        **os.environ,
        "CRYONEL_DATA_DIR": folder,
        "DATABASE_URL": embedded.database_url(Path(folder)),
        "REDIS_URL": embedded.redis_url(Path(folder)),
        "CRYONEL_PRACTICE_CONFIG": str(path),
        "CRYONEL_PRACTICE_PORT": str(port),
        "CRYONEL_PRACTICE_URL": f"http://127.0.0.1:{port}",
        "CRYONEL_PRACTICE_TOKEN": secrets.token_hex(16),
        "CRYONEL_LOG_LEVEL": "WARNING",
        "DJANGO_SETTINGS_MODULE": "cryonel.settings.base",
    }


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _call(environ: dict[str, str], *words: str, timeout: int = 120) -> str:
    done = subprocess.run(  # noqa: S603
        [sys.executable, *words], env=environ, cwd=ROOT, capture_output=True, timeout=timeout
    )
    if done.returncode:
        raise RuntimeError(done.stderr.decode()[-3000:])
    return done.stdout.decode()


@contextmanager
def _role(environ: dict[str, str], name: str) -> Iterator[None]:
    log = Path(environ["CRYONEL_DATA_DIR"]) / f"{name}.log"
    with log.open("wb") as sink:
        process = subprocess.Popen(  # noqa: S603
            [sys.executable, "manage.py", "run", name, "--direct"],
            env=environ,
            cwd=ROOT,
            stdout=sink,
            stderr=sink,
            start_new_session=True,
        )
    try:
        yield
    except RuntimeError as e:
        raise RuntimeError(f"{e}\n{name}: {log.read_text()[-2000:]}") from e
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
