"""Coinbase Advanced Trade. No look-up by our id: the recent orders of the product are read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, timedelta
from decimal import Decimal
from typing import Any

from apps.core.domain.errors import gettext_noop
from apps.venues.adapters._capabilities import SPOT
from apps.venues.adapters._ccxt import CcxtVenue
from apps.venues.adapters._paging import Listing, Paging
from apps.venues.adapters._parsing import decimal
from apps.venues.adapters._rights import flag
from apps.venues.domain.errors import RefusalReason
from apps.venues.domain.ports import (
    Capability,
    CredentialField,
    KeyRights,
    OrderKind,
    OrderReceipt,
    OrderTicket,
    RightsProof,
    Side,
    VenueKind,
    VenueSpec,
)

TOKEN_FOR, TOKEN_ENDS = 120, 10  # seconds: ccxt's, ours
UP, DOWN = "STOP_DIRECTION_STOP_UP", "STOP_DIRECTION_STOP_DOWN"
STOP_CONFIGURATIONS = ("stop_limit_stop_limit_gtc", "stop_limit_stop_limit_gtd")
KEY_NAME = CredentialField(
    name="key",
    label=gettext_noop("API key name"),
    secret=False,
    help=gettext_noop("Begins with organizations/ and contains /apiKeys/."),
)
PRIVATE_KEY = CredentialField(
    name="secret",
    label=gettext_noop("Private key"),
    help=gettext_noop("The whole PEM text, from BEGIN to END EC PRIVATE KEY."),
)


class Coinbase(CcxtVenue):
    spec = VenueSpec(
        code="coinbase",
        label="Coinbase",
        kind=VenueKind.EXCHANGE,
        ccxt_id="coinbase",
        capabilities=SPOT
        | {
            Capability.STOP_LIMIT,
            Capability.TAKE_PROFIT_LIMIT,
            Capability.GTD,
            Capability.ORDER_HISTORY,
        },
        credential_fields=(KEY_NAME, PRIVATE_KEY),
        rights_proof=RightsProof.PROBE,
        visible_after=timedelta(seconds=14),
        taken_for=timedelta(seconds=11),
        lateness="the token ends after 10 s",
        needed_rights=("View", "Trade"),
        key_page="https://portal.cdp.coinbase.com/projects/api-keys",
        key_steps=(
            gettext_noop("Create a Secret API key with the signature algorithm ECDSA."),
            gettext_noop("Tick View and Trade; leave Transfer off."),
            gettext_noop("Enter this server's address in the IP allow-list."),
        ),
        requests_per_second=10.0,
        docs="https://docs.cdp.coinbase.com/coinbase-app/advanced-trade-apis/rest-api",
    )
    paging = Paging(Listing.NEWEST_FIRST, size=250)
    order_paging = Paging(Listing.NEWEST_FIRST, size=100)
    client_id_param = "client_order_id"
    balance_params = {"v3": True}
    refusals = {
        "INVALID_SIZE_FOR_ORDER": RefusalReason.BELOW_MINIMUM,
        "INVALID_SIZE_PRECISION": RefusalReason.OFF_STEP,
        "INVALID_PRICE_PRECISION": RefusalReason.OFF_STEP,
        "INVALID_LIMIT_PRICE_POST_ONLY": RefusalReason.NOT_FILLABLE,
        "ORDER_ENTRY_DISABLED": RefusalReason.MARKET_CLOSED,
    }
    cancel_refusals = {"cancelOrders() has failed": RefusalReason.ORDER_MISSING}

    def order_params(self, ticket: OrderTicket) -> dict[str, Any]:
        params = super().order_params(ticket)
        if ticket.expires_at is not None:
            params["end_time"] = f"{ticket.expires_at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
        return params

    def trigger_params(self, ticket: OrderTicket) -> dict[str, Any]:
        """With the direction said: ccxt forgets the end of a stop that it calls by that name."""
        if ticket.trigger_price is None:
            return {}
        stop, buys = ticket.kind is OrderKind.STOP_LIMIT, ticket.side is Side.BUY
        return {
            "triggerPrice": f"{ticket.trigger_price:f}",
            "stop_direction": UP if stop is buys else DOWN,
        }

    def receipt(self, raw: Mapping[str, Any], client_order_id: str) -> OrderReceipt:
        """A stop and a profit differ in the direction that they wait for."""
        found = super().receipt(raw, client_order_id)
        told = (raw.get("info") or {}).get("order_configuration") or {}
        waits = next((told[name] for name in STOP_CONFIGURATIONS if name in told), None)
        if waits is None:
            return found
        stop = (waits.get("stop_direction") == UP) is (found.side is Side.BUY)
        kind = OrderKind.STOP_LIMIT if stop else OrderKind.TAKE_PROFIT_LIMIT
        return replace(found, kind=kind, trigger_price=decimal(waits.get("stop_price")))

    def _made(self, keys: Mapping[str, str]) -> Any:
        """With tokens that end sooner: ccxt's are good for two minutes."""
        client = super()._made(keys)
        made = client.create_auth_token
        client.create_auth_token = lambda at, *args: made(at - TOKEN_FOR + TOKEN_ENDS, *args)
        return client

    def look_up(self, wire_id: str, symbol: str) -> Mapping[str, Any] | None:
        return self.listed(wire_id, self._client.fetch_orders(symbol, None, 100))

    def cancel(self, wire_id: str, venue_order_id: str, symbol: str) -> Mapping[str, Any]:
        known = venue_order_id or str((self.look_up(wire_id, symbol) or {}).get("id") or "")
        return super().cancel(wire_id, known, symbol)

    def cancelled(self, raw: Mapping[str, Any], client_order_id: str) -> OrderReceipt | None:
        return None  # success means that the request was taken

    def read_balances(self) -> Mapping[str, Any]:
        """Every account counts; ccxt leaves out those whose type or hold it does not find."""
        held: dict[str, dict[str, Decimal]] = {"free": {}, "used": {}, "total": {}}
        for row in super().read_balances()["info"]["accounts"]:
            asset = self._client.safe_currency_code(row["currency"])
            free = Decimal(str(row["available_balance"]["value"]))
            used = Decimal(str(row["hold"]["value"]))
            for name, amount in (("free", free), ("used", used), ("total", free + used)):
                held[name][asset] = held[name].get(asset, Decimal(0)) + amount
        return held

    def read_rights(self) -> KeyRights:
        told = self._client.v3PrivateGetBrokerageKeyPermissions()
        scopes = tuple(sorted(name for name, value in told.items() if value is True))
        return KeyRights(
            proof=RightsProof.PROBE,
            can_read=flag(told.get("can_view")),
            can_trade=flag(told.get("can_trade")),
            can_withdraw=flag(told.get("can_transfer")),
            raw_scopes=scopes,
        )


ADAPTER = Coinbase
