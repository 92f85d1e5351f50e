"""Platform-wide reads for sweepers and the engine: keys only, never contents."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import F, Q

from apps.trading.domain.orders import SENT, OrderStatus
from apps.trading.domain.plans import ALIVE
from apps.trading.models import ArbJob, Fill, Order, Plan
from apps.trading.selectors.working import OURS, RESTING

LATE_WITHIN = timedelta(hours=1)  # a late fill whose plan nobody drove on is looked for this long


def order_keys_waiting(
    *, placed_before: datetime, limit: int = 500
) -> list[tuple[int, int, int | None, datetime]]:
    """(workspace_id, order_id, plan_id, valid_until) of orders that were never claimed."""
    rows = Order.objects.filter(status=OrderStatus.PLANNED, placed_at__lte=placed_before)
    keys = rows.order_by("pk").values_list("workspace_id", "pk", "plan_id", "valid_until")
    return list(keys[:limit])


def order_keys_unsettled(*, sent_before: datetime, limit: int = 500) -> list[tuple[int, int]]:
    """(workspace_id, order_id) of our orders that may be at the venue and are not settled."""
    rows = Order.objects.filter(OURS, status__in=sorted(SENT), sent_at__lte=sent_before)
    rows = rows.exclude(RESTING)  # one question per connection follows these: order_follow
    return list(rows.order_by("pk").values_list("workspace_id", "pk")[:limit])


def plan_keys_alive(*, opened_before: datetime, limit: int = 500) -> list[tuple[int, int]]:
    """(workspace_id, plan_id) of plans that are not over, or were closed before a late fill."""
    alive = Plan.objects.filter(status__in=sorted(ALIVE), opened_at__lte=opened_before)
    keys = list(alive.order_by("pk").values_list("workspace_id", "pk")[:limit])
    late = Fill.objects.filter(
        booked_at__gt=F("order__plan__closed_at"),
        booked_at__gte=opened_before - LATE_WITHIN,
    )
    known = late.values_list("workspace_id", "order__plan_id").distinct()
    return [*keys, *(key for key in known[:limit] if key not in set(keys))]


def arb_job_keys_waiting(*, before: datetime, limit: int = 200) -> list[tuple[int, int, bool]]:
    """(workspace_id, job_id, still queued) of jobs that are not decided since `before`."""
    rows = ArbJob.objects.filter(
        Q(status="QUEUED", created_at__lte=before) | Q(status="CHECKING", decided_at__lte=before)
    )
    keys = rows.order_by("pk").values_list("workspace_id", "pk", "status")[:limit]
    return [(workspace_id, job_id, status == "QUEUED") for workspace_id, job_id, status in keys]
