"""The balances of one connection, as the venue just told them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import connection, transaction

from apps.core import locks
from apps.venues import held
from apps.venues.domain.ports import Balance

# An answer that was asked earlier never replaces a later one, whichever arrives first.
UPSERT = """
INSERT INTO portfolio_balancenow (workspace_id, connection_id, asset, free, used, at)
SELECT %s, %s, asset, free, used, %s
FROM unnest(%s::text[], %s::numeric[], %s::numeric[]) AS told(asset, free, used)
WHERE NOT EXISTS (
    SELECT 1 FROM portfolio_balancenow AS newer WHERE newer.connection_id = %s AND newer.at > %s
)
ON CONFLICT (connection_id, asset) DO UPDATE
SET free = EXCLUDED.free, used = EXCLUDED.used, at = EXCLUDED.at
"""
NOT_TOLD = """
UPDATE portfolio_balancenow SET free = 0, used = 0, at = %s
WHERE connection_id = %s AND at < %s AND asset <> ALL(%s::text[])
"""


@transaction.atomic
def balances_record(
    *, workspace_id: int, connection_id: int, balances: Sequence[Balance], now: datetime
) -> None:
    """Keep the whole answer of a venue; `now` is when it was asked.

    An asset that the answer does not name is held no more and becomes zero. Call this with whole
    answers only: a question that failed is no answer.
    """
    told = {balance.asset: balance for balance in balances}
    assets = sorted(told)
    free, used = [told[a].free for a in assets], [told[a].used for a in assets]
    locks.alone(f"portfolio.balances.{connection_id}")  # two answers compare their times in turn
    with connection.cursor() as cursor:
        row = (workspace_id, connection_id, now, assets, free, used, connection_id, now)
        cursor.execute(UPSERT, row)
        cursor.execute(NOT_TOLD, [now, connection_id, now, assets])
    transaction.on_commit(lambda: held.keep(connection_id, balances, at=now), robust=True)
