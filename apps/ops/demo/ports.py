"""Which port the demo listens on."""

from __future__ import annotations

import errno
import socket

from cryonel.roles import listen

FIRST = 8000
TRIES = 100


class PortTaken(Exception):
    """The message says what to do."""


def open_listener(host: str, port: int | None) -> socket.socket:
    """A listening socket on `port`, or on the first free one from 8000 when none is asked for.

    Raises PortTaken when the port asked for is not free, or the address is not this machine's.
    """
    if port is not None:
        return _asked(host, port)
    for candidate in range(FIRST, FIRST + TRIES):
        try:
            return listen(host, candidate)
        except OSError as refused:
            if refused.errno != errno.EADDRINUSE:
                raise _sentence(host, candidate, refused) from refused
    raise PortTaken(f"No port from {FIRST} to {FIRST + TRIES - 1} is free. Choose one with --port.")


def free_port() -> int:
    """A port that nobody uses now, on loopback."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _asked(host: str, port: int) -> socket.socket:
    try:
        return listen(host, port)
    except (OSError, OverflowError) as refused:
        raise _sentence(host, port, refused) from refused


def _sentence(host: str, port: int, refused: Exception) -> PortTaken:
    if isinstance(refused, OSError) and refused.errno == errno.EADDRINUSE:
        return PortTaken(
            f"Port {port} is taken by another program. Choose another with --port, or leave "
            "--port out to take the next free one."
        )
    return PortTaken(f"Cannot listen on {host} port {port}: {refused}. See --host and --port.")
