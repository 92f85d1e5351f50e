"""Bitstamp spot. An order's status carries its transactions; ended orders leave after 30 days."""

from __future__ import annotations

from datetime import timedelta

from apps.core.domain.errors import gettext_noop
from apps.venues.adapters._capabilities import MARKET, SPOT
from apps.venues.adapters._ccxt import CcxtVenue
from apps.venues.adapters._credentials import KEY_AND_SECRET
from apps.venues.domain.ports import RightsProof, VenueKind, VenueSpec


class Bitstamp(CcxtVenue):
    spec = VenueSpec(
        code="bitstamp",
        label="Bitstamp",
        kind=VenueKind.EXCHANGE,
        ccxt_id="bitstamp",
        capabilities=(SPOT | MARKET),
        credential_fields=KEY_AND_SECRET,
        rights_proof=RightsProof.NONE,
        visible_after=timedelta(seconds=5),
        needed_rights=(
            "Account balance",
            "User transactions",
            "Open orders",
            "Order status",
            "Cancel order",
            "Buy and sell orders",
        ),
        key_page="https://www.bitstamp.net/account/security/api/",
        key_steps=(
            gettext_noop("Open Settings, API access, and create a new API key."),
            gettext_noop("Tick the rights above; leave the withdrawal rights off."),
            gettext_noop("Whitelist this server's address and activate the key by e-mail."),
        ),
        requests_per_second=8.0,
        docs="https://www.bitstamp.net/api/",
    )

    def book_limit(self, depth: int) -> int | None:
        return None


ADAPTER = Bitstamp
