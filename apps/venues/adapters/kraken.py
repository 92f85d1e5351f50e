"""Kraken spot. Quirk: QueryOrders knows only Kraken's own ids; the two lists know ours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from apps.core.domain.errors import gettext_noop
from apps.venues.adapters._bulk import CancelsBy
from apps.venues.adapters._capabilities import MARKET, SPOT, STOPS
from apps.venues.adapters._ccxt import CcxtVenue
from apps.venues.adapters._credentials import KEY_AND_SECRET
from apps.venues.adapters._ids import Uuid
from apps.venues.adapters._paging import Listing, Paging
from apps.venues.adapters._parsing import decimal
from apps.venues.adapters._rights import addresses, expiry, from_scopes
from apps.venues.domain.ports import (
    Capability,
    KeyRights,
    OrderKind,
    OrderReceipt,
    OrderTicket,
    RightsProof,
    VenueKind,
    VenueSpec,
)


class Kraken(CcxtVenue):
    spec = VenueSpec(
        code="kraken",
        label="Kraken",
        kind=VenueKind.EXCHANGE,
        ccxt_id="kraken",
        capabilities=SPOT
        | MARKET
        | STOPS
        | {
            Capability.CANCEL_ALL,
            Capability.DEAD_MAN_SWITCH,
            Capability.GTD,
            Capability.ORDER_HISTORY,
            Capability.TRAILING_STOP,
        },
        credential_fields=KEY_AND_SECRET,
        rights_proof=RightsProof.PROBE,
        visible_after=timedelta(seconds=10),
        taken_for=timedelta(seconds=6),
        lateness="deadline of 5 s",
        ordered_nonces=True,
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
    dead_man_limits = (timedelta(seconds=5), timedelta(seconds=86400))
    cancels_by = CancelsBy.ACCOUNT
    client_ids = Uuid(plain_up_to=18)
    order_paging = Paging(Listing.NEWEST_FIRST, params={"closetime": "open"})
    kind_path = ("descr", "ordertype")
    kind_words = {
        "stop-loss": OrderKind.STOP,
        "stop-loss-limit": OrderKind.STOP_LIMIT,
        "take-profit": OrderKind.TAKE_PROFIT,
        "take-profit-limit": OrderKind.TAKE_PROFIT_LIMIT,
        "trailing-stop": OrderKind.TRAILING_STOP,
    }

    def receipt(self, raw: Mapping[str, Any], client_order_id: str) -> OrderReceipt:
        """Without our id ccxt gives `userref`, a number of somebody else's."""
        ours = (raw.get("info") or {}).get("cl_ord_id")
        return super().receipt({**raw, "clientOrderId": ours}, client_order_id)

    def order_params(self, ticket: OrderTicket) -> dict[str, Any]:
        deadline = datetime.now(UTC) + timedelta(seconds=5)  # two at least: see `taken_for`
        params = super().order_params(ticket) | {
            "deadline": f"{deadline:%Y-%m-%dT%H:%M:%S.%f}"[:-3] + "Z"
        }
        if ticket.expires_at is not None:
            params["expiretm"] = str(int(ticket.expires_at.timestamp()))
        return params

    def trigger_params(self, ticket: OrderTicket) -> dict[str, Any]:
        if ticket.trail is None:
            return super().trigger_params(ticket)
        return {"trailingPercent": f"{(ticket.trail * 100).normalize():f}"}

    def read_orders(self, symbol: str, start: int, now: int) -> Sequence[Mapping[str, Any]]:
        """The open ones as well: the list of ended orders does not hold them."""
        return self.with_open(symbol, start, super().read_orders(symbol, start, now))

    def order_page(
        self, symbol: str, since: int, params: dict[str, Any]
    ) -> Sequence[Mapping[str, Any]]:
        rows: Sequence[Mapping[str, Any]] = self._client.fetch_closed_orders(
            symbol, since, None, params
        )
        return rows

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
