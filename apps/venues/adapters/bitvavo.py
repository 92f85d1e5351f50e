"""Bitvavo spot. It takes UUIDs as order ids and wants an operator named with each order."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from apps.core.domain.errors import gettext_noop
from apps.venues.adapters._capabilities import MARKET, SPOT
from apps.venues.adapters._ccxt import CcxtVenue
from apps.venues.adapters._credentials import KEY_AND_SECRET
from apps.venues.adapters._ids import Uuid
from apps.venues.adapters._paging import Listing, Paging
from apps.venues.domain.ports import Capability, OrderReceipt, RightsProof, VenueKind, VenueSpec


class Bitvavo(CcxtVenue):
    spec = VenueSpec(
        code="bitvavo",
        label="Bitvavo",
        kind=VenueKind.EXCHANGE,
        ccxt_id="bitvavo",
        capabilities=SPOT | MARKET | {Capability.CANCEL_ALL},
        credential_fields=KEY_AND_SECRET,
        rights_proof=RightsProof.NONE,
        visible_after=timedelta(seconds=6),
        taken_for=timedelta(seconds=3),
        lateness="Bitvavo-Access-Window of 2 s",
        needed_rights=("View information", "Trade digital assets"),
        key_page="https://account.bitvavo.com/user/api",
        key_steps=(
            gettext_noop("Request a new API key and confirm it by e-mail."),
            gettext_noop("Tick viewing and trading; leave withdrawing off."),
            gettext_noop("Whitelist this server's address."),
        ),
        requests_per_second=10.0,
        docs="https://docs.bitvavo.com/",
    )
    paging = Paging(Listing.NEWEST_FIRST, size=1000)
    client_ids = Uuid()
    config = {
        "options": {"operatorId": 1, "recvWindow": 2000}
    }  # who traded, as the venue's rules ask: the platform

    def receipt(self, raw: Mapping[str, Any], client_order_id: str) -> OrderReceipt:
        """ccxt leaves our id in the venue's own row."""
        ours = raw.get("clientOrderId") or (raw.get("info") or {}).get("clientOrderId")
        return super().receipt({**raw, "clientOrderId": ours}, client_order_id)

    def book_limit(self, depth: int) -> int | None:
        return min(depth, 1000)


ADAPTER = Bitvavo
