"""Writes of the portfolio room."""

from __future__ import annotations

from apps.portfolio.services.balances import balances_record
from apps.portfolio.services.equity import equity_purge, equity_snapshot

__all__ = ["balances_record", "equity_purge", "equity_snapshot"]
