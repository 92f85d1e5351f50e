"""Poloniex spot. Orders answer to cid: and our id; rights are not told."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from apps.core.domain.errors import gettext_noop
from apps.venues.adapters._capabilities import SPOT
from apps.venues.adapters._ccxt import CcxtVenue
from apps.venues.adapters._credentials import KEY_AND_SECRET
from apps.venues.adapters._paging import Listing, Paging
from apps.venues.domain.ports import Capability, RightsProof, VenueKind, VenueSpec


class Poloniex(CcxtVenue):
    spec = VenueSpec(
        code="poloniex",
        label="Poloniex",
        kind=VenueKind.EXCHANGE,
        ccxt_id="poloniex",
        capabilities=SPOT | {Capability.CANCEL_ALL, Capability.DEAD_MAN_SWITCH},
        credential_fields=KEY_AND_SECRET,
        rights_proof=RightsProof.NONE,
        visible_after=timedelta(seconds=6),
        taken_for=timedelta(seconds=3),
        lateness="recvWindow of 2 s",
        needed_rights=("Read", "Trade"),
        key_page="https://poloniex.com/account/apiKeys",
        key_steps=(
            gettext_noop("Create a new API key."),
            gettext_noop("Allow reading and trading; leave withdrawals off."),
            gettext_noop("Enter this server's address: a key without one ends after 30 days."),
        ),
        requests_per_second=10.0,
        docs="https://api-docs.poloniex.com/spot/",
    )
    paging = Paging(Listing.NEWEST_FIRST, size=1000)
    dead_man_limits = (timedelta(seconds=10), timedelta(seconds=600))
    config = {"options": {"defaultType": "spot", "fetchMarkets": {"types": ["spot"]}}}

    def expiry_headers(self, now: int) -> Mapping[str, str]:
        return {"recvWindow": "2000"}

    def book_limit(self, depth: int) -> int | None:
        return next((step for step in (5, 10, 20, 50, 100, 150) if step >= depth), 150)

    def switch(self, timeout: timedelta) -> None:
        seconds = int(timeout.total_seconds())
        self._client.privatePostOrdersKillSwitch({"timeout": str(seconds or -1)})

    def look_up(self, wire_id: str, symbol: str) -> Mapping[str, Any] | None:
        raw: Mapping[str, Any] = self._client.fetch_order(f"cid:{wire_id}", symbol)
        return {**raw, "id": raw["info"]["id"]}  # ccxt gives back what it asked for

    def cancel(self, wire_id: str, venue_order_id: str, symbol: str) -> Mapping[str, Any]:
        return super().cancel(wire_id, venue_order_id or f"cid:{wire_id}", symbol)


ADAPTER = Poloniex
