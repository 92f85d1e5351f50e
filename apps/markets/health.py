"""Is market data moving?"""

from __future__ import annotations

import time

from apps.markets import mirror

QUIET_MS = 15_000


def market_data() -> str:
    """ "" when the engine's hub has written lately, else a sentence for staff."""
    found = mirror.read_board()
    if found.written_at_ms is None:
        return "No engine has written market data yet."
    age = time.time() * 1000 - found.written_at_ms
    return "" if age < QUIET_MS else f"The engine wrote market data {round(age / 1000)} s ago."
