"""Phemex spot. Amounts travel as integers of 10^-8; the account's fee tier is not told."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from apps.core.domain.errors import gettext_noop
from apps.venues.adapters._bulk import CancelsBy
from apps.venues.adapters._capabilities import MARKET, SPOT, TESTNET
from apps.venues.adapters._ccxt import CcxtVenue
from apps.venues.adapters._credentials import KEY_AND_SECRET
from apps.venues.adapters._paging import Listing, Paging
from apps.venues.domain.ports import (
    Capability,
    OrderTicket,
    RightsProof,
    TimeInForce,
    VenueKind,
    VenueSpec,
)

WORDS = {
    TimeInForce.IOC: "ImmediateOrCancel",
    TimeInForce.FOK: "FillOrKill",
    TimeInForce.POST_ONLY: "PostOnly",
}


class Phemex(CcxtVenue):
    spec = VenueSpec(
        code="phemex",
        label="Phemex",
        kind=VenueKind.EXCHANGE,
        ccxt_id="phemex",
        capabilities=(SPOT | MARKET | TESTNET | {Capability.CANCEL_ALL})
        - {Capability.ACCOUNT_FEES},
        credential_fields=KEY_AND_SECRET,
        rights_proof=RightsProof.NONE,
        visible_after=timedelta(seconds=9),
        taken_for=timedelta(seconds=6),
        open_orders_by_symbol=True,
        lateness="x-phemex-request-expiry of 5 s",
        needed_rights=("Read & Write",),
        key_page="https://phemex.com/account/api",
        key_steps=(
            gettext_noop("Create an API key of the type third-party or personal."),
            gettext_noop("Choose Read & Write and bind this server's address."),
        ),
        requests_per_second=5.0,
        docs="https://phemex-docs.github.io/",
    )
    paging = Paging(Listing.NUMBERED, size=200)
    cancels_by = CancelsBy.SYMBOL
    config = {"options": {"defaultType": "spot", "x-phemex-request-expiry": 5}}

    def order_params(self, ticket: OrderTicket) -> dict[str, Any]:
        """ccxt passes the unified words on, which the venue does not know."""
        word = WORDS.get(ticket.time_in_force)
        params = {self.client_id_param: self.wire_client_id(ticket.client_order_id)}
        return params | ({"timeInForce": word} if word else {})

    def book_limit(self, depth: int) -> int | None:
        return None


ADAPTER = Phemex
