"""MEXC spot (V3, close to Binance's dialect). Nobody can prove what a key may do."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from apps.core.domain.errors import gettext_noop
from apps.venues.adapters._bulk import CancelsBy
from apps.venues.adapters._capabilities import MARKET, SPOT
from apps.venues.adapters._ccxt import CcxtVenue
from apps.venues.adapters._credentials import KEY_AND_SECRET
from apps.venues.adapters._paging import Listing, Paging
from apps.venues.domain.ports import Capability, RightsProof, VenueKind, VenueSpec


class Mexc(CcxtVenue):
    spec = VenueSpec(
        code="mexc",
        label="MEXC",
        kind=VenueKind.EXCHANGE,
        ccxt_id="mexc",
        capabilities=SPOT | MARKET | {Capability.CANCEL_ALL},
        credential_fields=KEY_AND_SECRET,
        rights_proof=RightsProof.NONE,
        visible_after=timedelta(seconds=6),
        taken_for=timedelta(seconds=3),
        open_orders_by_symbol=True,
        lateness="recvWindow of 2 s",
        needed_rights=("Account: view", "Spot trade: view and place orders"),
        key_page="https://www.mexc.com/user/openapi",
        key_steps=(
            gettext_noop("Open API Management and create a key."),
            gettext_noop("Tick the spot trading rights; leave withdrawal off."),
            gettext_noop("Link this server's address: a key without one ends after 90 days."),
        ),
        requests_per_second=10.0,
        docs="https://www.mexc.com/api-docs/spot-v3/introduction",
    )
    paging = Paging(Listing.NEWEST_FIRST, size=100)
    cancels_by = CancelsBy.SYMBOL
    absences = ("Order does not exist", "Unknown order sent")
    config = {"options": {"defaultType": "spot", "recvWindow": 2000}}

    def load(self, source: Any) -> None:
        source.set_markets(source.fetch_spot_markets())  # load_markets reads the futures as well


ADAPTER = Mexc
