"""HALT, CANCEL and FLATTEN: asked for, worked on under a lease, finished with a report.

HALT takes effect in the transaction that asks for it. What needs venues is left to the guard.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import Q

from apps.core import audit, outbox
from apps.core.domain.people import Actor
from apps.trading import locks
from apps.trading.domain import kill
from apps.trading.domain.errors import KillScopeIncomplete
from apps.trading.domain.events import KillFinished, KillRequested
from apps.trading.domain.kill import KillCommand, KillOrigin, KillScope, KillStatus
from apps.trading.domain.states import TradingState, strictest
from apps.trading.models import KillPart, KillRun
from apps.trading.services import kill_states
from apps.trading.services.kill_states import PLATFORM_ID

NOTIFY = "cryonel_kill"  # PostgreSQL's channel that wakes the guard
LEASE = timedelta(seconds=5)
STEPS_KEPT = 1_000


@transaction.atomic
def kill_request(
    *,
    actor: Actor,
    scope: KillScope,
    command: KillCommand,
    bot_id: int | None = None,
    origin: KillOrigin,
    reason: str,
    now: datetime,
    rule: str = "",
    rule_params: Mapping[str, str] | None = None,
) -> KillRun:
    """From this commit on nothing opens in the scope; CANCEL and FLATTEN wait for the guard.

    The same command that is still under way is returned instead of a second one. Raises
    RoleTooLow, PlatformNeedsStaff, BotMissing, KillScopeIncomplete.
    """
    if (scope is KillScope.BOT) is (bot_id is None):
        raise KillScopeIncomplete
    kill_states.require_right(actor, scope)
    state = TradingState.REDUCING if command is KillCommand.REDUCE else TradingState.HALTED
    before = kill_states.state_tighten(
        actor=actor, scope=scope, bot_id=bot_id, state=state, reason=reason, now=now
    )
    workspace_id = None if scope is KillScope.PLATFORM else actor.workspace_id
    key = kill.scope_key(scope, workspace_id, bot_id)
    known = KillRun.objects.filter(scope_key=key, command=command, status__in=kill.ACTIVE).first()
    if known is not None:
        return known
    run = KillRun.objects.create(
        scope=scope,
        scope_key=key,
        workspace_id=workspace_id,
        bot_id=bot_id,
        command=command,
        origin=origin,
        rule=rule,
        rule_params=dict(rule_params or {}),
        reason=reason[:200],
        requested_by=actor.user_id,
        requested_at=now,
        status=KillStatus.PENDING,
        steps=[{"at": now.isoformat(), "code": f"STATE_{state}", "params": {"before": before}}],
    )
    _tell_requested(run, actor, now)
    if command in kill.INSTANT:
        report = {"state": {"before": before.value, "after": strictest((before, state)).value}}
        return kill_finish(run_id=run.pk, status=KillStatus.DONE, body=report, actor=actor, now=now)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, %s)", [NOTIFY, str(run.pk)])
    return run


@transaction.atomic
def kill_claim(*, owner: str, now: datetime, run_id: int | None = None) -> KillRun | None:
    """One run that nobody works on, ours until the lease ends. None: there is none."""
    free = Q(lease_until=None) | Q(lease_until__lt=now)
    rows = KillRun.objects.filter(free, status__in=kill.ACTIVE)
    if run_id is not None:
        rows = rows.filter(pk=run_id)
    for number in rows.order_by("pk").values_list("pk", flat=True)[:20]:
        taken = KillRun.objects.filter(free, pk=number, status__in=kill.ACTIVE).update(
            status=KillStatus.RUNNING, owner=owner[:80], lease_until=now + LEASE
        )
        if taken:
            return KillRun.objects.get(pk=number)
    return None


def kill_lease_renew(*, owner: str, run_id: int, now: datetime) -> bool:
    """False: somebody else works on it now, or it is over."""
    rows = KillRun.objects.filter(pk=run_id, owner=owner[:80], status=KillStatus.RUNNING)
    return rows.update(lease_until=now + LEASE) == 1


@transaction.atomic
def kill_step_record(*, run_id: int, code: str, now: datetime, **params: object) -> None:
    """Say on the run's page what was done. The latest equal line is not written again."""
    run = locks.kill_run(run_id)
    said = {name: str(value) for name, value in params.items()}
    if run.steps and (run.steps[-1]["code"], run.steps[-1]["params"]) == (code, said):
        return
    if len(run.steps) < STEPS_KEPT:
        run.steps.append({"at": now.isoformat(), "code": code, "params": said})
        run.save(update_fields=["steps"])


def kill_part_open(*, run: KillRun, workspace_id: int) -> KillPart:
    part, _ = KillPart.objects.get_or_create(
        run=run,
        workspace_id=workspace_id,
        defaults={"status": KillStatus.RUNNING, "bot_id": run.bot_id},
    )
    return part


@transaction.atomic
def kill_part_note(*, part: KillPart, closing: bool = False, **met: Any) -> None:
    """Keep what was met, each fact as it was met first. closing: positions are being closed."""
    row = locks.kill_part(part.pk)
    row.before = {**met, **(row.before or {})}
    row.closing = row.closing or closing
    row.save(update_fields=["before", "closing"])
    part.refresh_from_db()


@transaction.atomic
def kill_part_finish(
    *, part: KillPart, status: KillStatus, report: Mapping[str, Any], now: datetime
) -> None:
    KillPart.objects.filter(pk=part.pk).update(
        status=status, report=dict(report), closing=False, finished_at=now
    )


@transaction.atomic
def kill_finish(
    *,
    run_id: int,
    status: KillStatus,
    body: Mapping[str, Any],
    now: datetime,
    actor: Actor | None = None,
) -> KillRun:
    """Store the report with its hash, which goes into the audit chain too. Once only."""
    run = locks.kill_run(run_id)
    if run.status not in kill.ACTIVE:
        return run
    run.report = {
        "run": run.pk,
        "scope": run.scope,
        "workspace": run.workspace_id,
        "bot": run.bot_id,
        "command": run.command,
        "origin": run.origin,
        "rule": run.rule,
        "reason": run.reason,
        "requested_by": run.requested_by,
        "requested_at": run.requested_at.isoformat(),
        "finished_at": now.isoformat(),
        "status": status.value,
        **body,
    }
    run.report_hash = kill.report_hash(run.report)
    run.status, run.finished_at, run.lease_until = status, now, None
    run.save(update_fields=["report", "report_hash", "status", "finished_at", "lease_until"])
    where = run.workspace_id or PLATFORM_ID
    event = KillFinished(
        workspace_id=where,
        run_id=run.pk,
        bot_id=run.bot_id,
        command=run.command,
        status=status.value,
        report_hash=run.report_hash,
    )
    audit.record(event, actor=actor or Actor.platform(where), at=now)
    outbox.publish(event)
    return run


def _tell_requested(run: KillRun, actor: Actor, now: datetime) -> None:
    event = KillRequested(
        workspace_id=run.workspace_id or PLATFORM_ID,
        run_id=run.pk,
        scope=run.scope,
        bot_id=run.bot_id,
        command=run.command,
        origin=run.origin,
    )
    audit.record(event, actor=actor, at=now, reason=run.reason, rule=run.rule)
    outbox.publish(event)
