"""The only lines in this app that spell select_for_update. Account, plan, group, order."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

from django.db.models import Q

from apps.trading.domain.alignment import AlignmentStatus
from apps.trading.domain.errors import OrderGroupMissing, OrderMissing, PlanRecordMissing
from apps.trading.models import (
    Bot,
    ConnectionAlignment,
    KillPart,
    KillRun,
    Order,
    OrderGroup,
    Plan,
    PlatformTrading,
    TradingAccount,
)


def trading_account(workspace_id: int) -> TradingAccount:
    """Serialises every decision about one workspace. No account, no trading: it fails closed."""
    return TradingAccount.objects.select_for_update(of=("self",)).get(workspace_id=workspace_id)


NEXT_PLAN = """
SELECT *, nextval('trading_plan_id_seq') AS next_plan_id,
    ARRAY(SELECT nextval('trading_order_id_seq') FROM generate_series(1, %s)) AS next_order_ids
FROM trading_tradingaccount WHERE workspace_id = %s FOR UPDATE
"""


def trading_account_for_plan(workspace_id: int, orders: int) -> tuple[TradingAccount, list[int]]:
    """The same for a new plan, with the primary keys of the plan and of so many orders."""
    rows = list(TradingAccount.objects.raw(NEXT_PLAN, [orders, workspace_id]))
    if not rows:
        raise TradingAccount.DoesNotExist
    account: Any = rows[0]
    return account, [account.next_plan_id, *account.next_order_ids]


def plan(workspace_id: int, plan_id: int) -> Plan:
    rows = Plan.objects.filter(workspace_id=workspace_id, pk=plan_id)
    found: Plan | None = rows.select_for_update(of=("self",)).first()
    if found is None:
        raise PlanRecordMissing
    return found


def order_group(workspace_id: int, group_id: int) -> OrderGroup:
    rows = OrderGroup.objects.filter(workspace_id=workspace_id, pk=group_id)
    found: OrderGroup | None = rows.select_for_update(of=("self",)).first()
    if found is None:
        raise OrderGroupMissing
    return found


def group_orders(group: OrderGroup) -> list[Order]:
    """Its orders, locked in their order: no receipt is booked while the machine decides."""
    return list(Order.objects.filter(group=group).select_for_update(of=("self",)).order_by("pk"))


def order(workspace_id: int, order_id: int) -> Order:
    rows = Order.objects.filter(workspace_id=workspace_id, pk=order_id)
    found: Order | None = rows.select_for_update(of=("self",)).first()
    if found is None:
        raise OrderMissing
    return found


def orders(workspace_id: int, order_ids: Iterable[int]) -> list[Order]:
    """Those of the workspace among them, locked in the order of their keys."""
    rows = Order.objects.filter(workspace_id=workspace_id, pk__in=list(order_ids))
    return list(rows.select_for_update(of=("self",)).order_by("pk"))


def alignment(workspace_id: int, connection_id: int) -> ConnectionAlignment:
    """The connection's row, made where there is none. Who records a comparison holds it."""
    ConnectionAlignment.objects.get_or_create(
        connection_id=connection_id,
        defaults={"workspace_id": workspace_id, "status": AlignmentStatus.UNKNOWN},
    )
    rows = ConnectionAlignment.objects.filter(connection_id=connection_id)
    row: ConnectionAlignment = rows.select_for_update(of=("self",)).get()
    return row


def bot(workspace_id: int, bot_id: int) -> Bot | None:
    rows = Bot.objects.filter(workspace_id=workspace_id, pk=bot_id, deleted_at=None)
    return rows.select_for_update(of=("self",)).first()


def bots_free(now: datetime, limit: int, gone: Collection[str] = ()) -> list[Bot]:
    """Bots that no living engine holds; rows that another engine is taking are skipped."""
    free = Q(lease_until=None) | Q(lease_until__lt=now) | Q(lease_owner__in=gone)
    rows = Bot.objects.filter(free, status__in=["RUNNING", "PAUSED"], deleted_at=None)
    return list(rows.select_for_update(of=("self",), skip_locked=True).order_by("pk")[:limit])


def platform() -> PlatformTrading:
    """Serialises what is said to the whole platform. Made on first use."""
    PlatformTrading.objects.get_or_create(pk=1)
    return PlatformTrading.objects.select_for_update(of=("self",)).get(pk=1)


def kill_run(run_id: int) -> KillRun:
    return KillRun.objects.select_for_update(of=("self",)).get(pk=run_id)


def kill_part(part_id: int) -> KillPart:
    return KillPart.objects.select_for_update(of=("self",)).get(pk=part_id)


def plans_settled(workspace_id: int, bot_id: int | None, closed_after: datetime) -> None:
    """Wait for every plan that is being driven on at this moment: what it places is then seen."""
    recent = Q(closed_at=None) | Q(closed_at__gt=closed_after)
    rows = Plan.objects.filter(recent, workspace_id=workspace_id).exclude(status="DENIED")
    if bot_id is not None:
        rows = rows.filter(bot_id=bot_id)
    list(rows.select_for_update(of=("self",)).order_by("pk").values_list("pk", flat=True))
