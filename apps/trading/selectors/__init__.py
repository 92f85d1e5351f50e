"""Reads. A selector never writes, never calls a venue, and always takes the reader."""

from __future__ import annotations

from apps.trading.selectors.keys import (
    order_keys_unsettled,
    order_keys_waiting,
    plan_keys_alive,
)
from apps.trading.selectors.orders import order_get, plan_get

__all__ = [
    "order_get",
    "order_keys_unsettled",
    "order_keys_waiting",
    "plan_get",
    "plan_keys_alive",
]
