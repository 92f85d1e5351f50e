"""Decisions on their way to the database: equal ones of a minute are counted, not repeated."""

from __future__ import annotations

from datetime import datetime

from apps.trading.domain.decisions import Decision
from apps.trading.services.decisions import Folded

Key = tuple[int, datetime, str, str]


class DecisionFolder:
    """Holds what was decided since the last `take`."""

    def __init__(self) -> None:
        self._rows: dict[Key, Folded] = {}

    def add(self, bot_id: int, decision: Decision, at: datetime) -> None:
        minute = at.replace(second=0, microsecond=0)
        key = (bot_id, minute, decision.code, decision.symbol)
        row = self._rows.get(key)
        if row is None:
            self._rows[key] = Folded(
                bot_id, decision.symbol, decision.code, dict(decision.params), decision.best,
                1, minute, at,
            )  # fmt: skip
            return
        row.count += 1
        row.last_at = at
        if row.best is None or (decision.best is not None and decision.best >= row.best):
            row.best, row.params = decision.best, dict(decision.params)

    def take(self) -> list[Folded]:
        rows, self._rows = list(self._rows.values()), {}
        return rows
