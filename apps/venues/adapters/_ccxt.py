"""Everything ccxt-backed exchanges share. An exchange file holds only its differences."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from apps.venues.adapters._bulk import BulkCommands
from apps.venues.adapters._wire import raw_client


class CcxtVenue(BulkCommands):
    """`TradingVenue` over one ccxt client. Not thread-safe: one thread at a time."""

    def _made(self, keys: Mapping[str, str]) -> Any:
        client = raw_client(self.spec.ccxt_id, self.config)
        for settings in (self._options, keys):
            for name, value in settings.items():
                known = getattr(client, name, None)
                merged = client.deep_extend(known, value) if isinstance(known, dict) else value
                setattr(client, name, merged)
        return client
