"""Platform-wide reads for sweepers and the engine: keys only, never contents."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Q

from apps.trading.domain.orders import SENT, OrderStatus
from apps.trading.domain.plans import ALIVE
from apps.trading.models import Order, Plan


def order_keys_waiting(
    *, placed_before: datetime, limit: int = 500
) -> list[tuple[int, int, int | None, datetime]]:
    """(workspace_id, order_id, plan_id, valid_until) of orders that were never claimed."""
    rows = Order.objects.filter(status=OrderStatus.PLANNED, placed_at__lte=placed_before)
    keys = rows.order_by("pk").values_list("workspace_id", "pk", "plan_id", "valid_until")
    return list(keys[:limit])


def order_keys_unsettled(*, sent_before: datetime, limit: int = 500) -> list[tuple[int, int]]:
    """(workspace_id, order_id) of orders that may be at the venue and are not settled."""
    rows = Order.objects.filter(status__in=sorted(SENT), sent_at__lte=sent_before)
    return list(rows.order_by("pk").values_list("workspace_id", "pk")[:limit])


def plan_keys_alive(*, opened_before: datetime, limit: int = 500) -> list[tuple[int, int]]:
    """(workspace_id, plan_id) of plans that are not over, or were closed before a late fill."""
    alive = Q(status__in=sorted(ALIVE)) & Q(opened_at__lte=opened_before)
    rows = Plan.objects.filter(alive)
    return list(rows.order_by("pk").values_list("workspace_id", "pk")[:limit])
