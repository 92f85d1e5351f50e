"""WhiteBIT spot. IOC but no FOK; the fees told are the list's, not the account's."""

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


class Whitebit(CcxtVenue):
    spec = VenueSpec(
        code="whitebit",
        label="WhiteBIT",
        kind=VenueKind.EXCHANGE,
        ccxt_id="whitebit",
        capabilities=(SPOT | {Capability.CANCEL_ALL}) - {Capability.FOK, Capability.ACCOUNT_FEES},
        credential_fields=KEY_AND_SECRET,
        rights_proof=RightsProof.NONE,
        visible_after=timedelta(seconds=9),
        taken_for=timedelta(seconds=6),
        lateness="nonceWindow of 5 s",
        needed_rights=("Trade: info, create and cancel orders",),
        key_page="https://whitebit.com/settings/api",
        key_steps=(
            gettext_noop("Open API keys and generate a key for trading."),
            gettext_noop("Allow the trade endpoints; leave the withdraw endpoints off."),
            gettext_noop("Enter this server's address as a trusted IP and activate the key."),
        ),
        requests_per_second=10.0,
        docs="https://docs.whitebit.com/",
    )
    paging = Paging(Listing.NUMBERED, size=100, params={"limit": 100})
    absences = ("has not been found",)
    config = {"options": {"defaultType": "spot", "nonceWindow": True}}

    def book_limit(self, depth: int) -> int | None:
        return min(depth, 100)

    def look_up(self, wire_id: str, symbol: str) -> Mapping[str, Any] | None:
        market = self._client.market(symbol)
        ours = {"market": market["id"], "clientOrderId": wire_id}
        live = self._client.v4PrivatePostOrders(ours)
        told = self._client.v4PrivatePostTradeAccountOrderHistory(ours)
        ended = told.get(market["id"], []) if isinstance(told, dict) else told  # none: a list
        return self.listed(
            wire_id, [self._client.parse_order(row, market) for row in [*live, *ended]]
        )

    def cancel(self, wire_id: str, venue_order_id: str, symbol: str) -> Mapping[str, Any]:
        if venue_order_id:
            return super().cancel(wire_id, venue_order_id, symbol)
        told: Mapping[str, Any] = self._client.v4PrivatePostOrderCancel(
            {"market": self._client.market_id(symbol), "clientOrderId": wire_id}
        )
        return told


ADAPTER = Whitebit
