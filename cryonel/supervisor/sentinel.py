"""The last witness: a small process that ends what the supervisor could not.

The kernel sends every role SIGTERM when the supervisor is killed, but a server with a request in
flight may never obey, and what a role started is not told at all. The sentinel holds the
reading end of a pipe; when it closes, everything still named in it is given time and then killed,
whole process groups at a time.
"""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Callable

from cryonel.embedded.process import is_alive, wait_until

GRACE_SECONDS = 5.0


class Sentinel:
    """The supervisor's end of the pipe. `watch` and `forget` name process groups."""

    def __init__(self, grace: float = GRACE_SECONDS) -> None:
        reader, self._writer = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            os.close(self._writer)
            _leave_through(lambda: _keep_watch(reader, grace))
        os.close(reader)

    def watch(self, group: int) -> None:
        self._tell(f"+{group}\n")

    def forget(self, group: int) -> None:
        self._tell(f"-{group}\n")

    def dismiss(self) -> None:
        """All is ended: the sentinel leaves without touching anything."""
        self._tell("bye\n")
        self.close()
        with contextlib.suppress(ChildProcessError):
            os.waitpid(self.pid, 0)

    def close(self) -> None:
        """Drop the pipe; every forked child must, or the supervisor's death goes unseen."""
        if self._writer >= 0:
            os.close(self._writer)
            self._writer = -1

    def _tell(self, line: str) -> None:
        with contextlib.suppress(OSError):
            os.write(self._writer, line.encode())


def _keep_watch(reader: int, grace: float) -> None:
    os.setsid()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    signal.set_wakeup_fd(-1)
    _go_quiet(keep=reader)
    groups: set[int] = set()
    with os.fdopen(reader) as told:
        for line in told:
            if line == "bye\n":
                return
            group = int(line[1:])
            if line[0] == "+":
                groups.add(group)
            else:
                groups.discard(group)
    end_groups(groups, grace)


def end_groups(groups: set[int], grace: float) -> None:
    """SIGTERM every group, wait `grace` seconds, SIGKILL what is left of them."""
    for group in groups:
        signal_group(group, signal.SIGTERM)
    wait_until(lambda: not any(is_alive(group) for group in groups), grace, pause=0.05)
    for group in groups:
        signal_group(group, signal.SIGKILL)


def signal_group(group: int, number: signal.Signals) -> None:
    """Signal a whole process group; one that is gone is fine."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


def _go_quiet(keep: int) -> None:
    """Hold no terminal, port or pipe that someone waits to see closed; only `keep`."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nothing, number)
    os.closerange(3, keep)
    os.closerange(keep + 1, 4096)


def _leave_through(work: Callable[[], None]) -> None:
    """Run `work` and end this forked process without unwinding the parent's stack."""
    code = 1
    try:
        work()
        code = 0
    finally:
        os._exit(code)
