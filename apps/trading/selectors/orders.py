"""Orders and plans."""

from __future__ import annotations

from apps.core.domain.people import Reader
from apps.trading.domain.errors import OrderMissing, PlanRecordMissing
from apps.trading.models import Order, Plan


def order_get(*, reader: Reader, order_id: int) -> Order:
    """One order with its fills. Someone else's order is reported exactly like a missing one."""
    rows = Order.objects.within(reader.workspace_id).filter(pk=order_id)
    found: Order | None = rows.prefetch_related("fills").first()
    if found is None:
        raise OrderMissing
    return found


def plan_get(*, reader: Reader, plan_id: int) -> Plan:
    """One plan with its orders and their fills."""
    rows = Plan.objects.within(reader.workspace_id).filter(pk=plan_id)
    found: Plan | None = rows.prefetch_related("orders__fills").first()
    if found is None:
        raise PlanRecordMissing
    return found
