"""Filters of the symbols the venue knows, in the sizes real spot exchanges use.

An unknown symbol gets rules derived from its quote asset; each value can be overridden in the
configuration. A live instance learns its rules from the exchange it follows instead.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_CEILING, Decimal
from typing import Any

from apps.practice.domain.rules import CENT8, RulesImpossible, SymbolRules

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
MOST_QUANTITY = Decimal(9_000_000_000)  # where the exchange tells no limit
MOST_PRICE = Decimal(10) ** 12
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


def rules_learned(symbol: str, terms: Mapping[str, Decimal | None]) -> SymbolRules:
    """Rules as the real exchange lists them: tick, step, min_quantity, max_quantity, min_notional.

    The venue books eight decimals. Where the exchange's quantity step is finer than that allows
    (tick x step below 1e-8), the step here is the next power of ten that fits: every order on
    this grid is one on the exchange's. A minimum it does not tell is the smallest that can be
    booked. Raises RulesImpossible where tick or step are not told or too fine to be shown.
    """
    tick, step = terms.get("tick"), terms.get("step")
    if tick is None or step is None or tick <= 0 or step <= 0 or tick % CENT8:
        raise RulesImpossible(f"{symbol}: no price and quantity steps of eight decimals are told")
    while (step % CENT8 or (tick * step) % CENT8) and step < 1 / tick:
        step *= 10
    least = max(terms.get("min_quantity") or step, step)
    most = terms.get("max_quantity") or MOST_QUANTITY
    return SymbolRules(
        symbol=symbol,
        tick=tick,
        step=step,
        min_quantity=(least / step).to_integral_value(rounding=ROUND_CEILING) * step,
        max_quantity=most,
        market_max_quantity=most,
        max_price=MOST_PRICE,
        min_notional=terms.get("min_notional") or CENT8,
        max_notional=MOST_PRICE,
    )


def fee_learned(fee: Decimal | None) -> Decimal | None:
    """A list fee as this venue charges it: a rebate is none, what cannot be a fee is not told."""
    if fee is None or not fee.is_finite() or fee >= Decimal("0.1"):
        return None
    return max(fee, Decimal(0))
