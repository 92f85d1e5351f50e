"""Commands claimed and carried out. The same code serves the guard and `manage.py kill`."""

from __future__ import annotations

import os
import secrets
import socket
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import structlog
from django.db import DatabaseError, connections
from django.utils import timezone

from apps.trading.domain.kill import KillScope, KillStatus
from apps.trading.guard.part import Interrupted, part_run
from apps.trading.guard.work import Work
from apps.trading.models import KillPart, KillRun
from apps.trading.selectors.positions_net import workspaces_exposed
from apps.trading.services.kill import (
    kill_finish,
    kill_lease_renew,
    kill_part_open,
    kill_step_record,
)

logger = structlog.get_logger(__name__)
AGAIN_AFTER = 0.5  # seconds after a lost database
SIDE_BY_SIDE = 8  # workspaces of one platform command at a time


def owner_name() -> str:
    return f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(3)}"


class RunAlive:
    """Renews the lease of a run while it is being worked on."""

    def __init__(self, run: KillRun, stop: threading.Event) -> None:
        self.run, self.stop = run, stop
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._renew, name=f"lease-{run.pk}", daemon=True)

    def __enter__(self) -> RunAlive:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join(5)

    def _renew(self) -> None:
        try:
            while not self._done.wait(1.0):
                try:
                    kill_lease_renew(owner=self.run.owner, run_id=self.run.pk, now=timezone.now())
                except DatabaseError:
                    logger.warning("guard.lease_not_renewed", run_id=self.run.pk)
                    connections.close_all()
        finally:
            connections.close_all()


def run_carry_out(run: KillRun, stop: threading.Event) -> KillRun | None:
    """A claimed run to its end; None: this process stops, the run stays for the next one."""
    with RunAlive(run, stop):
        while not stop.is_set():
            try:
                return _carried_out(run, stop)
            except Interrupted:
                return None
            except DatabaseError:
                logger.exception("guard.database_lost", run_id=run.pk)
                connections.close_all()
                stop.wait(AGAIN_AFTER)
    return None


def _carried_out(run: KillRun, stop: threading.Event) -> KillRun:
    kill_step_record(run_id=run.pk, code="TAKEN", now=timezone.now(), by=run.owner)
    parts = [kill_part_open(run=run, workspace_id=number) for number in _workspaces(run)]
    statuses = _all_parts(run, parts, stop)
    status = KillStatus.DONE
    if KillStatus.ATTENTION in statuses:
        status = KillStatus.ATTENTION
    reports = KillPart.objects.filter(run=run).order_by("workspace_id")
    body = {"workspaces": [part.report for part in reports]}
    return kill_finish(run_id=run.pk, status=status, body=body, now=timezone.now())


def _workspaces(run: KillRun) -> Sequence[int]:
    if run.scope != KillScope.PLATFORM:
        return [int(run.workspace_id or 0)]
    known = KillPart.objects.filter(run=run).values_list("workspace_id", flat=True)
    return sorted({*workspaces_exposed(), *known})


def _all_parts(run: KillRun, parts: list[KillPart], stop: threading.Event) -> list[KillStatus]:
    if len(parts) == 1:
        return [part_run(Work(run, parts[0], stop))]
    with ThreadPoolExecutor(SIDE_BY_SIDE, thread_name_prefix=f"kill-{run.pk}") as pool:
        asked = [pool.submit(_apart, Work(run, part, stop)) for part in parts]
        return [future.result() for future in asked]


def _apart(work: Work) -> Any:
    """One part in a thread of its own, whose database connection ends with it."""
    try:
        return part_run(work)
    finally:
        connections.close_all()
