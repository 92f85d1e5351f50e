"""A market that stands still until somebody sets its book over the control address."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from apps.practice.domain.rules import SymbolRules
from apps.practice.sources import Market
from apps.practice.tape import Candle


class ManualSource:
    kind = "manual"

    def describe(self, code: str) -> Mapping[str, Any]:
        return {"simulated": True, "clock": "wall", "speed": 0}

    def history(self, code: str, rules: SymbolRules, now: int) -> Sequence[Candle]:
        return ()

    async def run(self, markets: Mapping[str, Market]) -> None:
        await asyncio.Event().wait()
