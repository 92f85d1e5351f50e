"""Reads. A selector never writes, never calls a venue, and always takes the reader."""

from __future__ import annotations

from apps.trading.selectors.bots import (
    bot_card,
    bot_get,
    bot_list,
    halt_state,
    pnl_by_bot,
    running_count,
)
from apps.trading.selectors.decisions import decision_list, decision_rows
from apps.trading.selectors.engine import connection_symbols
from apps.trading.selectors.keys import (
    arb_job_keys_waiting,
    order_keys_unsettled,
    order_keys_waiting,
    plan_keys_alive,
)
from apps.trading.selectors.orders import (
    arb_job_get,
    connections_of,
    order_get,
    plan_get,
    third_asset_prices,
)
from apps.trading.selectors.performance import (
    latency_summary,
    performance_list,
    performance_none,
    pnl_series,
)
from apps.trading.selectors.positions import bot_positions
from apps.trading.selectors.trades import (
    TradeFilter,
    trade_choices,
    trade_csv,
    trade_list,
    trade_rows,
    trade_totals,
)

__all__ = [
    "TradeFilter",
    "arb_job_get",
    "arb_job_keys_waiting",
    "bot_card",
    "bot_get",
    "bot_list",
    "bot_positions",
    "connection_symbols",
    "connections_of",
    "decision_list",
    "decision_rows",
    "halt_state",
    "latency_summary",
    "order_get",
    "order_keys_unsettled",
    "order_keys_waiting",
    "performance_list",
    "performance_none",
    "plan_get",
    "plan_keys_alive",
    "pnl_by_bot",
    "pnl_series",
    "running_count",
    "third_asset_prices",
    "trade_choices",
    "trade_csv",
    "trade_list",
    "trade_rows",
    "trade_totals",
]
