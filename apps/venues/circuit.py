"""Keeps a failing venue from being hammered, and a healthy one from banning us.

Per process and venue: a circuit that opens after five failed calls, lets one probe through after
60 s and closes when that works. Before each call its turn at the venue's documented pace, which all
processes keep together (`pace`). A refused call was not sent: VenueUnavailable or VenueRateLimited,
both safe to try again. Open circuits are mirrored to Redis, so that pages see what workers and
engine feel.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum

import orjson
import redis
import structlog

from apps.core import ratelimit
from apps.venues import pace
from apps.venues.domain.errors import (
    NonceUnavailable,
    OrderTooLate,
    VenueOutcomeUnknown,
    VenueRateLimited,
    VenueUnavailable,
)
from apps.venues.domain.ports import VenueSpec
from apps.venues.pace import Pace

logger = structlog.get_logger(__name__)

FAILURES = 5
OPEN_FOR = 60.0  # seconds
MIRROR = "venues:circuit:"
MIRROR_KEPT = 15 * 60  # seconds


class CircuitState(StrEnum):
    CLOSED = "CLOSED"
    HALF_OPEN = "HALF_OPEN"
    OPEN = "OPEN"


@dataclass(frozen=True, slots=True, kw_only=True)
class CircuitReport:
    """A circuit that is not closed, in one process."""

    venue: str
    state: CircuitState
    failures: int
    process: str


class Circuit:
    """Counts consecutive failures of one venue. Thread-safe."""

    def __init__(
        self,
        on_change: Callable[[CircuitState, int], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._on_change, self._clock = on_change, clock
        self._guard = threading.Lock()
        self._failures, self._opened_at, self._probing = 0, 0.0, False
        self.state = CircuitState.CLOSED

    @property
    def failures(self) -> int:
        return self._failures

    def enter(self) -> bool:
        """Whether a call may go out now. One that may, must end in `leave`."""
        if self.state is CircuitState.CLOSED:  # the common case takes no lock
            return True
        with self._guard:
            return self._admitted()

    def _admitted(self) -> bool:
        waiting = self._clock() - self._opened_at < OPEN_FOR
        if self.state is CircuitState.OPEN and not waiting:
            self._become(CircuitState.HALF_OPEN)
        if self.state is CircuitState.HALF_OPEN and not self._probing:
            self._probing = True
            return True
        return self.state is CircuitState.CLOSED

    def leave(self, *, worked: bool | None) -> None:
        """None: the call told nothing about the venue's health."""
        if worked and self.state is CircuitState.CLOSED and not self._failures:
            return
        with self._guard:
            probe, self._probing = self._probing, False
            if worked:
                self._failures = 0
                self._become(CircuitState.CLOSED)
            elif worked is False:
                self._failures += 1
                if probe or self._failures >= FAILURES:
                    self._opened_at = self._clock()
                    self._become(CircuitState.OPEN)

    def _become(self, state: CircuitState) -> None:
        if state is not self.state:
            self.state = state
            self._on_change(state, self._failures)


_guard = threading.Lock()
_gates: dict[str, tuple[Circuit, Pace]] = {}


@contextmanager
def guarded(spec: VenueSpec) -> Iterator[None]:
    """Run one call to the venue inside its circuit and at its pace.

    Raises VenueUnavailable or VenueRateLimited without having called.
    """
    circuit, turns = _gate(spec)
    if not circuit.enter():
        raise VenueUnavailable(venue=spec.label)
    worked: bool | None = None
    try:
        wait = turns.reserve()
        if wait is None:
            raise VenueRateLimited(venue=spec.label)
        if wait:
            time.sleep(wait)
        yield
        worked = True
    except Exception as e:
        worked = _health_told_by(e)
        raise
    finally:
        circuit.leave(worked=worked)


def is_closed(venue: str) -> bool:
    """Whether this process would let a call to the venue go out now; asks nobody."""
    gate = _gates.get(venue)
    return gate is None or gate[0].state is CircuitState.CLOSED


def states() -> list[CircuitReport]:
    """Every circuit of the platform that is not closed, as its process reported it."""
    try:
        store = ratelimit.store()
        keys = list(store.scan_iter(f"{MIRROR}*", count=200))
        rows = store.mget(keys) if keys else []
    except redis.RedisError:
        logger.warning("venues.circuit_mirror_down")
        return _local_states()
    reports = []
    for row in rows:
        if row:
            told = orjson.loads(row)
            reports.append(CircuitReport(**told | {"state": CircuitState(told["state"])}))
    return sorted(reports, key=lambda report: (report.venue, report.process))


def forget_all() -> None:
    """Close every circuit of this process (tests, and after a fork)."""
    with _guard:
        _gates.clear()
    pace.forget()


def _gate(spec: VenueSpec) -> tuple[Circuit, Pace]:
    gate = _gates.get(spec.code)
    if gate is None:
        with _guard:
            gate = _gates.setdefault(
                spec.code,
                (
                    Circuit(lambda state, failures: _mirror(spec.code, state, failures)),
                    Pace(spec.code, spec.requests_per_second),
                ),
            )
    return gate


def _health_told_by(problem: Exception) -> bool | None:
    """False: it failed. True: it answered, even if with a no. None: neither can be said.

    An unknown outcome without a cause is the adapter's own patience (an order not visible yet),
    no failure of the venue.
    """
    if isinstance(problem, VenueRateLimited | OrderTooLate | NonceUnavailable):
        return None
    if isinstance(problem, VenueUnavailable):
        return False
    if isinstance(problem, VenueOutcomeUnknown):
        return False if problem.__cause__ is not None else None
    return True if getattr(problem, "category", "") == "venue" else None


def _process() -> str:
    return f"{socket.gethostname()}-{os.getpid()}"


def _local_states() -> list[CircuitReport]:
    return [
        CircuitReport(
            venue=venue, state=circuit.state, failures=circuit.failures, process=_process()
        )
        for venue, (circuit, _) in sorted(_gates.items())
        if circuit.state is not CircuitState.CLOSED
    ]


def _mirror(venue: str, state: CircuitState, failures: int) -> None:
    logger.warning("venues.circuit_changed", venue=venue, state=state.value, failures=failures)
    key = f"{MIRROR}{venue}:{_process()}"
    report = {"venue": venue, "state": state, "failures": failures, "process": _process()}
    try:
        if state is CircuitState.CLOSED:
            ratelimit.store().delete(key)
        else:
            ratelimit.store().set(key, orjson.dumps(report), ex=MIRROR_KEPT)
    except redis.RedisError:
        logger.warning("venues.circuit_mirror_down", venue=venue)
