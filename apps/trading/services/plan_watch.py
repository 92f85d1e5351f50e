"""The watchdog over plans: counted anew from their fills, and whatever does not fit is said.

Nothing is repaired here in silence: a finding is noted once, logged, audited and published. What
is a real imbalance goes back to the plan machine, which closes it or asks for a person.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

import structlog
from django.db import transaction
from django.db.models import Q

from apps.core import audit, outbox
from apps.core.domain.people import Actor
from apps.trading import locks
from apps.trading.domain import mismatch
from apps.trading.domain.events import PlanMismatch
from apps.trading.domain.mismatch import Finding, PlanBooks
from apps.trading.domain.orders import OrderOrigin
from apps.trading.domain.plans import ALIVE, FINAL, PlanStatus
from apps.trading.models import Order, OrderAnomaly, Plan, PlanAnomaly
from apps.trading.services import plan_books

logger = structlog.get_logger(__name__)
WATCHED_FOR = timedelta(days=1)  # after its end
YOUNG = timedelta(seconds=30)  # a plan on its way is left alone this long
CHUNK = 200
REOPENING = frozenset({mismatch.LEGS_UNEVEN, mismatch.ORDERS_LIVE})


def plans_suspect(*, now: datetime) -> Iterator[tuple[int, int]]:
    """(workspace, plan) of every plan, alive or closed within a day, that does not fit its fills
    or has an open finding. Platform-wide; three queries for each 200 plans, no lock."""
    alive = Q(status__in=sorted(ALIVE), opened_at__lte=now - YOUNG)
    ended = Q(status__in=sorted(FINAL), closed_at__gte=now - WATCHED_FOR)
    noted = Q(anomalies__isnull=False, anomalies__cleared_at=None)
    rows = Plan.objects.filter(alive | ended | noted).exclude(status=PlanStatus.DENIED)
    known = set(
        PlanAnomaly.objects.filter(cleared_at=None).values_list("plan_id", flat=True).distinct()
    )
    rows = rows.order_by("pk").distinct().prefetch_related("orders__fills")
    for plan in rows.iterator(chunk_size=CHUNK):
        orders = sorted(plan.orders.all(), key=lambda order: order.pk)
        if plan.pk in known or _findings(plan, orders, now):
            yield plan.workspace_id, plan.pk


@transaction.atomic
def plan_check(*, actor: Actor, plan_id: int, now: datetime) -> bool:
    """Note what does not fit, clear what fits again. True: the plan machine has to go on."""
    plan = locks.plan(actor.workspace_id, plan_id)
    found = _findings(plan, list(plan_books.orders_of(plan)), now)
    noted = set(plan.anomalies.filter(cleared_at=None).values_list("kind", flat=True))
    present = {each.kind for each in found}
    plan.anomalies.filter(cleared_at=None).exclude(kind__in=present).update(cleared_at=now)
    for finding in found:
        if finding.kind not in noted:
            _note(plan, finding, actor, now)
    if mismatch.FILLS_DIFFER in present and plan.status in FINAL:
        Plan.objects.filter(pk=plan.pk).exclude(status=PlanStatus.NEEDS_ATTENTION).update(
            status=PlanStatus.NEEDS_ATTENTION, reason=mismatch.FILLS_DIFFER
        )
        return False
    return bool(present & REOPENING)


@transaction.atomic
def orders_orphaned_note(*, now: datetime) -> int:
    """A bot's order that belongs to no plan, no group and no decision of the gate: noted once."""
    orphans = Order.objects.filter(
        origin=OrderOrigin.BOT,
        bot__isnull=False,
        plan=None,
        group=None,
        decision=None,
        placed_at__gte=now - WATCHED_FOR,
        placed_at__lte=now - YOUNG,
    ).exclude(anomalies__kind=mismatch.ORDER_WITHOUT_PLAN)
    rows = [
        OrderAnomaly(
            workspace_id=order.workspace_id,
            order=order,
            kind=mismatch.ORDER_WITHOUT_PLAN,
            detail={"status": order.status},
            seen_at=now,
        )
        for order in orphans.order_by("pk")
    ]
    for row in rows:
        logger.error("order.without_plan", order_id=row.order_id)
    return len(OrderAnomaly.objects.bulk_create(rows))


def _note(plan: Plan, finding: Finding, actor: Actor, now: datetime) -> None:
    PlanAnomaly.objects.create(
        workspace_id=plan.workspace_id,
        plan=plan,
        kind=finding.kind,
        detail=dict(finding.detail),
        seen_at=now,
    )
    logger.error("plan.mismatch", plan_id=plan.pk, kind=finding.kind, **finding.detail)
    event = PlanMismatch(
        workspace_id=plan.workspace_id, plan_id=plan.pk, bot_id=plan.bot_id, kind=finding.kind
    )
    audit.record(event, actor=actor, at=now, detail=dict(finding.detail))
    outbox.publish(event)


def _findings(plan: Plan, orders: Sequence[Order], now: datetime) -> list[Finding]:
    if not orders or plan_books.is_handled(plan):
        return []
    told = [sum((fill.quantity for fill in order.fills.all()), Decimal(0)) for order in orders]
    differing = sum(1 for order, filled in zip(orders, told, strict=True) if order.filled != filled)
    for order, filled in zip(orders, told, strict=True):
        order.filled = filled  # counted anew; never saved here
    books = PlanBooks(
        status=PlanStatus(plan.status),
        residual=plan.residual,
        has_pnl=plan.pnl is not None,
        opened_at=plan.opened_at,
        differing=differing,
        facts=plan_books.facts_of(plan, orders),
    )
    return mismatch.findings(books, now)
