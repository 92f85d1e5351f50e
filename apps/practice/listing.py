"""Filters of the symbols the venue knows, in the sizes real spot exchanges use.

An unknown symbol gets rules derived from its quote asset; each value can be overridden in the
configuration.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from apps.practice.domain.rules import SymbolRules

# symbol: (price tick, quantity step). Their product is a multiple of 1e-8: amounts stay exact.
STEPS: dict[str, tuple[str, str]] = {
    "BTC/USDT": ("0.01", "0.00001"),
    "BTC/USDC": ("0.01", "0.00001"),
    "BTC/USD": ("0.01", "0.00001"),
    "ETH/USDT": ("0.01", "0.0001"),
    "ETH/USDC": ("0.01", "0.0001"),
    "BNB/USDT": ("0.01", "0.001"),
    "SOL/USDT": ("0.01", "0.001"),
    "XRP/USDT": ("0.0001", "0.1"),
    "ADA/USDT": ("0.0001", "0.1"),
    "DOGE/USDT": ("0.00001", "1"),
    "LINK/USDT": ("0.001", "0.01"),
    "AVAX/USDT": ("0.001", "0.01"),
    "LTC/USDT": ("0.01", "0.001"),
    "ETH/BTC": ("0.000001", "0.01"),
    "SOL/BTC": ("0.0000001", "0.1"),
    "USDC/USDT": ("0.0001", "1"),
}
DEFAULT_STEPS = ("0.0001", "0.001")
DEFAULT_BTC_STEPS = ("0.0000001", "0.1")
_OVERRIDES = {
    "tick",
    "step",
    "min_quantity",
    "max_quantity",
    "market_max_quantity",
    "max_price",
    "min_notional",
    "max_notional",
    "percent_up",
    "percent_down",
}


def rules_for(symbol: str, overrides: Mapping[str, Any]) -> SymbolRules:
    """The symbol's rules with what the configuration changes; raises RulesImpossible."""
    by_bitcoin = symbol.endswith("/BTC")
    tick, step = STEPS.get(symbol, DEFAULT_BTC_STEPS if by_bitcoin else DEFAULT_STEPS)
    unknown = set(overrides) - _OVERRIDES - {"symbol", "max_orders"}
    if unknown:
        raise TypeError(f"{symbol} has unknown rules: {', '.join(sorted(unknown))}")
    values: dict[str, Any] = {
        "tick": Decimal(tick),
        "step": Decimal(step),
        "min_quantity": Decimal(str(overrides.get("step", step))),
        "max_quantity": Decimal(9_000_000),
        "market_max_quantity": Decimal(100_000),
        "max_price": Decimal(1_000_000),
        "min_notional": Decimal("0.0001") if by_bitcoin else Decimal(5),
    }
    values |= {name: Decimal(str(overrides[name])) for name in _OVERRIDES & set(overrides)}
    if "max_orders" in overrides:
        values["max_orders"] = int(overrides["max_orders"])
    return SymbolRules(symbol=symbol, **values)
