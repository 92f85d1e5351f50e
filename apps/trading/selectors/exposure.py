"""What the gate must know, read in few queries while the account is locked."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import Count, Max, Q, Sum

from apps.core.domain.money import ZERO
from apps.portfolio.selectors import balances_free
from apps.trading.domain.plans import ALIVE, PlanStatus
from apps.trading.domain.risk import Claim
from apps.trading.domain.states import TradingState
from apps.trading.models import Plan, PlatformTrading

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LOST = [PlanStatus.FAILED, PlanStatus.UNWOUND, PlanStatus.NEEDS_ATTENTION]


def free_capital(workspace_id: int) -> dict[Claim, Decimal]:
    """{(connection, asset): free balance after reservations}. An absent claim is not known.

    A released reservation counts until a balance newer than its release was seen: until then
    the balance may still show what was spent.
    """
    known = {
        (connection_id, asset): (free, at)
        for connection_id, asset, free, at in balances_free(workspace_id=workspace_id)
    }
    free = {claim: amount for claim, (amount, _) in known.items()}
    oldest = min((at for _, at in known.values()), default=None)
    with connection.cursor() as cursor:
        cursor.execute(RESERVED, {"workspace": workspace_id, "oldest": oldest})
        for connection_id, asset, amount, released_at in cursor.fetchall():
            claim = (connection_id, asset)
            if claim in free and (released_at is None or released_at >= known[claim][1]):
                free[claim] -= amount
    return free


RESERVED = """
SELECT connection_id, asset, amount, released_at FROM trading_capitalreservation
WHERE workspace_id = %(workspace)s AND (released_at IS NULL OR released_at >= %(oldest)s)
"""
COUNTS = """
SELECT
    count(*) FILTER (WHERE mine AND alive),
    count(*) FILTER (WHERE mine AND opened_at >= %(hour)s),
    count(*) FILTER (WHERE mine AND opened_at >= %(day)s),
    sum(pnl) FILTER (WHERE mine AND opened_at >= %(day)s),
    sum(pnl) FILTER (WHERE opened_at >= %(day)s),
    max(closed_at) FILTER (WHERE mine AND lost),
    count(*) FILTER (WHERE mine AND lost AND symbol = %(symbol)s AND opened_at >= %(hour)s)
FROM (
    SELECT opened_at, closed_at, pnl, symbol,
           bot_id IS NOT DISTINCT FROM %(bot)s::bigint AS mine,
           status IN ('PLANNED', 'EXECUTING', 'COMPLETING') AS alive,
           status IN ('FAILED', 'UNWOUND', 'NEEDS_ATTENTION') AS lost
    FROM trading_plan
    WHERE workspace_id = %(workspace)s AND status <> 'DENIED'
      AND (opened_at >= %(day)s OR status IN ('PLANNED', 'EXECUTING', 'COMPLETING'))
) AS recent
"""


@dataclass(frozen=True, slots=True)
class PlanCounts:
    """Of the last day, or alive. `mine` is the bot's (or all that have no bot)."""

    open_plans: int
    plans_hour: int
    plans_day: int
    pnl_day: Decimal | None
    pnl_all: Decimal | None  # of the whole workspace
    last_failure_at: datetime | None
    failures_hour: int  # of the symbol asked about


def plan_counts(workspace_id: int, bot_id: int | None, symbol: str, now: datetime) -> PlanCounts:
    """One pass over the workspace's plans of the last day. On the way of every order: plain SQL."""
    arguments = {
        "workspace": workspace_id,
        "bot": bot_id,
        "symbol": symbol,
        "day": now - DAY,
        "hour": now - HOUR,
    }
    with connection.cursor() as cursor:
        cursor.execute(COUNTS, arguments)
        return PlanCounts(*cursor.fetchone())


BOT = """
SELECT status, fencing_token, strategy, params, trading_state, ARRAY(
    SELECT used.connection_id FROM trading_botvenue AS used
    JOIN venues_connection AS held ON held.id = used.connection_id
    WHERE used.bot_id = bot.id AND held.workspace_id = bot.workspace_id
      AND held.status = 'ACTIVE' AND held.removed_at IS NULL
)
FROM trading_bot AS bot
WHERE id = %s AND workspace_id = %s AND deleted_at IS NULL
"""


@dataclass(frozen=True, slots=True)
class GateBot:
    """What the gate asks of a bot. connections: its own that are active now."""

    status: str
    fencing_token: int
    strategy: str
    params: dict[str, Any]
    trading_state: str
    connections: frozenset[int]


def gate_bot(workspace_id: int, bot_id: int) -> GateBot | None:
    """None: no such bot, a foreign one, or a deleted one. Plain SQL, as above."""
    with connection.cursor() as cursor:
        cursor.execute(BOT, [bot_id, workspace_id])
        row = cursor.fetchone()
    if row is None:
        return None
    status, token, strategy, params, state, connections = row
    return GateBot(status, token, strategy, json.loads(params), state, frozenset(connections))


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
