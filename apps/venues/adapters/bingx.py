"""BingX spot. Found by clientOrderID; the rights of a key are told as flags."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from apps.core.domain.errors import gettext_noop
from apps.venues.adapters._bulk import CancelsBy
from apps.venues.adapters._capabilities import MARKET, SPOT
from apps.venues.adapters._ccxt import CcxtVenue
from apps.venues.adapters._credentials import KEY_AND_SECRET
from apps.venues.adapters._paging import Listing, Paging
from apps.venues.domain.ports import Capability, OrderTicket, RightsProof, VenueKind, VenueSpec


class Bingx(CcxtVenue):
    spec = VenueSpec(
        code="bingx",
        label="BingX",
        kind=VenueKind.EXCHANGE,
        ccxt_id="bingx",
        capabilities=SPOT | MARKET | {Capability.CANCEL_ALL, Capability.DEAD_MAN_SWITCH},
        credential_fields=KEY_AND_SECRET,
        rights_proof=RightsProof.NONE,
        visible_after=timedelta(seconds=6),
        taken_for=timedelta(seconds=3),
        lateness="recvWindow of 2 s",
        needed_rights=("Read", "Spot Trading"),
        key_page="https://bingx.com/en/accounts/api",
        key_steps=(
            gettext_noop("Create an API key and link this server's address."),
            gettext_noop("Tick Read and Spot Trading; leave Withdraw off."),
        ),
        requests_per_second=5.0,
        docs="https://bingx-api.github.io/docs/",
    )
    paging = Paging(Listing.NEWEST_FIRST, window=timedelta(days=1), size=1000)
    dead_man_limits = (timedelta(seconds=10), timedelta(seconds=120))
    cancels_by = CancelsBy.SYMBOL
    config = {
        "options": {
            "defaultType": "spot",
            "fetchMarkets": {"types": {"spot": True, "linear": False, "inverse": False}},
        }
    }

    absences = ("order not exist",)

    def order_params(self, ticket: OrderTicket) -> dict[str, Any]:
        """The amounts once more as text: ccxt sends floats there."""
        params = super().order_params(ticket) | {"quantity": f"{ticket.quantity.normalize():f}"}
        params["recvWindow"] = 2000  # ms: see `taken_for`
        if ticket.limit_price is not None:
            params["price"] = f"{ticket.limit_price.normalize():f}"
        return params

    def look_up(self, wire_id: str, symbol: str) -> Mapping[str, Any] | None:
        market = self._client.market(symbol)
        told = self._client.spotV1PrivateGetTradeQuery(
            {"symbol": market["id"], "clientOrderID": wire_id}
        )
        raw: Mapping[str, Any] = self._client.parse_order(told["data"], market)
        return raw


ADAPTER = Bingx
