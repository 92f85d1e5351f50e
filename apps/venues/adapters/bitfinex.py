"""Bitfinex spot (v2). Our id becomes a 45-bit number; orders are matched by it in the lists."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from apps.core.domain.errors import gettext_noop
from apps.venues.adapters._bulk import CancelsBy
from apps.venues.adapters._capabilities import MARKET, SPOT
from apps.venues.adapters._ccxt import CcxtVenue
from apps.venues.adapters._credentials import KEY_AND_SECRET
from apps.venues.adapters._ids import Number
from apps.venues.adapters._paging import Listing, Paging
from apps.venues.adapters._rights import from_scopes
from apps.venues.domain.errors import RefusalReason
from apps.venues.domain.ports import (
    Capability,
    InstrumentInfo,
    KeyRights,
    OrderKind,
    OrderReceipt,
    OrderTicket,
    RightsProof,
    VenueKind,
    VenueSpec,
)


class Bitfinex(CcxtVenue):
    spec = VenueSpec(
        code="bitfinex",
        label="Bitfinex",
        kind=VenueKind.EXCHANGE,
        ccxt_id="bitfinex",
        capabilities=SPOT
        | MARKET
        | {
            Capability.CANCEL_ALL,
            Capability.ORDER_HISTORY,
            Capability.STOP,
            Capability.STOP_LIMIT,
        },
        credential_fields=KEY_AND_SECRET,
        rights_proof=RightsProof.PROBE,
        visible_after=timedelta(seconds=10),
        lateness="nonces in order",
        ordered_nonces=True,
        needed_rights=("Account History: read", "Orders: read and write", "Wallets: read"),
        key_page="https://setting.bitfinex.com/api",
        key_steps=(
            gettext_noop("Open API Keys and create a new key."),
            gettext_noop(
                "Switch on reading for account, orders and wallets, and writing for orders; "
                "leave Withdrawals off."
            ),
            gettext_noop("Restrict the key to this server's address."),
        ),
        requests_per_second=1.5,
        docs="https://docs.bitfinex.com/docs",
    )
    paging = Paging(Listing.OLDEST_FIRST, size=1000, params={"sort": 1})
    cancels_by = CancelsBy.ACCOUNT
    client_ids = Number(bits=45)
    order_paging = Paging(Listing.NEWEST_FIRST, size=2500)
    kind_path = (8,)
    kind_words = {
        "exchange limit": OrderKind.LIMIT,
        "exchange market": OrderKind.MARKET,
        "exchange ioc": OrderKind.LIMIT,
        "exchange fok": OrderKind.LIMIT,
        "exchange stop": OrderKind.STOP,
        "exchange stop limit": OrderKind.STOP_LIMIT,
    }

    refusals = {"minimum size": RefusalReason.BELOW_MINIMUM}  # ccxt files 10001 under the key

    def info(self, market: Mapping[str, Any]) -> InstrumentInfo:
        return replace(super().info(market), quantity_step=Decimal("1e-8"))

    def receipt(self, raw: Mapping[str, Any], client_order_id: str) -> OrderReceipt:
        """IOC CANCELED, FILLORKILL CANCELED and their like are unknown to ccxt."""
        ended = "CANCELED" in str(raw.get("status") or "").upper()
        return super().receipt({**raw, "status": "canceled"} if ended else raw, client_order_id)

    def book_limit(self, depth: int) -> int | None:
        return 25 if depth <= 25 else 100

    def order_params(self, ticket: OrderTicket) -> dict[str, Any]:
        params = super().order_params(ticket)
        return params | {self.client_id_param: int(params[self.client_id_param])}

    def trigger_params(self, ticket: OrderTicket) -> dict[str, Any]:
        price = ticket.trigger_price
        return {} if price is None else {"triggerPrice": f"{price:f}"}

    def read_orders(self, symbol: str, start: int, now: int) -> Sequence[Mapping[str, Any]]:
        """The open ones as well: the list of ended orders does not hold them."""
        return self.with_open(symbol, start, super().read_orders(symbol, start, now))

    def order_page(
        self, symbol: str, since: int, params: dict[str, Any]
    ) -> Sequence[Mapping[str, Any]]:
        rows: Sequence[Mapping[str, Any]] = self._client.fetch_closed_orders(
            symbol, since, 2500, params
        )
        return rows

    def look_up(self, wire_id: str, symbol: str) -> Mapping[str, Any] | None:
        live = self._client.fetch_open_orders(symbol)
        return self.listed(wire_id, live) or self.listed(
            wire_id, self._client.fetch_closed_orders(symbol, None, 100)
        )

    def look_up_venue_id(self, venue_order_id: str, symbol: str) -> Mapping[str, Any] | None:
        rows = [*self._client.fetch_open_orders(symbol)]
        rows += self._client.fetch_closed_orders(symbol, None, 1, {"id": [int(venue_order_id)]})
        return next((row for row in rows if row["id"] == venue_order_id), None)

    def cancel(self, wire_id: str, venue_order_id: str, symbol: str) -> Mapping[str, Any]:
        known = venue_order_id or str((self.look_up(wire_id, symbol) or {}).get("id") or "")
        return super().cancel(wire_id, known, symbol)

    def read_rights(self) -> KeyRights:
        scopes = set()
        for name, reads, writes in self._client.privatePostAuthRPermissions():
            scopes |= {f"{name}:read"} if int(reads) else set()
            scopes |= {f"{name}:write"} if int(writes) else set()
        return from_scopes(
            scopes,
            read={"wallets:read"},
            trade={"orders:write"},
            withdraw={"withdraw:write", "ui_withdraw:write"},
        )


ADAPTER = Bitfinex
