"""Pauses between attempts: doubling, bounded, and spread so that clients do not return together."""

from __future__ import annotations

import random

FIRST = 0.5  # seconds
LONGEST = 30.0


def pause(failures: int) -> float:
    """Seconds to wait after this many failures in a row: between half and all of the bound."""
    bound: float = min(LONGEST, FIRST * 2.0 ** min(failures - 1, 10))
    return bound * random.uniform(0.5, 1.0)  # noqa: S311 spreads reconnects, hides nothing
