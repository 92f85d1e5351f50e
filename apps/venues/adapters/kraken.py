"""Kraken spot. Quirk: QueryOrders knows only Kraken's own ids; the two lists know ours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from apps.core.domain.errors import gettext_noop
from apps.venues.adapters._capabilities import MARKET, SPOT
from apps.venues.adapters._ccxt import CcxtVenue
from apps.venues.adapters._credentials import KEY_AND_SECRET
from apps.venues.adapters._ids import Uuid
from apps.venues.adapters._paging import Listing, Paging
from apps.venues.adapters._parsing import decimal
from apps.venues.adapters._rights import addresses, expiry, from_scopes
from apps.venues.domain.ports import KeyRights, OrderReceipt, RightsProof, VenueKind, VenueSpec


class Kraken(CcxtVenue):
    spec = VenueSpec(
        code="kraken",
        label="Kraken",
        kind=VenueKind.EXCHANGE,
        ccxt_id="kraken",
        capabilities=SPOT | MARKET,
        credential_fields=KEY_AND_SECRET,
        rights_proof=RightsProof.PROBE,
        visible_after=timedelta(seconds=10),
        needed_rights=(
            "Query funds",
            "Query open orders & trades",
            "Query closed orders & trades",
            "Create & modify orders",
            "Cancel & close orders",
        ),
        key_page="https://www.kraken.com/c/account-settings/api",
        key_steps=(
            gettext_noop("Open Settings, API, and create an API key."),
            gettext_noop("Tick the five rights above; leave Withdraw funds off."),
            gettext_noop(
                "Restrict the key to this server's address and, if you wish, let it expire."
            ),
        ),
        requests_per_second=1.0,
        docs="https://docs.kraken.com/api/",
        tells_key_expiry=True,
        tells_ip_allow_list=True,
    )
    paging = Paging(Listing.NEWEST_FIRST)
    client_ids = Uuid(plain_up_to=18)

    def receipt(self, raw: Mapping[str, Any], client_order_id: str) -> OrderReceipt:
        """Without our id ccxt gives `userref`, a number of somebody else's."""
        ours = (raw.get("info") or {}).get("cl_ord_id")
        return super().receipt({**raw, "clientOrderId": ours}, client_order_id)

    def look_up(self, wire_id: str, symbol: str) -> Mapping[str, Any] | None:
        ours = {"clientOrderId": wire_id}
        live = self._client.fetch_open_orders(symbol, None, None, ours)
        return self.listed(wire_id, live) or self.listed(
            wire_id, self._client.fetch_closed_orders(symbol, None, None, ours)
        )

    def order_trades(
        self, venue_order_id: str, symbol: str, raw: Mapping[str, Any]
    ) -> Sequence[Mapping[str, Any]]:
        ids = [trade["id"] for trade in raw.get("trades") or ()]  # ids only, no amounts
        if not ids:
            return []
        rows: Sequence[Mapping[str, Any]] = self._client.fetch_order_trades(
            venue_order_id, symbol, None, None, {"trades": ids}
        )
        return rows

    def read_rights(self) -> KeyRights:
        told = self._client.privatePostGetApiKeyInfo()["result"]
        ends = decimal(told.get("validUntil"))
        return from_scopes(
            told["permissions"],
            read={"query-funds"},
            trade={"modify-trades"},
            withdraw={"withdraw-funds"},
            ips=addresses(told.get("ipAllowlist")),
            expires_at=expiry(ends * 1000) if ends else None,
        )


ADAPTER = Kraken
