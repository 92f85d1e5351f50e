"""One-shot arbitrage jobs: asked for here, decided by a worker, watched by the person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction

from apps.core import audit, outbox
from apps.core.domain.people import Actor, Role
from apps.trading.domain.arb_jobs import ArbJobStatus
from apps.trading.domain.events import ArbJobCreated, ArbJobDecided
from apps.trading.models import ArbJob, Plan
from apps.trading.services.account import account_open
from apps.trading.services.bots import params_checked


@transaction.atomic
def arb_job_create(
    *,
    actor: Actor,
    pair: str,
    connection_ids: Sequence[int],
    now: datetime,
    threshold: str | Decimal | None = None,
    max_slippage: str | Decimal | None = None,
    notional: str | Decimal | None = None,
) -> ArbJob:
    """QUEUED. threshold and max_slippage in percent, notional in quote, as the bot's form has them.

    Raises InputRefused by field, ConnectionMissing, ConnectionUnfit, LiveTradingClosed,
    VenuesTooFew.
    """
    actor.require(Role.TRADER)
    account_open(actor.workspace_id)
    given: dict[str, Any] = {"pairs": [pair]}
    asked = {"threshold": threshold, "max_slippage": max_slippage, "notional": notional}
    given |= {name: str(value) for name, value in asked.items() if value is not None}
    params, connections = params_checked(actor, "arbitrage", given, connection_ids, "PAPER")
    job = ArbJob.objects.create(
        workspace_id=actor.workspace_id,
        pair=params["pairs"][0],
        connection_ids=[each.pk for each in connections],
        params=params,
        status=ArbJobStatus.QUEUED,
        created_by=actor.user_id,
        created_at=now,
    )
    event = ArbJobCreated(workspace_id=actor.workspace_id, job_id=job.pk)
    audit.record(event, actor=actor, at=now, pair=job.pair)
    outbox.publish(event)
    return job


def arb_job_claim(*, actor: Actor, job_id: int, now: datetime) -> ArbJob | None:
    """QUEUED to CHECKING, for one worker."""
    claimed = ArbJob.objects.filter(
        workspace_id=actor.workspace_id, pk=job_id, status=ArbJobStatus.QUEUED
    ).update(status=ArbJobStatus.CHECKING, decided_at=now)
    return ArbJob.objects.get(pk=job_id) if claimed else None


@transaction.atomic
def arb_job_decide(
    *,
    actor: Actor,
    job_id: int,
    status: ArbJobStatus,
    code: str,
    params: Mapping[str, str],
    plan: Plan | None,
    now: datetime,
) -> None:
    """What became of it, with the reason. Only the worker that claimed it comes here."""
    decided = ArbJob.objects.filter(
        workspace_id=actor.workspace_id, pk=job_id, status=ArbJobStatus.CHECKING
    ).update(status=status, code=code, code_params=dict(params), plan=plan, decided_at=now)
    if decided:
        event = ArbJobDecided(workspace_id=actor.workspace_id, job_id=job_id, status=status)
        audit.record(event, actor=actor, at=now, code=code)
        outbox.publish(event)
