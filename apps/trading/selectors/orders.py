"""Orders and plans."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from django.db.models import F

from apps.core.domain.people import Actor, Reader
from apps.markets.selectors import mids_now
from apps.trading.domain.errors import ArbJobMissing, OrderMissing, PlanRecordMissing
from apps.trading.models import ArbJob, Fill, Order, Plan
from apps.venues.selectors import connection_get


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


def third_asset_prices(*, plan_id: int) -> dict[str, Decimal]:
    """Prices in the plan's quote of assets that its fees were paid in, beside base and quote."""
    paid = (
        Fill.objects.filter(order__plan_id=plan_id, fee__gt=0)
        .exclude(fee_asset__in=[F("order__plan__base"), F("order__plan__quote")])
        .values_list("fee_asset", "order__plan__quote")
        .distinct()
    )
    wanted = {asset: f"{asset}/{quote}" for asset, quote in paid if asset}
    if not wanted:
        return {}
    mids = mids_now()
    return {asset: mids[symbol] for asset, symbol in wanted.items() if symbol in mids}


def connections_of(workspace_id: int, connection_ids: Sequence[int]) -> list[tuple[int, str]]:
    """(connection id, venue) in the order asked for. Raises ConnectionMissing."""
    reader = Actor.platform(workspace_id)
    found = [connection_get(reader=reader, connection_id=number) for number in connection_ids]
    return [(each.pk, each.venue) for each in found]


def arb_job_get(*, reader: Reader, job_id: int) -> ArbJob:
    """Raises ArbJobMissing."""
    found: ArbJob | None = ArbJob.objects.within(reader.workspace_id).filter(pk=job_id).first()
    if found is None:
        raise ArbJobMissing
    return found
