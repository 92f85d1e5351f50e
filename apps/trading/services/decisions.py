"""The decision log: repeats of a minute are folded into one row with a count."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.conf import settings
from django.db import connection

from apps.core.domain.money import BOOKED
from apps.core.retention import old_delete
from apps.trading.models import DecisionLog

FOLD = """
INSERT INTO trading_decisionlog (bot_id, symbol, code, params, best, count, minute, last_at)
VALUES (%s, %s, %s, %s::jsonb, %s, %s, %s, %s)
ON CONFLICT (bot_id, minute, code, symbol) DO UPDATE SET
    count = trading_decisionlog.count + EXCLUDED.count,
    last_at = EXCLUDED.last_at,
    params = CASE WHEN trading_decisionlog.best IS NULL
                    OR EXCLUDED.best >= trading_decisionlog.best
             THEN EXCLUDED.params ELSE trading_decisionlog.params END,
    best = GREATEST(trading_decisionlog.best, EXCLUDED.best)
"""


@dataclass(slots=True)
class Folded:
    """Some equal decisions of one bot within one minute; params are those of the best."""

    bot_id: int
    symbol: str
    code: str
    params: dict[str, str]
    best: Decimal | None
    count: int
    minute: datetime
    last_at: datetime


def decisions_record(rows: Sequence[Folded]) -> None:
    """Add to what the minute already holds. Platform-internal: the engine's own bots."""
    with connection.cursor() as cursor:
        cursor.executemany(
            FOLD,
            [
                (
                    row.bot_id,
                    row.symbol,
                    row.code,
                    json.dumps(row.params),
                    None if row.best is None else row.best.quantize(BOOKED),
                    row.count,
                    row.minute,
                    row.last_at,
                )
                for row in rows
            ],
        )


def decisions_purge(*, now: datetime) -> int:
    """Forget what is older than settings.KEEP_DECISIONS_DAYS; how many rows."""
    before = now - timedelta(days=settings.KEEP_DECISIONS_DAYS)
    return old_delete(DecisionLog.objects.all(), column="last_at", before=before)
