"""Which process holds a lease, said so that its neighbors can prove that it is gone.

Host names and process ids alone prove nothing: containers share names, ids are used again. The
place is a fingerprint of this boot of the kernel and of the process table that ids belong to;
with the moment at which the process started, a name means one process and no other ever.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import socket
from functools import cache
from pathlib import Path

PROC = Path("/proc")
ENDED = frozenset("ZXx")  # killed and not yet buried by its parent: it runs no more


def owner_new() -> str:
    """host:pid:start:place:number, below 80 characters. Two engines of a process differ."""
    pid = os.getpid()
    started = _started_at(pid) or "0"
    host = socket.gethostname().replace(":", "-")[:24]
    return f"{host}:{pid}:{started}:{_place()}:{secrets.token_hex(3)}"


def is_gone(owner: str) -> bool:
    """Whether the owner's process provably ended. False where that cannot be known."""
    host, _, rest = owner.partition(":")
    pid, started, place = [*rest.split(":"), "", "", ""][:3]
    if not (host and pid.isdecimal() and started.isdecimal() and place):
        return False
    if started == "0" or place != _place():
        return False
    return _started_at(int(pid)) != started


def _started_at(pid: int) -> str | None:
    """Clock ticks from boot to the process's start, None when it runs no more."""
    try:
        told = (PROC / str(pid) / "stat").read_text()
    except OSError:
        return None
    state, *fields = told.rpartition(")")[2].split()
    return None if state in ENDED else fields[18]


@cache
def _place() -> str:
    """Empty where the system does not tell: then nobody is provably gone."""
    try:
        boot = (PROC / "sys/kernel/random/boot_id").read_text().strip()
        table = (PROC / "self/ns/pid").readlink()
    except OSError:
        return ""
    return hashlib.sha256(f"{boot} {table}".encode()).hexdigest()[:16]
