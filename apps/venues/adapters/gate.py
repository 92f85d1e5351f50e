"""Gate spot (API v4). Our id travels as `text`, begins with t- and has at most 28 characters."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from apps.core.domain.errors import gettext_noop
from apps.venues.adapters._capabilities import SPOT, TESTNET
from apps.venues.adapters._ccxt import CcxtVenue
from apps.venues.adapters._credentials import KEY_AND_SECRET
from apps.venues.adapters._ids import Plain
from apps.venues.adapters._paging import Listing, Paging
from apps.venues.domain.ports import Capability, RightsProof, VenueKind, VenueSpec


class Gate(CcxtVenue):
    spec = VenueSpec(
        code="gate",
        label="Gate",
        kind=VenueKind.EXCHANGE,
        ccxt_id="gate",
        capabilities=SPOT | TESTNET | {Capability.CANCEL_ALL, Capability.DEAD_MAN_SWITCH},
        credential_fields=KEY_AND_SECRET,
        rights_proof=RightsProof.NONE,
        visible_after=timedelta(seconds=6),
        taken_for=timedelta(seconds=3),
        lateness="X-Gate-Exptime of 2 s",
        needed_rights=("Spot: Read And Write",),
        key_page="https://www.gate.com/myaccount/api_key_manage",
        key_steps=(
            gettext_noop("Create an APIv4 key."),
            gettext_noop("Tick Spot with Read And Write; leave Withdraw off."),
            gettext_noop("Enter this server's address: a key without one ends after 90 days."),
        ),
        requests_per_second=10.0,
        docs="https://www.gate.com/docs/developers/apiv4/en/",
    )
    paging = Paging(Listing.NEWEST_FIRST, window=timedelta(days=30), size=1000)
    dead_man_limits = (timedelta(seconds=5), timedelta(seconds=86400))
    client_ids = Plain(prefix="t-", longest=28)
    config = {
        "options": {
            "defaultType": "spot",
            "fetchMarkets": {"types": ["spot"]},
            "unifiedAccount": False,
        }
    }

    def expiry_headers(self, now: int) -> Mapping[str, str]:
        return {"X-Gate-Exptime": str(now + 2000)}

    def book_limit(self, depth: int) -> int | None:
        return min(depth, 1000)

    def switch(self, timeout: timedelta) -> None:
        said = {"timeout": int(timeout.total_seconds())}
        self._client.privateSpotPostCountdownCancelAll(said)

    def look_up(self, wire_id: str, symbol: str) -> Mapping[str, Any] | None:
        raw: Mapping[str, Any] = self._client.fetch_order(wire_id, symbol)
        return raw

    def cancel(self, wire_id: str, venue_order_id: str, symbol: str) -> Mapping[str, Any]:
        return super().cancel(wire_id, venue_order_id or wire_id, symbol)


ADAPTER = Gate
