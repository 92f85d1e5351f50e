"""The supervisor: start, watch, restart, stop."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from cryonel.embedded import Servers, ServiceUnavailable
from cryonel.embedded.process import wait_until
from cryonel.roles import Role

from . import children
from .children import Child
from .sentinel import Sentinel

GRACE_SECONDS = 5.0
BACKOFF_FIRST = 0.5
BACKOFF_MOST = 30.0
STEADY_SECONDS = 60.0  # having run that long, the next crash counts as the first
TICK_SECONDS = 1.0
ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(slots=True)
class Post:
    """One role's place: who fills it now, since when, how often it was lost in a row."""

    role: Role
    child: Child | None = None
    since: float = 0.0
    crashes: int = 0
    due: float = 0.0


class Supervisor:
    """Runs roles until told to stop. Use from the main thread of a single-threaded process.

    `say` gets short sentences for people. Servers given here are revived when they die; stopping
    them is their owner's business, after `stop`.
    """

    def __init__(
        self,
        *,
        log_dir: Path,
        say: Callable[[str], None],
        servers: Servers | None = None,
        grace: float = GRACE_SECONDS,
    ) -> None:
        self.log_dir = log_dir
        self.say = say
        self.grace = grace
        self._servers = servers
        self._posts: dict[str, Post] = {}
        self._sentinel: Sentinel | None = None
        self._told_to_stop = 0

    @property
    def pids(self) -> dict[str, int]:
        """Process id by label of every role that runs now."""
        return {label: post.child.pid for label, post in self._posts.items() if post.child}

    def start(self, roles: Sequence[Role]) -> None:
        """Start `roles`; may be called again with more."""
        if threading.active_count() > 1:
            self.say("Threads were started before the roles were forked; they end there.")
        if self._sentinel is None and children.can_fork():
            self._sentinel = Sentinel(self.grace)
        for role in roles:
            post = self._posts[role.label] = Post(role)
            self._fill(post)

    def run(self, seconds: float | None = None, on_tick: Callable[[], None] | None = None) -> int:
        """Watch until SIGINT, SIGTERM, SIGHUP or `seconds` are over, then stop. Returns 0.

        `on_tick` is called about once a second.
        """
        deadline = None if seconds is None else time.monotonic() + seconds
        with self._listening() as wakened:
            while not self._told_to_stop:
                self.look_after()
                if on_tick is not None:
                    on_tick()
                left = TICK_SECONDS if deadline is None else deadline - time.monotonic()
                if left <= 0:
                    break
                if select.select([wakened], [], [], min(TICK_SECONDS, left))[0]:
                    os.read(wakened, 512)
            self.stop()
        return 0

    def look_after(self) -> None:
        """One round: notice who ended, start again whoever is due, revive dead servers."""
        now = time.monotonic()
        for post in self._posts.values():
            if post.child is not None and (code := post.child.ended_with()) is not None:
                self._lost(post, code, now)
            if post.child is None and now >= post.due:
                self._fill(post)
            children.trim(self._log(post.role))
        if self._servers is not None:
            self._revive(self._servers)

    def stop(self) -> None:
        """End all roles: SIGTERM, after `grace` seconds SIGKILL to the whole process group.

        The practice venue goes last, so that orders in flight can still be answered.
        """
        for last in (False, True):
            posts = [post for post in self._posts.values() if post.role.stops_last is last]
            self._end([post for post in posts if post.child is not None])
        self._posts.clear()
        if self._sentinel is not None:
            self._sentinel.dismiss()
            self._sentinel = None

    def _end(self, posts: list[Post]) -> None:
        running = [(post.role.label, post.child) for post in posts if post.child is not None]
        for _, child in running:
            child.terminate()
        self._await_end([child for _, child in running])
        for label, child in running:
            if child.ended_with() is None:
                self.say(f"{label} does not stop; it is killed.")
            child.kill()
        wait_until(lambda: all(child.ended_with() is not None for _, child in running), 5.0)
        for post in posts:
            self._forget(post)

    def _await_end(self, running: list[Child]) -> None:
        """Up to `grace` seconds; a second Ctrl-C cuts it short."""
        told = self._told_to_stop
        wait_until(
            lambda: (
                self._told_to_stop > max(told, 1)
                or all(child.ended_with() is not None for child in running)
            ),
            self.grace,
        )

    def _fill(self, post: Post) -> None:
        post.child = children.start(post.role, self._log(post.role), self._leave_to_child)
        post.since = time.monotonic()
        if self._sentinel is not None:
            self._sentinel.watch(post.child.pid)

    def _lost(self, post: Post, code: int, now: float) -> None:
        if post.child is not None:
            post.child.kill()  # what it started must not outlive it
        self._forget(post)
        post.crashes = 1 if now - post.since > STEADY_SECONDS else post.crashes + 1
        pause = min(BACKOFF_FIRST * 2 ** (post.crashes - 1), BACKOFF_MOST)
        post.due = now + pause
        how = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended ({code})"
        self.say(
            f"{post.role.label} {how}; it starts again in {pause:.1f} s."
            f" Its log: {self._log(post.role)}"
        )

    def _forget(self, post: Post) -> None:
        if post.child is not None and self._sentinel is not None:
            self._sentinel.forget(post.child.pid)
        post.child = None

    def _revive(self, servers: Servers) -> None:
        try:
            for name in servers.revive():
                self.say(f"{name} had ended and was started again.")
        except ServiceUnavailable as sentence:
            self.say(str(sentence))

    def _leave_to_child(self) -> None:
        """A forked role keeps nothing of the supervisor's."""
        if self._sentinel is not None:
            self._sentinel.close()

    def _log(self, role: Role) -> Path:
        return self.log_dir / f"{role.label.replace(':', '-')}.log"

    @contextlib.contextmanager
    def _listening(self) -> Iterator[int]:
        """Signals wake the loop instead of interrupting whatever runs."""
        reader, writer = os.pipe()
        for end in (reader, writer):
            os.set_blocking(end, False)
        before = signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
        handlers = {number: signal.signal(number, self._note) for number in ENDING}
        child = signal.signal(signal.SIGCHLD, lambda *_: None)
        try:
            yield reader
        finally:
            signal.set_wakeup_fd(before)
            signal.signal(signal.SIGCHLD, child)
            for number, handler in handlers.items():
                signal.signal(number, handler)
            os.close(reader)
            os.close(writer)

    def _note(self, _number: int, _frame: FrameType | None) -> None:
        self._told_to_stop += 1
