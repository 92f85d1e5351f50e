"""Bots, their plans with orders and fills, what the gate decided, and what is reserved.

Statuses, sides, roles and reasons are codes of the domain: no choices, no migration per code.
Amounts are NUMERIC(38,18): quantities in base, prices in quote per base, PnL in quote.
"""

from __future__ import annotations

from apps.trading.models.accounts import (
    AccountFee,
    CapitalReservation,
    PlatformTrading,
    TradingAccount,
)
from apps.trading.models.alignment import ConnectionAlignment
from apps.trading.models.anomalies import PlanAnomaly
from apps.trading.models.bots import Bot, BotInventory, BotRestart, BotVenue, DecisionLog
from apps.trading.models.capital import BotCapital
from apps.trading.models.decisions import RiskDecision
from apps.trading.models.kill import KillOrder, KillPart, KillRun
from apps.trading.models.live import LiveUnlock
from apps.trading.models.orders import Fill, Order, OrderAnomaly, OrderGroup
from apps.trading.models.plans import ArbJob, Plan
from apps.trading.models.policies import (
    RealizedResult,
    RiskPolicy,
    RiskPosition,
    RiskTally,
)

__all__ = [
    "AccountFee",
    "ArbJob",
    "Bot",
    "BotCapital",
    "BotInventory",
    "BotRestart",
    "BotVenue",
    "CapitalReservation",
    "ConnectionAlignment",
    "DecisionLog",
    "Fill",
    "KillOrder",
    "KillPart",
    "KillRun",
    "LiveUnlock",
    "Order",
    "OrderAnomaly",
    "OrderGroup",
    "Plan",
    "PlanAnomaly",
    "PlatformTrading",
    "RealizedResult",
    "RiskDecision",
    "RiskPolicy",
    "RiskPosition",
    "RiskTally",
    "TradingAccount",
]
