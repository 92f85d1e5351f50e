"""Orders and groups that are under way: keys for sweepers, facts for the engine."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db.models import F, Q, QuerySet

from apps.trading.domain.orders import SENT, OrderStatus
from apps.trading.domain.triggers import Waiting
from apps.trading.models import Order, OrderGroup
from apps.venues.domain.ports import OrderKind, Side

AT_ONCE = ("IOC", "FOK")  # such an order does not rest: while it is open, something is unclear
SINGLE = Q(plan=None)
OURS = ~Q(origin="EXTERNAL")
# Acknowledged and standing in a book. What the venue counted and we have not booked is asked about
# by its id, like everything that is unclear.
RESTING = (
    SINGLE
    & Q(status__in=[OrderStatus.OPEN, OrderStatus.PARTIALLY_FILLED], cancel_requested_at=None)
    & (Q(counted=None) | Q(counted=F("filled")))
    & ~Q(venue_order_id="")
    & ~(Q(time_in_force__in=AT_ONCE) & (Q(emulated=True) | Q(trigger_price=None, trail=None)))
)


@dataclass(frozen=True, slots=True)
class Resting:
    order_id: int
    client_order_id: str
    filled: Decimal


@dataclass(frozen=True, slots=True)
class Armed:
    """An order whose trigger the engine waits for."""

    order_id: int
    workspace_id: int
    group_id: int | None
    venue: str
    symbol: str
    waits: Waiting
    expires_at: datetime | None
    warning: str


def orders_resting(*, workspace_id: int, connection_id: int) -> list[Resting]:
    """Acknowledged orders that stand in the connection's books, as far as we know."""
    rows = _resting().filter(workspace_id=workspace_id, connection_id=connection_id)
    return [Resting(*row) for row in rows.values_list("pk", "client_order_id", "filled")]


def connections_resting() -> list[tuple[int, int]]:
    """(workspace_id, connection_id) with at least one such order."""
    rows = _resting().order_by("workspace_id", "connection_id")
    return list(rows.values_list("workspace_id", "connection_id").distinct())


def _resting() -> QuerySet[Order]:
    found: QuerySet[Order] = Order.objects.filter(RESTING).filter(OURS)
    return found


def keys_unsent(*, placed_before: datetime, limit: int = 500) -> list[tuple[int, int]]:
    rows = Order.objects.filter(SINGLE, status=OrderStatus.PLANNED, placed_at__lte=placed_before)
    return list(rows.order_by("pk").values_list("workspace_id", "pk")[:limit])


def keys_cancelling(*, asked_before: datetime, limit: int = 500) -> list[tuple[int, int]]:
    rows = Order.objects.filter(
        OURS, status__in=sorted(SENT), cancel_requested_at__lte=asked_before
    )
    return list(rows.order_by("pk").values_list("workspace_id", "pk")[:limit])


def keys_timed_out(*, now: datetime, limit: int = 500) -> list[tuple[int, int]]:
    """Good-till-date orders whose date has come and whose end nobody has asked for yet."""
    rows = Order.objects.filter(OURS, expires_at__lte=now, closed_at=None, cancel_requested_at=None)
    return list(rows.order_by("pk").values_list("workspace_id", "pk")[:limit])


def groups_alive(*, limit: int = 500) -> list[tuple[int, int]]:
    """Groups that are not over, and those over whose orders are not."""
    alive = Q(status__in=["ACTIVE", "CANCELLING"]) & ~Q(kind="TWAP", status="ACTIVE")
    left = Q(status__in=["DONE", "CANCELLED"]) & Q(
        orders__closed_at=None, orders__cancel_requested_at=None, orders__isnull=False
    )
    rows = OrderGroup.objects.filter(alive | left).order_by("pk").distinct()
    return list(rows.values_list("workspace_id", "pk")[:limit])


def groups_due(*, now: datetime, limit: int = 200) -> list[tuple[int, int, str, str]]:
    """(workspace_id, group_id, venue, symbol) of groups whose next slice is due."""
    rows = OrderGroup.objects.filter(status="ACTIVE", next_at__lte=now).order_by("next_at")
    keys = rows.values_list("workspace_id", "pk", "connection__venue", "symbol")
    return list(keys[:limit])


def group_place(*, workspace_id: int, group_id: int) -> dict[str, str] | None:
    rows = OrderGroup.objects.filter(workspace_id=workspace_id, pk=group_id)
    found = rows.values_list("connection__venue", "symbol").first()
    return None if found is None else {"venue": found[0], "symbol": found[1]}


def orders_armed(*, limit: int = 20_000) -> list[Armed]:
    """Platform-wide: every armed order that was not triggered yet."""
    rows = Order.objects.filter(
        status=OrderStatus.ARMED, triggered_at=None, cancel_requested_at=None
    )
    return [
        Armed(
            order_id=pk,
            workspace_id=workspace_id,
            group_id=group_id,
            venue=venue,
            symbol=symbol,
            waits=Waiting(
                side=Side(side),
                kind=OrderKind(kind),
                trigger_price=trigger,
                trail=trail,
                trail_best=best,
            ),
            expires_at=expires_at,
            warning=warning,
        )
        for (
            pk, workspace_id, group_id, venue, symbol, side, kind, trigger, trail, best,
            expires_at, warning,
        ) in rows.order_by("pk").values_list(
            "pk", "workspace_id", "group_id", "venue", "symbol", "side", "kind", "trigger_price",
            "trail", "trail_best", "expires_at", "warning",
        )[:limit]
    ]  # fmt: skip


def is_unsent(*, workspace_id: int, order_id: int) -> bool:
    rows = Order.objects.filter(SINGLE, workspace_id=workspace_id, pk=order_id)
    return rows.filter(status=OrderStatus.PLANNED).exists()


def group_of(*, workspace_id: int, order_id: int) -> int | None:
    rows = Order.objects.filter(workspace_id=workspace_id, pk=order_id)
    found: int | None = rows.values_list("group_id", flat=True).first()
    return found


def orders_of_group(*, workspace_id: int, group_id: int) -> list[int]:
    rows = Order.objects.filter(workspace_id=workspace_id, group_id=group_id)
    return list(rows.order_by("pk").values_list("pk", flat=True))


def single_connection(*, workspace_id: int, order_id: int) -> int | None:
    """The connection of an order that belongs to no plan; None for all others."""
    rows = Order.objects.filter(SINGLE, workspace_id=workspace_id, pk=order_id)
    found: int | None = rows.values_list("connection_id", flat=True).first()
    return found
