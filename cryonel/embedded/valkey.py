"""Valkey (the Redis protocol) for one data folder: a unix socket, an append-only file, no port."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
from typing import Final

from .binaries import valkey_server
from .errors import ServiceUnavailable
from .places import Place
from .process import is_alive, private_folder, spawn, stop, wait_until

START_SECONDS = 30.0  # a long append-only file is read first
PID_FILE: Final = "valkey.pid"


def is_serving(place: Place) -> bool:
    """Whether the Valkey of this data folder answers now."""
    return _ask(place, b"PING\r\n").startswith(b"+PONG")


def start(place: Place, *, durable: bool = True) -> subprocess.Popen[bytes]:
    """Start Valkey and wait until it answers; the caller holds the data folder's lock.

    It is broker, cache and channel layer at once, so nothing is ever evicted.
    """
    program = valkey_server()
    private_folder(place.valkey_home)
    private_folder(place.valkey_socket.parent)
    _end_orphan(place)
    options = {
        "port": "0",
        "unixsocket": os.fspath(place.valkey_socket),
        "unixsocketperm": "700",
        "dir": os.fspath(place.valkey_home),
        "pidfile": os.fspath(place.valkey_home / PID_FILE),
        "appendonly": "yes" if durable else "no",
        "appendfsync": "everysec",
        "save": "",
        "daemonize": "no",
        "maxmemory-policy": "noeviction",
    }
    argv = [os.fspath(program)]
    argv += [word for name, value in options.items() for word in (f"--{name}", value)]
    log = place.log_dir / "valkey.log"
    process = spawn(argv, log=log, death=signal.SIGTERM)
    came_up = wait_until(lambda: process.poll() is not None or is_serving(place), START_SECONDS)
    if came_up and process.poll() is None:
        return process
    shut_down(process)
    tail = log.read_text(errors="replace").strip()[-800:]
    raise ServiceUnavailable(f"Valkey did not start. Its log, {log}, ends with: {tail}")


def shut_down(process: subprocess.Popen[bytes]) -> None:
    """Stop after writing everything to disk."""
    stop(process, (signal.SIGTERM, 10.0))


def _end_orphan(place: Place) -> None:
    """A server that outlived its owner is about to end: two must never share one file."""
    said = _ask(place, b"INFO server\r\n")
    pid = next((int(w[11:]) for w in said.split() if w.startswith(b"process_id:")), None)
    if pid is not None:
        for number in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
            if wait_until(lambda: not is_alive(pid), 10.0):
                break
    place.valkey_socket.unlink(missing_ok=True)


def _ask(place: Place, command: bytes) -> bytes:
    """The start of the answer to one command; empty when nobody listens."""
    with socket.socket(socket.AF_UNIX) as talk:
        talk.settimeout(2)
        try:
            talk.connect(os.fspath(place.valkey_socket))
            talk.sendall(command)
            return talk.recv(8192)
        except OSError:
            return b""
