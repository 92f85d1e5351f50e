"""The guard: takes commands, carries each out in a thread, and looks after the automatic rules.

It needs PostgreSQL and the venues, nothing else. What others want to hear of it is delivered by a
courier beside the work, while the broker answers.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import redis
import structlog
from django.db import DatabaseError, connections
from django.utils import timezone

from apps.core import beats, outbox, ratelimit
from apps.trading.guard import dead_man
from apps.trading.guard.bell import Bell
from apps.trading.guard.file_trigger import file_take
from apps.trading.guard.runs import owner_name, run_carry_out
from apps.trading.models import KillRun
from apps.trading.services.kill import kill_claim, kill_step_record

logger = structlog.get_logger(__name__)
SIDE_BY_SIDE = 16  # commands at a time
BEAT_EVERY = 5.0  # seconds
DELIVERED_AFTER = 1.0  # seconds that an event waits for whoever stored it


@dataclass(slots=True)
class Chore:
    """Something done again and again. It must be short, and may fail without harm."""

    name: str
    every: float  # seconds
    work: Callable[[], Any]
    due: float = field(default=0.0)


class Guard:
    """One process of the role; any number of them share the work by leases."""

    def __init__(self, chores: list[Chore] | None = None) -> None:
        self.owner = owner_name()
        self.stopping = threading.Event()
        self._pool = ThreadPoolExecutor(SIDE_BY_SIDE, thread_name_prefix="kill")
        self._running: set[Future[None]] = set()
        self._bell = Bell()
        self._switch = dead_man.DeadMan()
        self._switching: Future[None] | None = None
        self._chores = [
            Chore("file", 0.25, lambda: file_take(now=timezone.now())),
            Chore("beat", BEAT_EVERY, self._beat),
            Chore("dead_man", dead_man.EVERY.total_seconds(), self._watch_dead_man),
            *(chores or []),
        ]

    def run(self) -> None:
        """Blocks until `stop`. Commands under way stay RUNNING: the next guard goes on."""
        courier = threading.Thread(target=self._courier, name="courier", daemon=True)
        courier.start()
        try:
            while not self.stopping.is_set():
                self._turn()
                self._bell.wait(self.stopping)
        finally:
            self._dead_man_goes()
            self._pool.shutdown(wait=True)
            self._bell.close()
            connections.close_all()

    def stop(self) -> None:
        self.stopping.set()

    def _turn(self) -> None:
        """One look at everything. A lost database is waited for, never a reason to end."""
        try:
            self._take()
            now = time.monotonic()
            for chore in self._chores:
                if now >= chore.due:
                    chore.due = now + chore.every
                    self._do(chore)
        except DatabaseError:
            logger.warning("guard.database_lost")
            connections.close_all()
            self.stopping.wait(1.0)

    def _do(self, chore: Chore) -> None:
        try:
            chore.work()
        except DatabaseError:
            raise
        except Exception:
            logger.exception("guard.chore_failed", chore=chore.name)

    def _take(self) -> None:
        self._running = {each for each in self._running if not each.done()}
        while len(self._running) < SIDE_BY_SIDE:
            run = kill_claim(owner=self.owner, now=timezone.now())
            if run is None:
                return
            logger.warning("guard.run_taken", run_id=run.pk, command=run.command)
            self._running.add(self._pool.submit(self._carry_out, run))

    def _carry_out(self, run: KillRun) -> None:
        try:
            done = run_carry_out(run, self.stopping)
            if done is not None:
                logger.warning("guard.run_over", run_id=run.pk, status=done.status)
        except Exception:
            logger.exception("guard.run_failed", run_id=run.pk)  # its lease ends; it is taken again
            self._say_broken(run)
        finally:
            connections.close_all()

    def _say_broken(self, run: KillRun) -> None:
        try:
            kill_step_record(run_id=run.pk, code="BEGUN_AGAIN", now=timezone.now())
        except DatabaseError:
            logger.warning("guard.database_lost", run_id=run.pk)

    def _watch_dead_man(self) -> None:
        """In a thread: a slow venue must not keep commands waiting."""
        if self._switching is None or self._switching.done():
            self._switching = self._pool.submit(self._switch_turn, self._switch.turn)

    def _dead_man_goes(self) -> None:
        if self._switching is not None and self._switching.done():
            self._switch_turn(self._switch.let_go)

    @staticmethod
    def _switch_turn(turn: Callable[[], None]) -> None:
        try:
            turn()
        except Exception:
            logger.exception("guard.dead_man_failed")
        finally:
            connections.close_all()

    def _beat(self) -> None:
        beats.beat(role="guard", instance=self.owner, now=timezone.now())

    def _courier(self) -> None:
        """Deliver what this process stored, while the broker answers: it may hang, we may not."""
        while not self.stopping.wait(DELIVERED_AFTER):
            try:
                ratelimit.store().ping()
                outbox.sweep(older_than=timedelta(seconds=DELIVERED_AFTER), limit=100)
            except (redis.RedisError, DatabaseError, OSError):
                connections.close_all()
            except Exception:
                logger.exception("guard.courier_failed")
        connections.close_all()
