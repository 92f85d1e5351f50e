"""Crypto.com Exchange spot (v1). Found by client_oid; rights are not told."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from apps.core.domain.errors import gettext_noop
from apps.venues.adapters._capabilities import MARKET, SPOT, TESTNET
from apps.venues.adapters._ccxt import CcxtVenue
from apps.venues.adapters._credentials import KEY_AND_SECRET
from apps.venues.adapters._paging import Listing, Paging
from apps.venues.domain.ports import Capability, RightsProof, VenueKind, VenueSpec


class Cryptocom(CcxtVenue):
    spec = VenueSpec(
        code="cryptocom",
        label="Crypto.com",
        kind=VenueKind.EXCHANGE,
        ccxt_id="cryptocom",
        capabilities=SPOT | MARKET | TESTNET | {Capability.CANCEL_ALL},
        credential_fields=KEY_AND_SECRET,
        rights_proof=RightsProof.NONE,
        visible_after=timedelta(seconds=64),
        taken_for=timedelta(seconds=61),
        lateness="nonce is good for 60 s",
        needed_rights=("Can Read", "Enable Trading"),
        key_page="https://crypto.com/exchange/user/settings/api-management",
        key_steps=(
            gettext_noop("Create a new API key and whitelist this server's address."),
            gettext_noop("Edit it: switch Enable Trading on; leave Enable Withdrawal off."),
        ),
        requests_per_second=10.0,
        docs="https://exchange-docs.crypto.com/exchange/v1/rest-ws/index.html",
    )
    paging = Paging(Listing.NEWEST_FIRST, size=100)
    client_id_param = "client_oid"
    absences = ("INVALID_ORDERID",)
    config = {"options": {"defaultType": "spot"}}

    def book_limit(self, depth: int) -> int | None:
        return min(depth, 50)

    def look_up(self, wire_id: str, symbol: str) -> Mapping[str, Any] | None:
        told = self._client.v1PrivatePostPrivateGetOrderDetail({"client_oid": wire_id})
        raw: Mapping[str, Any] = self._client.parse_order(
            told["result"], self._client.market(symbol)
        )
        return raw

    def cancel(self, wire_id: str, venue_order_id: str, symbol: str) -> Mapping[str, Any]:
        if venue_order_id:
            return super().cancel(wire_id, venue_order_id, symbol)
        told: Mapping[str, Any] = self._client.v1PrivatePostPrivateCancelOrder(
            {"client_oid": wire_id}
        )
        return told


ADAPTER = Cryptocom
