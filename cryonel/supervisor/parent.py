"""What the supervising process does to itself before it has children."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from cryonel.embedded.process import die_with_parent


def end_with_uv() -> bool:
    """When `uv run` started us, ask for SIGTERM at its death: a killed uv forwards nothing.

    Says whether that was arranged. Other parents (a shell, a service manager) may go and leave
    us running, which is what `nohup` and `disown` mean.
    """
    parent = os.getppid()
    if sys.platform != "linux" or _name(parent) != "uv":
        return False
    die_with_parent(signal.SIGTERM, parent)
    return True


def threads() -> int:
    """Threads of this process, native ones included (Linux); 1 where that is not known."""
    try:
        return len(os.listdir("/proc/self/task"))
    except OSError:
        return 1


def _name(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return ""
