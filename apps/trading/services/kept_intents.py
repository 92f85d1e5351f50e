"""What somebody wanted, as a group keeps it until its orders are made."""

from __future__ import annotations

from dataclasses import fields
from decimal import Decimal
from typing import Any

from apps.core.domain.money import plain
from apps.trading.domain.orders import OrderIntent, OrderOrigin
from apps.venues.domain.ports import OrderKind, Side, TimeInForce


def intent_dump(intent: OrderIntent) -> dict[str, Any]:
    """As JSON keeps it; amounts as text."""
    return {
        "connection_id": intent.connection_id,
        "symbol": intent.symbol,
        "base": intent.base,
        "quote": intent.quote,
        "side": intent.side,
        "quantity": plain(intent.quantity),
        "limit_price": None if intent.limit_price is None else plain(intent.limit_price),
        "trigger_price": None if intent.trigger_price is None else plain(intent.trigger_price),
        "trail": None if intent.trail is None else plain(intent.trail),
        "kind": intent.kind,
        "time_in_force": intent.time_in_force,
        "reduce_only": intent.reduce_only,
        "origin": intent.origin,
        "max_slippage": plain(intent.max_slippage),
        "fee_rate": None if intent.fee_rate is None else plain(intent.fee_rate),
    }


def intent_load(saved: dict[str, Any]) -> OrderIntent:
    amounts = ("quantity", "limit_price", "trigger_price", "trail", "max_slippage", "fee_rate")
    known = {each.name for each in fields(OrderIntent)}
    given = {name: value for name, value in saved.items() if name in known} | {
        name: None if saved[name] is None else Decimal(saved[name]) for name in amounts
    }
    return OrderIntent(
        **given
        | {
            "side": Side(saved["side"]),
            "kind": OrderKind(saved["kind"]),
            "time_in_force": TimeInForce(saved["time_in_force"]),
            "origin": OrderOrigin(saved["origin"]),
        }
    )
