"""Moving a workspace along the ladder. Payment comes with its own step."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from django.db import transaction

from apps.billing.domain.errors import PlanMissing
from apps.billing.models import Plan, Subscription
from apps.core import audit, outbox
from apps.core.domain.events import Event
from apps.core.domain.people import Actor, Role


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanChanged(Event):
    topic: ClassVar[str] = "billing.plan.changed"
    plan: str


@transaction.atomic
def plan_set(*, actor: Actor, workspace_id: int, plan: str, now: datetime) -> None:
    """Put a workspace on a plan; for the platform and its operator only. Raises PlanMissing."""
    actor.require(Role.PLATFORM)
    row = Plan.objects.filter(code=plan).first()
    if row is None:
        raise PlanMissing(plan=plan)
    Subscription.objects.update_or_create(
        workspace_id=workspace_id, defaults={"plan": row, "since": now}
    )
    event = PlanChanged(workspace_id=workspace_id, plan=plan)
    audit.record(event, actor=actor, at=now)
    outbox.publish(event)
