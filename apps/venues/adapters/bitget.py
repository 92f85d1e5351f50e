"""Bitget spot (V2). Found by clientOid; authorities are told as short codes."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from apps.core.domain.errors import gettext_noop
from apps.venues.adapters._bulk import CancelsBy
from apps.venues.adapters._capabilities import SPOT, TESTNET
from apps.venues.adapters._ccxt import CcxtVenue
from apps.venues.adapters._credentials import WITH_PASSPHRASE
from apps.venues.adapters._paging import Listing, Paging
from apps.venues.adapters._rights import addresses, from_scopes
from apps.venues.domain.ports import (
    Capability,
    KeyRights,
    OrderTicket,
    RightsProof,
    VenueKind,
    VenueSpec,
)


class Bitget(CcxtVenue):
    spec = VenueSpec(
        code="bitget",
        label="Bitget",
        kind=VenueKind.EXCHANGE,
        ccxt_id="bitget",
        capabilities=SPOT | TESTNET | {Capability.CANCEL_ALL},
        credential_fields=WITH_PASSPHRASE,
        rights_proof=RightsProof.PROBE,
        visible_after=timedelta(seconds=6),
        taken_for=timedelta(seconds=3),
        lateness="receiveWindow of 2 s",
        needed_rights=("Spot trade: Read and Write",),
        key_page="https://www.bitget.com/account/newapi",
        key_steps=(
            gettext_noop("Create a system-generated API key and choose a passphrase."),
            gettext_noop("Tick Read-Write and Spot trade; leave Withdraw off."),
            gettext_noop("Enter this server's address under bind IP."),
        ),
        requests_per_second=10.0,
        docs="https://www.bitget.com/api-doc/common/intro",
        tells_ip_allow_list=True,
    )
    paging = Paging(Listing.NEWEST_FIRST, window=timedelta(days=90), size=100)
    cancels_by = CancelsBy.SYMBOL
    fees_by_symbol = True
    config = {"options": {"defaultType": "spot", "uta": False, "fetchMarkets": {"types": ["spot"]}}}

    def book_limit(self, depth: int) -> int | None:
        return min(depth, 150)

    def order_params(self, ticket: OrderTicket) -> dict[str, Any]:
        """ccxt lets the unified word overwrite the venue's own, which is lower case."""
        params = super().order_params(ticket) | {
            "requestTime": str(int(time.time() * 1000)),
            "receiveWindow": "2000",  # ms: see `taken_for`
        }
        if "timeInForce" in params:
            params["force"] = params.pop("timeInForce").lower()
        return params

    def look_up(self, wire_id: str, symbol: str) -> Mapping[str, Any] | None:
        told = self._client.privateSpotGetV2SpotTradeOrderInfo({"clientOid": wire_id})
        market = self._client.market(symbol)
        return self.listed(wire_id, [self._client.parse_order(row, market) for row in told["data"]])

    def read_rights(self) -> KeyRights:
        told = self._client.privateSpotGetV2SpotAccountInfo()["data"]
        return from_scopes(
            told["authorities"],
            read={"stor", "stow", "readonly", "trade"},
            trade={"stow", "trade"},
            withdraw={"wwow", "withdraw"},
            ips=addresses(told.get("ips")),
        )


ADAPTER = Bitget
