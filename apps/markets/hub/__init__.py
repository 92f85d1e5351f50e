"""Live markets in memory; see `market_hub`."""

from __future__ import annotations

from apps.markets.hub.market_hub import STALE_AFTER, BookTouched, MarketHub, Rhythm

__all__ = ["STALE_AFTER", "BookTouched", "MarketHub", "Rhythm"]
