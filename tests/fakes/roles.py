"""Small roles for the supervisor: each writes its process id to the folder in ROLE_FOLDER."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path


def note(name: str, pid: int | None = None) -> None:
    """Append a process id to the file `name`, in one write."""
    with (Path(os.environ["ROLE_FOLDER"]) / name).open("a") as file:
        file.write(f"{pid or os.getpid()}\n")


def obedient() -> None:
    note("obedient")
    while True:
        signal.pause()


def stubborn() -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    note("stubborn")
    while True:
        time.sleep(60)


def crashing() -> None:
    note("crashing")
    raise RuntimeError("broken on purpose")


def breeding() -> None:
    """Has a child of its own that ignores SIGTERM."""
    code = "import signal; signal.signal(15, signal.SIG_IGN); print('deaf', flush=True);"
    words = [sys.executable, "-c", f"{code} signal.pause()"]
    child = subprocess.Popen(words, stdout=subprocess.PIPE)
    assert child.stdout is not None
    child.stdout.readline()
    note("grandchild", child.pid)
    note("breeding")
    while True:
        signal.pause()
