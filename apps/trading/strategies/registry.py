"""The strategies that exist: {code: StrategyType}."""

from __future__ import annotations

from apps.trading.domain.errors import StrategyMissing
from apps.trading.strategies import arbitrage
from apps.trading.strategies.interface import StrategyType

STRATEGIES: dict[str, StrategyType] = {each.code: each for each in (arbitrage.STRATEGY,)}


def strategy_type(code: str) -> StrategyType:
    """Raises StrategyMissing."""
    if code not in STRATEGIES:
        raise StrategyMissing(strategy=code)
    return STRATEGIES[code]
