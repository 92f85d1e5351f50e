"""One owner per data folder: whoever holds its lock starts and stops the servers."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cryonel.secrets import lookup

from . import postgres, valkey
from .errors import ServiceUnavailable
from .places import Place, place
from .process import wait_until

LOCK_NAME = "servers.lock"
WAIT_SECONDS = 90.0
_owned: dict[Path, Servers] = {}


class Servers:
    """The servers of one data folder that this process started and must stop."""

    def __init__(self, where: Place, *, durable: bool = True) -> None:
        self.place = where
        self.durable = durable
        self.owner = os.getpid()
        self._lock: Any = None
        self._modules: dict[str, Any] = {
            name: module
            for name, variable, module in (
                ("postgres", "DATABASE_URL", postgres),
                ("valkey", "REDIS_URL", valkey),
            )
            if not lookup(variable)
        }
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    @property
    def pids(self) -> dict[str, int]:
        """Process id of each server by name ("postgres", "valkey")."""
        return {name: process.pid for name, process in self._processes.items()}

    def start(self, *names: str) -> None:
        """Start the named servers (all by default) that do not run yet."""
        for name in names or tuple(self._modules):
            if name in self._modules and name not in self._processes:
                module = self._modules[name]
                self._processes[name] = module.start(self.place, durable=self.durable)

    def revive(self) -> list[str]:
        """Start again what has died since; returns the names. A supervisor asks regularly."""
        dead = [name for name, process in self._processes.items() if process.poll() is not None]
        for name in dead:
            del self._processes[name]
            self.start(name)
        return dead

    def stop(self) -> None:
        """Stop what was started, Valkey first. Harmless when called twice or after a fork."""
        if os.getpid() != self.owner:
            return
        for name in reversed(list(self._processes)):
            self._modules[name].shut_down(self._processes.pop(name))
        self.release()

    def acquire(self) -> bool:
        """Become the owner of the data folder, if nobody alive is."""
        import fcntl

        self.place.data_dir.mkdir(parents=True, exist_ok=True)
        lock = (self.place.data_dir / LOCK_NAME).open("a")
        try:
            fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)  # not inherited by forked roles
        except OSError:
            lock.close()
            return False
        self._lock = lock
        _owned[self.place.data_dir] = self
        return True

    def release(self) -> None:
        if self._lock is not None:
            _owned.pop(self.place.data_dir, None)
            self._lock.close()
            self._lock = None

    def are_serving(self) -> bool:
        return all(module.is_serving(self.place) for module in self._modules.values())


def is_running(data_dir: str | os.PathLike[str]) -> bool:
    """Whether everything embedded (not overridden by the environment) serves this data folder."""
    return Servers(place(data_dir)).are_serving()


@contextlib.contextmanager
def running(data_dir: str | os.PathLike[str], *, durable: bool = True) -> Iterator[Servers]:
    """The servers of `data_dir` run inside this block.

    They are started and stopped here, unless this or another live process serves the folder
    already: then that one is used and left alone. Raises ServiceUnavailable with a sentence
    that says what to do.
    """
    servers = Servers(place(data_dir), durable=durable)
    if not take(servers):
        yield _owned.get(servers.place.data_dir, servers)
        return
    try:
        servers.start()
        yield servers
    finally:
        servers.stop()


def take(servers: Servers) -> bool:
    """Become the owner, or wait until the present owner serves; says whether we own it now.

    An owner that was killed is gone from the lock at once, while its servers may still be
    ending; one that is starting holds the lock and will serve soon.
    """
    owned = _owned.get(servers.place.data_dir)
    if owned is not None and owned.owner == os.getpid():
        return False
    if not servers._modules:
        return False
    outcome: list[bool] = []

    def settled() -> bool:
        if servers.acquire():
            outcome.append(True)
        elif servers.are_serving():
            outcome.append(False)
        return bool(outcome)

    if not wait_until(settled, WAIT_SECONDS, pause=0.05):
        raise ServiceUnavailable(
            f"Another CRYONEL owns {servers.place.data_dir} but its servers do not answer. "
            "Stop it, or choose another folder with --data-dir."
        )
    return outcome[0]
