"""BitMEX spot, without ccxt, which no longer speaks its dialect.

Quirks: bitcoin is XBT; quantities travel as whole numbers of an instrument's smallest unit, money
as whole numbers of a currency's; an answer to a cancel carries its refusal inside the order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from apps.core.domain.errors import gettext_noop
from apps.venues.adapters._bitmex import BitmexClient
from apps.venues.adapters._capabilities import MARKET, SPOT
from apps.venues.adapters._credentials import KEY_AND_SECRET
from apps.venues.adapters._native import NativeVenue
from apps.venues.adapters._rights import addresses, flag
from apps.venues.domain.ports import (
    Capability,
    KeyRights,
    OrderKind,
    OrderTicket,
    RightsProof,
    TimeInForce,
    VenueKind,
    VenueSpec,
)

TIME_IN_FORCE = {
    TimeInForce.GTC: "GoodTillCancel",
    TimeInForce.IOC: "ImmediateOrCancel",
    TimeInForce.FOK: "FillOrKill",
    TimeInForce.POST_ONLY: "GoodTillCancel",
}


class Bitmex(NativeVenue):
    spec = VenueSpec(
        code="bitmex",
        label="BitMEX",
        kind=VenueKind.EXCHANGE,
        ccxt_id="",
        capabilities=(SPOT | MARKET | {Capability.CANCEL_ALL, Capability.DEAD_MAN_SWITCH})
        - {Capability.ORDER_STREAM, Capability.CANDLES},
        credential_fields=KEY_AND_SECRET,
        rights_proof=RightsProof.PROBE,
        visible_after=timedelta(seconds=10),
        taken_for=timedelta(seconds=6),
        lateness="api-expires of 5 s",
        needed_rights=("Order",),
        key_page="https://www.bitmex.com/app/apiKeys",
        key_steps=(
            gettext_noop("Open Account, API Keys, and create a key with the permission Order."),
            gettext_noop("Leave Withdraw unticked and enter this server's address as CIDR."),
        ),
        tells_ip_allow_list=True,
        requests_per_second=2.0,
        docs="https://www.bitmex.com/app/apiOverview",
    )
    client_class = BitmexClient
    client_id_param = "clOrdID"

    def order_params(self, ticket: OrderTicket) -> dict[str, Any]:
        params = {"clOrdID": self.wire_client_id(ticket.client_order_id)}
        if ticket.kind is OrderKind.LIMIT:
            params["timeInForce"] = TIME_IN_FORCE[ticket.time_in_force]
        if ticket.time_in_force is TimeInForce.POST_ONLY:
            params["execInst"] = "ParticipateDoNotInitiate"
        return params

    def order_trades(
        self, venue_order_id: str, symbol: str, raw: Mapping[str, Any]
    ) -> Sequence[Mapping[str, Any]]:
        rows: Sequence[Mapping[str, Any]] = self._client.fetch_order_trades(venue_order_id, symbol)
        return rows

    def read_rights(self) -> KeyRights:
        keys = self._client.ask("/apiKey", signed=True)
        (told,) = (row for row in keys if row["id"] == self._client.apiKey)
        scopes, enabled = told.get("permissions"), flag(told.get("enabled"))
        ips = addresses(told.get("cidrs") or told.get("cidr"))
        return KeyRights(
            proof=RightsProof.PROBE,
            can_read=enabled,
            can_trade=None if scopes is None else "order" in scopes and enabled is True,
            can_withdraw=None if scopes is None else "withdraw" in scopes,
            ip_restricted=bool(ips),
            ip_allow_list=ips,
            raw_scopes=tuple(sorted(scopes or ())),
        )


ADAPTER = Bitmex
