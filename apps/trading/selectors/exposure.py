"""What strategies may know of bots and of capital. The gate reads its own facts: gate_facts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal

from django.db.models import Count, Max, Q, Sum

from apps.core.domain.money import ZERO
from apps.trading.domain.plans import ALIVE, PlanStatus
from apps.trading.domain.risk import Claim
from apps.trading.domain.states import TradingState
from apps.trading.models import Plan, PlatformTrading
from apps.trading.selectors import gate_facts

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LOST = [PlanStatus.FAILED, PlanStatus.UNWOUND, PlanStatus.NEEDS_ATTENTION]


def free_capital(workspace_id: int) -> dict[Claim, Decimal]:
    """{(connection, asset): free balance after reservations and all that bots have set aside}.
    An absent claim is not known."""
    return gate_facts.capital(workspace_id)


def platform_state() -> TradingState:
    """The whole platform's; without its row ACTIVE."""
    row = PlatformTrading.objects.values_list("state", flat=True).first()
    return TradingState(row or TradingState.ACTIVE)


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
