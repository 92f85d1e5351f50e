"""One command in one workspace, from the first look to the proof. Safe to begin again any time."""

from __future__ import annotations

import contextlib
import hashlib
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import structlog
from django.conf import settings
from django.db import connection

from apps.trading.domain.kill import KillCommand, KillStatus
from apps.trading.guard import flatten, orders, plans, report
from apps.trading.guard.desk import Desk
from apps.trading.guard.flatten import SETTLED, Rest
from apps.trading.guard.orders import Seen
from apps.trading.guard.work import Work
from apps.trading.models import KillRun, Order
from apps.trading.selectors.positions_net import net_positions
from apps.trading.services.kill import kill_part_finish, kill_part_note

logger = structlog.get_logger(__name__)
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 2.0  # seconds between rounds
CLEAR_WITHIN = 4.0  # seconds until positions without anything under way are closed all the same


class Interrupted(Exception):
    """This process ends: the command stays RUNNING, and whoever comes next goes on with it."""


@dataclass(slots=True)
class Round:
    """What is left after one look at everything."""

    live: Sequence[Order] = ()
    plans: Sequence[int] = ()
    seen: Seen | None = None  # None: not asked, because our own books say that it is not over
    rests: list[Rest] = field(default_factory=list)

    @property
    def quiet(self) -> bool:
        """No order and no plan of the scope can still change anything."""
        seen = self.seen is not None and not self.seen.ours and not self.seen.unseen
        return not self.live and not self.plans and seen

    @property
    def over(self) -> bool:
        return self.quiet and all(rest.why in SETTLED for rest in self.rests)


def part_run(work: Work) -> KillStatus:
    """Work until nothing is left or the time is over; store the report. Raises Interrupted."""
    with workspace_alone(work):
        if work.part.finished_at is not None:
            return KillStatus(work.part.status)
        kill_part_note(part=work.part, **report.met(work))
        last = _rounds(work)
        status = KillStatus.DONE if last.over else KillStatus.ATTENTION
        if not last.over and _superseded(work):
            status = KillStatus.DONE
        said = report.part_report(
            work, seen=last.seen, rests=last.rests, plans=last.plans, live=last.live
        )
        kill_part_finish(part=work.part, status=status, report=said, now=work.now)
        work.say(f"WORKSPACE_{status}")
        return status


def _rounds(work: Work) -> Round:
    within = settings.KILL_FLATTEN_SECONDS if work.flattening else settings.KILL_CANCEL_SECONDS
    deadline, pause = time.monotonic() + within, FIRST_PAUSE
    while True:
        found = _round(work)
        if found.over or time.monotonic() > deadline or _superseded(work):
            return found
        placed = any(rest.why is flatten.Left.OPEN for rest in found.rests)
        pause = FIRST_PAUSE if placed else min(pause * 1.5, LONGEST_PAUSE)
        if work.stop.wait(pause):
            raise Interrupted


def _round(work: Work) -> Round:
    work.desk = Desk()
    found = Round(live=orders.orders_end(work), plans=plans.plans_drive(work))
    if not found.live and not found.plans:
        found.seen = orders.orders_seen(work)
    if work.flattening:
        busy = bool(found.live or found.plans) and time.monotonic() - work.started < CLEAR_WITHIN
        found.rests = _untouched(work) if busy else _close(work)
        if any(rest.why is flatten.Left.OPEN for rest in found.rests):
            found.seen = None  # something was sent: look again
    return found


def _close(work: Work) -> list[Rest]:
    if not work.part.closing:
        kill_part_note(part=work.part, closing=True, balances=report.balances_said(work))
    return flatten.positions_close(work)


def _untouched(work: Work) -> list[Rest]:
    """What is under way gets a little time first; then it holds up only its own positions."""
    positions = net_positions(work.workspace_id, work.bot_id)
    return [Rest(each, flatten.Left.UNDER_WAY) for each in positions]


def _superseded(work: Work) -> bool:
    """A FLATTEN over the same ground was asked for meanwhile: it does all that CANCEL does."""
    if work.run.command != KillCommand.CANCEL:
        return False
    rows = KillRun.objects.filter(command=KillCommand.FLATTEN, status__in=["PENDING", "RUNNING"])
    covering = [f"WORKSPACE:{work.workspace_id}", "PLATFORM", work.run.scope_key]
    return rows.filter(scope_key__in=covering, pk__gt=work.run.pk).exists()


@contextlib.contextmanager
def workspace_alone(work: Work) -> Iterator[None]:
    """One command at a time works in a workspace, in whatever process. Raises Interrupted."""
    number = int.from_bytes(
        hashlib.sha256(f"kill {work.workspace_id}".encode()).digest()[:8], "big", signed=True
    )
    while not _locked("pg_try_advisory_lock", number):
        if work.stop.wait(FIRST_PAUSE):
            raise Interrupted
    try:
        yield
    finally:
        with contextlib.suppress(Exception):
            _locked("pg_advisory_unlock", number)


def _locked(function: str, number: int) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {function}(%s)", [number])
        return cursor.fetchone()[0]
