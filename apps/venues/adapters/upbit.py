"""Upbit spot. Our id is the `identifier`; the venue tells when a key ends, not what it may do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from apps.core.domain.errors import gettext_noop
from apps.venues.adapters._capabilities import SPOT
from apps.venues.adapters._ccxt import CcxtVenue
from apps.venues.adapters._credentials import KEY_AND_SECRET
from apps.venues.domain.ports import Capability, InstrumentInfo, RightsProof, VenueKind, VenueSpec


class Upbit(CcxtVenue):
    spec = VenueSpec(
        code="upbit",
        label="Upbit",
        kind=VenueKind.EXCHANGE,
        ccxt_id="upbit",
        capabilities=SPOT - {Capability.MY_TRADES},
        credential_fields=KEY_AND_SECRET,
        rights_proof=RightsProof.NONE,
        visible_after=timedelta(seconds=120),
        lateness="nothing: a long wait",
        needed_rights=("View Account", "View Orders", "Make Orders"),
        key_page="https://upbit.com/mypage/open_api_management",
        key_steps=(
            gettext_noop("Open Open API Management and issue a key."),
            gettext_noop("Tick the three rights above; leave Withdraw off."),
            gettext_noop(
                "Enter this server's address: Upbit serves a key from listed addresses only."
            ),
        ),
        requests_per_second=5.0,
        docs="https://global-docs.upbit.com/",
    )

    fees_by_symbol = True

    def info(self, market: Mapping[str, Any]) -> InstrumentInfo:
        return replace(super().info(market), price_step=None)  # it depends on the price

    def book_limit(self, depth: int) -> int | None:
        return min(depth, 30)

    def look_up(self, wire_id: str, symbol: str) -> Mapping[str, Any] | None:
        told = self._client.privateGetOrder({"identifier": wire_id})
        raw: Mapping[str, Any] = self._client.parse_order(told, self._client.market(symbol))
        return raw

    def cancel(self, wire_id: str, venue_order_id: str, symbol: str) -> Mapping[str, Any]:
        if venue_order_id:
            return super().cancel(wire_id, venue_order_id, symbol)
        told: Mapping[str, Any] = self._client.privateDeleteOrder({"identifier": wire_id})
        return told


ADAPTER = Upbit
