"""How much of an asset a book holds: a bot's, or that of orders placed by hand."""

from __future__ import annotations

from decimal import Decimal

from django.db import connection

# A fee taken in the base makes what was bought smaller. What was done elsewhere is not ours.
HELD = """
SELECT COALESCE(sum(
    CASE WHEN f.side = 'buy' THEN f.quantity ELSE -f.quantity END
    - CASE WHEN f.fee_asset = %(base)s THEN COALESCE(f.fee, 0) ELSE 0 END
), 0)
FROM trading_fill AS f JOIN trading_order AS o ON o.id = f.order_id
WHERE f.workspace_id = %(workspace)s AND f.bot_id IS NOT DISTINCT FROM %(bot)s::bigint
  AND o.origin <> 'EXTERNAL' AND split_part(f.symbol, '/', 1) = %(base)s
"""
GOING = """
SELECT COALESCE(sum(quantity - filled), 0) FROM trading_order
WHERE workspace_id = %(workspace)s AND bot_id IS NOT DISTINCT FROM %(bot)s::bigint
  AND origin <> 'EXTERNAL' AND split_part(symbol, '/', 1) = %(base)s AND side = %(side)s
  AND reduce_only AND status IN ('ARMED', 'PLANNED', 'SUBMITTING', 'OPEN', 'PARTIALLY_FILLED')
"""


def base_reducible(*, workspace_id: int, bot_id: int | None, base: str, side: str) -> Decimal:
    """How much an order of this side could close of the book, after what is closing it already.

    Base units, never negative: closing twice would open the other way.
    """
    facts = {"workspace": workspace_id, "bot": bot_id, "base": base, "side": side}
    with connection.cursor() as cursor:
        cursor.execute(HELD, facts)
        held = Decimal(cursor.fetchone()[0])
        cursor.execute(GOING, facts)
        going = Decimal(cursor.fetchone()[0])
    open_ = held if side == "sell" else -held
    return max(open_ - going, Decimal(0))
