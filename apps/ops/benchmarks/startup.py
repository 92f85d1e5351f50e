"""Time to a ready `check`, web and worker, in fresh processes, and which heavy libraries each took.

Web is ready when it answers /health/live, the worker when it answers a Celery ping. The modules
are read from a second start with the interpreter's import trace, whose time is not counted.
"""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from statistics import median
from time import perf_counter, sleep
from typing import IO

from celery import Celery

from apps.core.domain.benchmarks import Figure, Measurement, Progress
from cryonel import embedded

ROOT = Path(__file__).resolve().parents[3]
RUNS = 5
DEADLINE = 60.0
HEAVY = frozenset(
    {"ccxt", "numba", "llvmlite", "numpy", "polars", "pandas", "scipy", "torch", "web3", "solana"}
    | {"onnxruntime", "lightgbm", "sklearn", "aiohttp", "daphne"}
)
TRACE = re.compile(r"^import time:.*\|\s+(\S+)$", re.MULTILINE)


def measure(progress: Progress) -> Measurement:
    with _servers() as environ:
        _check_seconds(environ)  # compiles the bytecode
        progress(f"check, {RUNS} runs")
        check = median(_check_seconds(environ) for _ in range(RUNS))
        figures = {"check_ms": Figure(round(check * 1e3), "ms", "lower")}
        heavy = {"check": _heavy_of_check(environ)}
        for role, is_ready in _roles(environ["REDIS_URL"]).items():
            progress(f"{role}, {RUNS} starts")
            ready = median(_ready_seconds(role, environ, is_ready) for _ in range(RUNS))
            figures[f"{role}_ready_ms"] = Figure(round(ready * 1e3), "ms", "lower")
            heavy[role] = _heavy_of_role(role, environ, is_ready)
    for role, names in heavy.items():
        progress(f"{role} loaded {', '.join(names) or 'no heavy library'}")
        figures[f"{role}_heavy_libraries"] = Figure(len(names), "libraries", "lower")
    return Measurement(
        workload=f"fresh processes with compiled bytecode on running servers; medians of {RUNS}; "
        f"heavy libraries looked for: {', '.join(sorted(HEAVY))}",
        figures=figures,
    )


@contextmanager
def _servers() -> Iterator[dict[str, str]]:
    """PostgreSQL and Valkey in a folder of their own; the environment that leads to them."""
    with tempfile.TemporaryDirectory(prefix="cryonel-bench-") as folder:
        Path(folder).chmod(0o711)  # PostgreSQL's own user passes through, where we are root
        with embedded.running(folder, durable=False):
            environ = {
                **os.environ,
                "CRYONEL_DATA_DIR": folder,
                "DATABASE_URL": embedded.database_url(Path(folder)),
                "REDIS_URL": embedded.redis_url(Path(folder)),
            }
            environ.pop("PYTHONDONTWRITEBYTECODE", None)
            yield environ


def _check_seconds(environ: Mapping[str, str]) -> float:
    started = perf_counter()
    subprocess.run(_command("check"), env=environ, cwd=ROOT, check=True, capture_output=True)  # noqa: S603
    return perf_counter() - started


def _heavy_of_check(environ: Mapping[str, str]) -> list[str]:
    done = subprocess.run(  # noqa: S603
        _command("check", trace=True), env=environ, cwd=ROOT, check=True, capture_output=True
    )
    return _heavy(done.stderr.decode())


def _roles(redis_url: str) -> dict[str, Callable[[int], bool]]:
    """Role to its question `are you ready?`, given the port it may listen on."""
    probe = Celery("probe", broker=embedded.celery_url(redis_url))

    def worker_answers(_port: int) -> bool:
        return bool(probe.control.inspect(timeout=0.1, limit=1).ping())

    return {"web": _page_answers, "worker": worker_answers}


def _page_answers(port: int) -> bool:
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/health/live", headers={"Host": "localhost"})
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def _ready_seconds(role: str, environ: Mapping[str, str], is_ready: Callable[[int], bool]) -> float:
    with tempfile.TemporaryFile() as log:
        return _start(role, environ, is_ready, log)


def _heavy_of_role(
    role: str, environ: Mapping[str, str], is_ready: Callable[[int], bool]
) -> list[str]:
    with tempfile.TemporaryFile() as log:
        _start(role, environ, is_ready, log, trace=True)
        return _heavy(_text(log))


def _start(
    role: str,
    environ: Mapping[str, str],
    is_ready: Callable[[int], bool],
    log: IO[bytes],
    *,
    trace: bool = False,
) -> float:
    """Start the role in a process group of its own, wait until it is ready, end it; seconds."""
    port = _free_port()
    command = _command("run", role, "--direct", "--listen", f"127.0.0.1:{port}", trace=trace)
    started = perf_counter()
    process = subprocess.Popen(  # noqa: S603
        command, env=environ, cwd=ROOT, stdout=log, stderr=log, start_new_session=True
    )
    try:
        while not is_ready(port):
            if process.poll() is not None or perf_counter() - started > DEADLINE:
                raise RuntimeError(f"The role {role} did not become ready:\n{_text(log)[-2000:]}")
            sleep(0.01)
        return perf_counter() - started
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _text(log: IO[bytes]) -> str:
    log.seek(0)
    return log.read().decode(errors="replace")


def _command(*words: str, trace: bool = False) -> list[str]:
    options = ["-X", "importtime"] if trace else []
    return [sys.executable, *options, "manage.py", *words]


def _heavy(trace: str) -> list[str]:
    """The heavy libraries among the modules of an import trace."""
    return sorted(HEAVY & {name.partition(".")[0] for name in TRACE.findall(trace)})


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
