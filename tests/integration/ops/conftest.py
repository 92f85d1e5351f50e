from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from cryonel import embedded
from cryonel.embedded.process import is_alive, wait_until

REPOSITORY = Path(__file__).resolve().parents[3]
DEADLINE = 30.0


@pytest.fixture
def data_dir(monkeypatch):
    """A short folder that PostgreSQL's own user can pass, with no servers preset."""
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.delenv("REDIS_URL", raising=False)
    folder = Path(tempfile.mkdtemp(prefix="cx-"))
    folder.chmod(0o711)
    yield folder
    for data in (*folder.iterdir(), folder):
        where = embedded.place(data)
        outside = [where.postgres_home, where.postgres_socket_dir]
        outside += [where.valkey_socket.parent, where.data_dir]
        for path in outside:
            shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def python():
    """Start Python code in a process of its own; what still lives at the end is killed."""
    started = []

    def start(code: str, *words: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-u", "-c", code, *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=REPOSITORY,
            env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        )
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
        process.communicate()


def eventually(condition) -> bool:
    """Whether `condition` comes true before the deadline."""
    return wait_until(condition, DEADLINE)


def gone(*pids: int) -> bool:
    return eventually(lambda: not any(is_alive(pid) for pid in pids))
