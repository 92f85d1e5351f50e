"""Gemini spot. Limit orders only; an order is found by our id, with its trades."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from apps.core.domain.errors import gettext_noop
from apps.venues.adapters._bulk import CancelsBy
from apps.venues.adapters._capabilities import SPOT, TESTNET
from apps.venues.adapters._ccxt import CcxtVenue
from apps.venues.adapters._credentials import KEY_AND_SECRET
from apps.venues.adapters._paging import Listing, Paging
from apps.venues.adapters._rights import either, flag
from apps.venues.domain.ports import (
    Capability,
    KeyRights,
    OrderKind,
    OrderTicket,
    RightsProof,
    VenueKind,
    VenueSpec,
)


class Gemini(CcxtVenue):
    spec = VenueSpec(
        code="gemini",
        label="Gemini",
        kind=VenueKind.EXCHANGE,
        ccxt_id="gemini",
        capabilities=SPOT | TESTNET | {Capability.CANCEL_ALL, Capability.STOP_LIMIT},
        credential_fields=KEY_AND_SECRET,
        rights_proof=RightsProof.PROBE,
        visible_after=timedelta(seconds=34),
        taken_for=timedelta(seconds=31),
        lateness="nonce is good for 30 s, and nonces in order",
        ordered_nonces=True,
        needed_rights=("Trader",),
        key_page="https://exchange.gemini.com/settings/api",
        key_steps=(
            gettext_noop("Create an API key of the scope Account."),
            gettext_noop(
                "Choose the role Trader; leave Fund Manager off. Do not require a heartbeat."
            ),
            gettext_noop("Enter this server's address under trusted IPs."),
        ),
        requests_per_second=5.0,
        docs="https://docs.gemini.com/rest-api/",
    )
    paging = Paging(Listing.OLDEST_FIRST, size=500)
    client_id_param = "client_order_id"
    cancels_by = CancelsBy.ACCOUNT
    kind_path = ("type",)
    kind_words = {"exchange limit": OrderKind.LIMIT, "stop-limit": OrderKind.STOP_LIMIT}
    config = {"options": {"fetchMarketsFromAPI": {"fetchDetailsForAllSymbols": True}}}

    def trigger_params(self, ticket: OrderTicket) -> dict[str, Any]:
        price = ticket.trigger_price
        return {} if price is None else {"triggerPrice": f"{price:f}"}

    def cancel_at_once(self, symbol: str | None) -> None:
        self._client.privatePostV1OrderCancelAll()

    def look_up_venue_id(self, venue_order_id: str, symbol: str) -> Mapping[str, Any] | None:
        told = self._client.privatePostV1OrderStatus(
            {"order_id": venue_order_id, "include_trades": True}
        )
        raw: Mapping[str, Any] = self._client.parse_order(told, self._client.market(symbol))
        return raw

    def look_up(self, wire_id: str, symbol: str) -> Mapping[str, Any] | None:
        told = self._client.privatePostV1OrderStatus(
            {"client_order_id": wire_id, "include_trades": True}
        )
        rows = told if isinstance(told, list) else [told]
        market = self._client.market(symbol)
        return self.listed(wire_id, [self._client.parse_order(row, market) for row in rows])

    def cancel(self, wire_id: str, venue_order_id: str, symbol: str) -> Mapping[str, Any]:
        known = venue_order_id or str((self.look_up(wire_id, symbol) or {}).get("id") or "")
        return super().cancel(wire_id, known, symbol)

    def read_rights(self) -> KeyRights:
        told = self._client.privatePostV1Roles()
        trader, funds = flag(told.get("isTrader")), flag(told.get("isFundManager"))
        scopes = tuple(sorted(name for name, value in told.items() if value is True))
        return KeyRights(
            proof=RightsProof.PROBE,
            can_read=either(trader, funds, flag(told.get("isAuditor"))),
            can_trade=trader,
            can_withdraw=funds,
            raw_scopes=scopes,
        )


ADAPTER = Gemini
