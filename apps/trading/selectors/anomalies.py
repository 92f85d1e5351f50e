"""What the automatic rules look at, platform-wide, in few queries every few seconds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db import connection

from apps.core import beats
from apps.core.domain.money import ZERO
from apps.markets.mirror import read_board
from apps.trading.domain.anomalies import Limits, WorkspaceFacts
from apps.trading.domain.policies import Scope, strictest
from apps.trading.domain.risk.facts import DOLLARS
from apps.trading.models import Bot, RiskPolicy
from apps.trading.selectors.gate_facts import policies_read

UNANSWERED_AFTER = timedelta(seconds=5)
OPEN_FOR = timedelta(seconds=10)  # a plan younger than this needs no engine yet
DAY = timedelta(days=1)

# Workspaces that are not halted. `since` is when a person last resumed: older news do not count.
FACTS = """
WITH w AS (
    SELECT workspace_id, state, coalesce(state_at, '-infinity'::timestamptz) AS since
    FROM trading_tradingaccount WHERE state <> 'HALTED'
)
SELECT w.workspace_id, w.state,
  (SELECT count(*) FROM trading_order o WHERE o.workspace_id = w.workspace_id
     AND o.origin NOT IN ('EXTERNAL', 'KILL') AND o.placed_at > greatest(%(window)s, w.since)
     AND (o.status = 'REJECTED' OR (o.status = 'SUBMITTING' AND o.sent_at < %(unanswered)s))),
  (SELECT coalesce(sum(-p.pnl), 0) FROM trading_plan p WHERE p.workspace_id = w.workspace_id
     AND p.closed_at > greatest(%(day)s, w.since) AND p.status <> 'DENIED'
     AND p.quote = ANY(%(dollars)s))
  + (SELECT coalesce(sum(-r.amount), 0) FROM trading_realizedresult r
     WHERE r.workspace_id = w.workspace_id AND r.at > greatest(%(day)s, w.since)
     AND r.quote = ANY(%(dollars)s)),
  (SELECT coalesce(sum(t.peak - t.pnl), 0) FROM trading_risktally t
     WHERE t.workspace_id = w.workspace_id AND t.bot_id IS NULL AND t.quote = ANY(%(dollars)s)),
  (SELECT coalesce(max((k.rule_params->>'fall')::numeric), 0) FROM trading_killrun k
     WHERE k.workspace_id = w.workspace_id AND k.rule = 'DRAWDOWN'),
  (SELECT min(greatest(p.opened_at, w.since)) FROM trading_plan p
     WHERE p.workspace_id = w.workspace_id AND p.status IN ('PLANNED', 'EXECUTING', 'COMPLETING')
     AND p.opened_at < %(opened)s)
FROM w
"""
UNALIGNED = """
SELECT b.workspace_id, b.id, v.venue,
       greatest(coalesce(a.aligned_at, b.started_at, b.created_at),
                coalesce(b.trading_state_at, '-infinity'::timestamptz))
FROM trading_bot b
JOIN trading_botvenue v ON v.bot_id = b.id
JOIN trading_connectionalignment a ON a.connection_id = v.connection_id
WHERE b.status = 'RUNNING' AND b.trading_state <> 'HALTED' AND b.deleted_at IS NULL
  AND a.status = 'UNALIGNED'
"""


def limits_now() -> Limits:
    return Limits(
        errors=settings.KILL_ERRORS,
        errors_seconds=settings.KILL_ERRORS_SECONDS,
        unaligned_seconds=settings.KILL_UNALIGNED_SECONDS,
        stale_seconds=settings.KILL_STALE_SECONDS,
    )


def anomaly_facts(now: datetime, *, watched_since: datetime | None = None) -> list[WorkspaceFacts]:
    """Facts of every workspace that is not halted yet.

    What was silent or unaligned before `watched_since` does not count: while the whole product was
    switched off nobody spoke, and after its start everybody gets the time that the limits give.
    """
    engine_seen = _engine_seen(now)
    unaligned, silent = _unaligned(now, watched_since), _books_silent(now, watched_since)
    return [
        WorkspaceFacts(
            workspace_id=number,
            errors=errors,
            loss=ZERO if state == "REDUCING" else max(loss, ZERO),
            loss_limit=limit["daily_loss"],
            fall=fall,
            fall_limit=limit["max_drawdown"],
            fall_fired_at=fired,
            engine_silent=_silent(plan_since, engine_seen, watched_since, now),
            unaligned=unaligned.get(number, {}),
            books_silent=silent.get(number, {}),
        )
        for number, state, errors, loss, fall, fired, plan_since in _rows(now)
        for limit in [_money_limits(number)]
    ]


def _rows(now: datetime) -> Iterable[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(
            FACTS,
            {
                "window": now - timedelta(seconds=settings.KILL_ERRORS_SECONDS),
                "unanswered": now - UNANSWERED_AFTER,
                "day": now - DAY,
                "dollars": sorted(DOLLARS),
                "opened": now - OPEN_FOR,
            },
        )
        return list(cursor.fetchall())


def _money_limits(workspace_id: int) -> Mapping[str, Decimal | None]:
    """The workspace's own limits and the platform's; what is not known is no number to fire on
    (the gate refuses by itself there)."""
    rows = RiskPolicy.objects.filter(workspace_id=workspace_id, bot=None).values()
    shared = RiskPolicy.objects.filter(scope=Scope.PLATFORM).values()
    found = strictest(policies_read([*rows, *shared]))
    limits: dict[str, Decimal | None] = {}
    for name in ("daily_loss", "max_drawdown"):
        value = found[name].value if name in found else None
        limits[name] = value if isinstance(value, Decimal) else None
    return limits


def _engine_seen(now: datetime) -> datetime | None:
    seen = [each.seen_at for each in beats.all_recent(now=now) if each.role == "engine"]
    return max(seen, default=None)


def _silent(
    plan_since: datetime | None, seen: datetime | None, watched: datetime | None, now: datetime
) -> int | None:
    """Seconds since the engine was seen, or since an open trade began to need it."""
    if plan_since is None:
        return None
    return _seconds(max(each for each in (plan_since, seen, watched) if each is not None), now)


def _seconds(since: datetime, now: datetime) -> int:
    return int((now - since).total_seconds())


def _unaligned(now: datetime, watched: datetime | None) -> dict[int, dict[int, tuple[int, str]]]:
    found: dict[int, dict[int, tuple[int, str]]] = {}
    with connection.cursor() as cursor:
        cursor.execute(UNALIGNED)
        for workspace_id, bot_id, venue, since in cursor.fetchall():
            seconds = _seconds(since if watched is None else max(since, watched), now)
            known = found.setdefault(workspace_id, {})
            if seconds >= known.get(bot_id, (0, ""))[0]:
                known[bot_id] = (seconds, venue)
    return found


def _books_silent(now: datetime, watched: datetime | None) -> dict[int, dict[int, int]]:
    """Running bots, while an engine lives and writes no prices. A store away tells nothing."""
    if not beats.alive(role="engine", now=now):
        return {}
    board = read_board()
    if not board.answered or board.written_at_ms is None:
        return {}
    silent = now.timestamp() - board.written_at_ms / 1000
    if watched is not None:
        silent = min(silent, (now - watched).total_seconds())
    if silent <= settings.KILL_STALE_SECONDS:
        return {}
    found: dict[int, dict[int, int]] = {}
    rows = Bot.objects.filter(status="RUNNING", trading_state="ACTIVE", deleted_at=None)
    for workspace_id, bot_id, since in rows.values_list("workspace_id", "pk", "trading_state_at"):
        calm = silent if since is None else min(silent, (now - since).total_seconds())
        found.setdefault(workspace_id, {})[bot_id] = int(calm)
    return found
