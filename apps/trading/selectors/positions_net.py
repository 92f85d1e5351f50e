"""What trading left open: all fills of a bot added up, also those of different venues."""

from __future__ import annotations

from decimal import Decimal

from django.db import connection
from django.db.models import Q

from apps.trading.domain.kill import Execution, FeeSum, FillSum, NetPosition, positions_of
from apps.trading.domain.orders import OrderOrigin
from apps.trading.models import Fill
from apps.venues.domain.ports import Side

# What a person did elsewhere is theirs: it is shown, never counted and never closed.
SUMS = """
SELECT f.bot_id, f.connection_id, f.venue, f.symbol,
       sum(CASE WHEN f.side = 'buy' THEN f.quantity ELSE -f.quantity END),
       CASE WHEN bool_or(f.price IS NULL) THEN NULL
            ELSE sum(CASE WHEN f.side = 'buy' THEN -1 ELSE 1 END * f.quantity * f.price) END
FROM trading_fill AS f JOIN trading_order AS o ON o.id = f.order_id
WHERE f.workspace_id = %(workspace)s AND o.origin <> 'EXTERNAL'
  AND (%(bot)s::bigint IS NULL OR f.bot_id = %(bot)s::bigint)
GROUP BY f.bot_id, f.connection_id, f.venue, f.symbol
"""
# A fee leaves less of what was bought. Where a plan trades equal sizes at two venues at once it
# does not count, as the plan itself counts; nor in closing, which would never come to an end.
FEES = """
SELECT f.bot_id, f.connection_id, f.venue, f.fee_asset, sum(f.fee)
FROM trading_fill AS f JOIN trading_order AS o ON o.id = f.order_id
LEFT JOIN trading_plan AS p ON p.id = o.plan_id
WHERE f.workspace_id = %(workspace)s AND o.origin NOT IN ('EXTERNAL', 'KILL')
  AND (p.id IS NULL OR p.kind = 'SEQUENTIAL') AND f.fee > 0
  AND (%(bot)s::bigint IS NULL OR f.bot_id = %(bot)s::bigint)
GROUP BY f.bot_id, f.connection_id, f.venue, f.fee_asset
"""
OPEN_ANYWHERE = """
SELECT DISTINCT workspace_id FROM (
    SELECT f.workspace_id FROM trading_fill AS f JOIN trading_order AS o ON o.id = f.order_id
    WHERE o.origin <> 'EXTERNAL'
    GROUP BY f.workspace_id, f.bot_id, split_part(f.symbol, '/', 1)
    HAVING sum(CASE WHEN f.side = 'buy' THEN f.quantity ELSE -f.quantity END) <> 0
    UNION ALL
    SELECT workspace_id FROM trading_order
    WHERE status IN ('HELD', 'ARMED', 'PLANNED', 'SUBMITTING', 'OPEN', 'PARTIALLY_FILLED')
    UNION ALL
    SELECT workspace_id FROM trading_plan WHERE status IN ('PLANNED', 'EXECUTING', 'COMPLETING')
    UNION ALL
    SELECT workspace_id FROM trading_ordergroup WHERE status = 'ACTIVE'
) AS concerned ORDER BY workspace_id
"""


def net_positions(workspace_id: int, bot_id: int | None = None) -> list[NetPosition]:
    """Open positions per bot and asset; bot_id None: of every bot and of orders without one."""
    with connection.cursor() as cursor:
        cursor.execute(SUMS, {"workspace": workspace_id, "bot": bot_id})
        rows = [FillSum(*row) for row in cursor.fetchall()]
        cursor.execute(FEES, {"workspace": workspace_id, "bot": bot_id})
        fees = [FeeSum(*row) for row in cursor.fetchall()]
    return positions_of(rows, fees)


def workspaces_exposed() -> list[int]:
    """Platform-wide: where something is open, under way or may be."""
    with connection.cursor() as cursor:
        cursor.execute(OPEN_ANYWHERE)
        return [row[0] for row in cursor.fetchall()]


def of_bot(bot_id: int | None, field: str = "bot") -> Q:
    """Rows of a bot, or those that belong to none."""
    return Q(**{field: bot_id})


def executions_of(
    *, workspace_id: int, bot_id: int | None, symbols: list[str], closing: set[int]
) -> list[Execution]:
    """The fills of one position in the order in which they happened; `closing` are order ids."""
    rows = Fill.objects.filter(of_bot(bot_id), workspace_id=workspace_id, symbol__in=symbols)
    rows = rows.exclude(order__origin=OrderOrigin.EXTERNAL).order_by("traded_at", "pk")
    return [
        Execution(
            side=Side(fill.side),
            quantity=fill.quantity,
            price=fill.price,
            fee_quote=_fee_quote(fill),
            closing=fill.order_id in closing,
        )
        for fill in rows
    ]


def _fee_quote(fill: Fill) -> Decimal | None:
    """A fee in quote units; in base it is worth the fill's own price. None: not known."""
    fee: Decimal | None = fill.fee
    price: Decimal | None = fill.price
    if fee is None:
        return None
    base, _, quote = fill.symbol.partition("/")
    if not fee or fill.fee_asset == quote:
        return fee
    if fill.fee_asset == base and price is not None:
        return fee * price
    return None
