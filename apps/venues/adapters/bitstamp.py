"""Bitstamp spot. An order's status carries its transactions; ended orders leave after 30 days."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from apps.core.domain.errors import gettext_noop
from apps.venues.adapters._capabilities import MARKET, SPOT
from apps.venues.adapters._ccxt import CcxtVenue
from apps.venues.adapters._credentials import KEY_AND_SECRET
from apps.venues.adapters._paging import Listing, Paging
from apps.venues.adapters._parsing import decimal
from apps.venues.domain.ports import (
    Capability,
    Fees,
    OrderReceipt,
    OrderTicket,
    RightsProof,
    TimeInForce,
    VenueKind,
    VenueSpec,
)

FLAGS = {
    TimeInForce.IOC: "ioc_order",
    TimeInForce.FOK: "fok_order",
    TimeInForce.POST_ONLY: "moc_order",
}


class Bitstamp(CcxtVenue):
    spec = VenueSpec(
        code="bitstamp",
        label="Bitstamp",
        kind=VenueKind.EXCHANGE,
        ccxt_id="bitstamp",
        capabilities=SPOT | MARKET | {Capability.CANCEL_ALL},
        credential_fields=KEY_AND_SECRET,
        rights_proof=RightsProof.NONE,
        visible_after=timedelta(seconds=154),
        taken_for=timedelta(seconds=151),
        lateness="X-Auth-Timestamp is good for 150 s",
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
    paging = Paging(Listing.NUMBERED, size=1000, params={"sort": "desc"})

    absences = ("Order not found",)

    def _fees(self, symbol: str, raw: Mapping[str, Any]) -> Fees:
        """Told in percent, which ccxt passes on as it is."""
        told = super()._fees(symbol, raw)
        return replace(told, maker=told.maker / 100, taker=told.taker / 100)

    def receipt(self, raw: Mapping[str, Any], client_order_id: str) -> OrderReceipt:
        """In a list of open orders `amount` is what is left of `amount_at_create`."""
        told = raw.get("info") or {}
        whole, left = decimal(told.get("amount_at_create")), decimal(told.get("amount"))
        if whole is not None and left is not None:
            raw = {**raw, "amount": whole, "filled": whole - left}
        return super().receipt(raw, client_order_id)

    def book_limit(self, depth: int) -> int | None:
        return None

    def order_params(self, ticket: OrderTicket) -> dict[str, Any]:
        """A time in force is a flag of its own; ccxt passes the unified word, which is ignored."""
        flag = FLAGS.get(ticket.time_in_force)
        params = {self.client_id_param: self.wire_client_id(ticket.client_order_id)}
        return params | ({flag: True} if flag else {})

    def look_up(self, wire_id: str, symbol: str) -> Mapping[str, Any] | None:
        """The transactions of an order are all there: their sum is what was filled."""
        raw: Mapping[str, Any] = self._client.fetch_order(
            None, symbol, {self.client_id_param: wire_id}
        )
        filled = sum((Decimal(trade["amount"]) for trade in raw["trades"]), Decimal(0))
        return {**raw, "filled": f"{filled:f}"}


ADAPTER = Bitstamp
