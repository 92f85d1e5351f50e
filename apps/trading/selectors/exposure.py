"""What the gate must know, read in few queries while the account is locked."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal

from django.db.models import Count, Max, Q, Sum

from apps.core.domain.money import ZERO
from apps.core.domain.people import Actor
from apps.portfolio.selectors import balance_list
from apps.trading.domain.plans import ALIVE, PlanStatus
from apps.trading.domain.risk import Claim
from apps.trading.models import CapitalReservation, Plan

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LOST = [PlanStatus.FAILED, PlanStatus.UNWOUND, PlanStatus.NEEDS_ATTENTION]


def free_capital(workspace_id: int) -> dict[Claim, Decimal]:
    """{(connection, asset): free balance after reservations}. An absent claim is not known.

    A released reservation counts until a balance newer than its release was seen: until then
    the balance may still show what was spent.
    """
    rows = balance_list(reader=Actor.platform(workspace_id))
    known = {(row.connection_id, row.asset): row for row in rows}
    free = {claim: balance.free for claim, balance in known.items()}
    reserved = CapitalReservation.objects.filter(workspace_id=workspace_id)
    oldest = min((balance.at for balance in known.values()), default=None)
    still = Q(released_at=None)
    if oldest is not None:
        still |= Q(released_at__gte=oldest)
    for row in reserved.filter(still):
        claim = (row.connection_id, row.asset)
        if claim in free and (row.released_at is None or row.released_at >= known[claim].at):
            free[claim] -= row.amount
    return free


def plan_counts(
    workspace_id: int, bot_id: int | None, symbol: str, now: datetime
) -> dict[str, object]:
    """One pass over the workspace's plans of the last day; see the keys."""
    day, hour = now - DAY, now - HOUR
    mine = Q(bot_id=bot_id) & ~Q(status=PlanStatus.DENIED)
    lost = Q(status__in=LOST)
    recent = Q(opened_at__gte=day)
    rows = Plan.objects.filter(recent | Q(status__in=sorted(ALIVE)), workspace_id=workspace_id)
    return rows.aggregate(
        open_plans=Count("pk", filter=mine & Q(status__in=sorted(ALIVE))),
        plans_hour=Count("pk", filter=mine & Q(opened_at__gte=hour)),
        plans_day=Count("pk", filter=mine & recent),
        pnl_day=Sum("pnl", filter=mine & recent),
        pnl_all=Sum("pnl", filter=recent),
        last_failure_at=Max("closed_at", filter=mine & lost),
        failures_hour=Count("pk", filter=mine & lost & Q(symbol=symbol, opened_at__gte=hour)),
    )


def bot_counts(bot_ids: Iterable[int], now: datetime) -> Mapping[int, dict[str, object]]:
    """The same for many bots at once, for strategies: {bot: counts}."""
    day, hour = now - DAY, now - HOUR
    alive = Q(status__in=sorted(ALIVE))
    rows = (
        Plan.objects.filter(alive | Q(opened_at__gte=day), bot_id__in=list(bot_ids))
        .exclude(status=PlanStatus.DENIED)
        .values("bot_id")
        .annotate(
            open_plans=Count("pk", filter=alive),
            plans_hour=Count("pk", filter=Q(opened_at__gte=hour)),
            plans_day=Count("pk", filter=Q(opened_at__gte=day)),
            pnl_day=Sum("pnl", filter=Q(opened_at__gte=day)),
            last_failure_at=Max("closed_at", filter=Q(status__in=LOST)),
        )
    )
    return {row["bot_id"]: row for row in rows}


def busy_symbols(bot_ids: Iterable[int]) -> Mapping[int, frozenset[str]]:
    """{bot: pairs with an open plan}."""
    busy: dict[int, set[str]] = defaultdict(set)
    rows = Plan.objects.filter(bot_id__in=list(bot_ids), status__in=sorted(ALIVE))
    for bot_id, symbol in rows.values_list("bot_id", "symbol"):
        busy[bot_id or 0].add(symbol)
    return {bot_id: frozenset(symbols) for bot_id, symbols in busy.items()}


def loss(pnl: object) -> Decimal:
    """A sum of PnL as a positive loss; a profit is no loss."""
    return max(-pnl, ZERO) if isinstance(pnl, Decimal) else ZERO
