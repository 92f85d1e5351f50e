"""The only lines in this app that spell select_for_update. Account, then plan, then order."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Q

from apps.trading.domain.errors import OrderMissing, PlanRecordMissing
from apps.trading.models import Bot, Order, Plan, TradingAccount


def trading_account(workspace_id: int) -> TradingAccount:
    """Serialises every decision about one workspace. No account, no trading: it fails closed."""
    return TradingAccount.objects.select_for_update(of=("self",)).get(workspace_id=workspace_id)


def plan(workspace_id: int, plan_id: int) -> Plan:
    rows = Plan.objects.filter(workspace_id=workspace_id, pk=plan_id)
    found: Plan | None = rows.select_for_update(of=("self",)).first()
    if found is None:
        raise PlanRecordMissing
    return found


def order(workspace_id: int, order_id: int) -> Order:
    rows = Order.objects.filter(workspace_id=workspace_id, pk=order_id)
    found: Order | None = rows.select_for_update(of=("self",)).first()
    if found is None:
        raise OrderMissing
    return found


def bot(workspace_id: int, bot_id: int) -> Bot | None:
    rows = Bot.objects.filter(workspace_id=workspace_id, pk=bot_id, deleted_at=None)
    return rows.select_for_update(of=("self",)).first()


def bots_free(now: datetime, limit: int) -> list[Bot]:
    """Bots that no living engine holds; rows that another engine is taking are skipped."""
    free = Q(lease_until=None) | Q(lease_until__lt=now)
    rows = Bot.objects.filter(free, status__in=["RUNNING", "PAUSED"], deleted_at=None)
    return list(rows.select_for_update(of=("self",), skip_locked=True).order_by("pk")[:limit])
