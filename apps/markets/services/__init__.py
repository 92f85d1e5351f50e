"""Writes of the markets room: what venues list, candles, the history of spreads."""

from __future__ import annotations

from apps.markets.services.candles import candles_record, partitions_ensure
from apps.markets.services.instruments import instruments_refresh
from apps.markets.services.samples import spread_samples_purge, spread_samples_record

__all__ = [
    "candles_record",
    "instruments_refresh",
    "partitions_ensure",
    "spread_samples_purge",
    "spread_samples_record",
]
