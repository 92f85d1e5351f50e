"""Everything ccxt-backed exchanges share. An exchange file holds only its differences."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from apps.venues.adapters._bulk import BulkCommands
from apps.venues.adapters._wire import raw_client
from apps.venues.nonces import nonce_next, nonce_place


class CcxtVenue(BulkCommands):
    """`TradingVenue` over one ccxt client. Not thread-safe: one thread at a time."""

    def expiry_headers(self, now: int) -> Mapping[str, str]:
        """Headers that end a signed request's life, for venues that read them; `now` in ms."""
        return {}

    def _made(self, keys: Mapping[str, str]) -> Any:
        client = raw_client(self.spec.ccxt_id, self.config)
        for settings in (self._options, keys):
            for name, value in settings.items():
                known = getattr(client, name, None)
                merged = client.deep_extend(known, value) if isinstance(known, dict) else value
                setattr(client, name, merged)
        if keys:
            place = nonce_place(self.spec.code, client.apiKey or client.walletAddress)
            client.incrementing_nonce = partial(nonce_next, place, venue=self.spec.label)
        if keys and type(self).expiry_headers is not CcxtVenue.expiry_headers:
            client.sign = self._expiring(client.sign)
        return client

    def _expiring(self, sign: Callable[..., Any]) -> Callable[..., Any]:
        def signed(*args: Any, **named: Any) -> Any:
            request = sign(*args, **named)
            if request["headers"]:  # public requests have none
                ends = self.expiry_headers(int(time.time() * 1000))
                request["headers"] = {**request["headers"], **ends}
            return request

        return signed
