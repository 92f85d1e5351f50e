"""What may be traded at all: the state of a bot, a workspace, the platform; the strictest wins."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum


class TradingState(StrEnum):
    ACTIVE = "ACTIVE"
    REDUCING = "REDUCING"  # only what brings exposure down goes out
    HALTED = "HALTED"  # nothing opens; what closes an imbalance still goes out


SEVERITY = {TradingState.ACTIVE: 0, TradingState.REDUCING: 1, TradingState.HALTED: 2}


def strictest(states: Iterable[TradingState]) -> TradingState:
    return max(states, key=SEVERITY.__getitem__, default=TradingState.ACTIVE)
