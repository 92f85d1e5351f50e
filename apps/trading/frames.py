"""What goes to the browsers of a workspace's own members. Amounts as text."""

from __future__ import annotations

from typing import Any

from apps.core.domain.money import plain


def plan_frame(plan: Any) -> dict[str, object]:
    return {
        "kind": "plan",
        "id": plan.pk,
        "bot_id": plan.bot_id,
        "symbol": plan.symbol,
        "status": plan.status,
        "pnl": None if plan.pnl is None else plain(plan.pnl),
        "quote": plan.quote,
        "at": plan.closed_at.isoformat() if plan.closed_at else None,
    }


def order_frame(order: Any) -> dict[str, object]:
    return {
        "kind": "fills",
        "order_id": order.pk,
        "plan_id": order.plan_id,
        "bot_id": order.bot_id,
        "venue": order.venue,
        "symbol": order.symbol,
        "side": order.side,
        "status": order.status,
        "fills": [
            {
                "id": fill.pk,
                "quantity": plain(fill.quantity),
                "price": None if fill.price is None else plain(fill.price),
                "fee": None if fill.fee is None else plain(fill.fee),
                "fee_asset": fill.fee_asset,
                "at": fill.traded_at.isoformat(),
            }
            for fill in order.fills.all()
        ],
    }
