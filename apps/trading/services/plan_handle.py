"""What a person does about a plan that could not be closed: try again, or say it is handled."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from django.db import transaction

from apps.core import audit, outbox
from apps.core.domain.people import Actor, Role
from apps.trading import locks
from apps.trading.domain.errors import PlanHandlingUnexplained, PlanNotWaiting, UnwindLossWrong
from apps.trading.domain.events import PlanHandled, PlanRetried
from apps.trading.domain.plans import PlanStatus
from apps.trading.models import Order, Plan
from apps.trading.services.plan_run import plan_advance

LARGEST_LOSS = Decimal("0.5")  # of the leg's price, that a person may allow


@transaction.atomic
def plan_unwind(
    *, actor: Actor, plan_id: int, max_loss: Decimal | None = None, now: datetime
) -> Plan:
    """Try again to take back what is left; `max_loss` is a new bound, a fraction of the price.

    The attempts before count no more. Raises PlanNotWaiting, UnwindLossWrong.
    """
    plan = _waiting(actor, plan_id)
    if max_loss is not None and not 0 < max_loss <= LARGEST_LOSS:
        raise UnwindLossWrong
    bound = plan.max_unwind_loss if max_loss is None else max_loss
    plan.forgiven, plan.max_unwind_loss = Order.objects.filter(plan=plan).count(), bound
    plan.save(update_fields=["forgiven", "max_unwind_loss"])
    event = PlanRetried(workspace_id=plan.workspace_id, plan_id=plan.pk)
    audit.record(event, actor=actor, at=now, max_loss=str(bound), residual=str(plan.residual))
    outbox.publish(event)
    plan_advance(actor=actor, plan_id=plan.pk, now=now)
    plan.refresh_from_db()
    return plan


@transaction.atomic
def plan_acknowledge(*, actor: Actor, plan_id: int, reason: str, now: datetime) -> Plan:
    """A person took care of what is left outside of here, and says how.

    What is left stays in the books as it was; only a fill booked later opens the plan again.
    Raises PlanNotWaiting, PlanHandlingUnexplained.
    """
    plan = _waiting(actor, plan_id)
    if not reason.strip():
        raise PlanHandlingUnexplained
    plan.handled_at, plan.handled_by = now, actor.user_id
    plan.handled_reason = reason.strip()[:200]
    plan.save(update_fields=["handled_at", "handled_by", "handled_reason"])
    plan.anomalies.filter(cleared_at=None).update(cleared_at=now)
    event = PlanHandled(workspace_id=plan.workspace_id, plan_id=plan.pk, reason=plan.handled_reason)
    audit.record(event, actor=actor, at=now, residual=str(plan.residual))
    outbox.publish(event)
    return plan


def _waiting(actor: Actor, plan_id: int) -> Plan:
    actor.require(Role.TRADER)
    plan = locks.plan(actor.workspace_id, plan_id)
    if plan.status != PlanStatus.NEEDS_ATTENTION or plan.handled_at is not None:
        raise PlanNotWaiting
    return plan
