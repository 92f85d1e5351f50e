"""Binance spot. It keeps our order id, answers orders with their fills and tells a key's rights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from apps.core.domain.errors import gettext_noop
from apps.venues.adapters._bulk import CancelsBy
from apps.venues.adapters._capabilities import STOPS
from apps.venues.adapters._ccxt import CcxtVenue
from apps.venues.adapters._credentials import KEY_AND_SECRET
from apps.venues.adapters._paging import Paging
from apps.venues.adapters._rights import expiry, flag
from apps.venues.domain.errors import RefusalReason, TrailUnusable
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

BIPS, LEAST_TRAIL, MOST_TRAIL = Decimal(10_000), Decimal(10), Decimal(2_000)
DEPTHS = (5, 10, 20, 50, 100, 500, 1000, 5000)


class PlainOptions(dict[str, Any]):
    """ccxt takes "invalid key" (-2015) for a ban once the key has worked, and an order refused so
    for unknown: a key that is revoked would never be found out. It does not learn that it worked.
    """

    def __setitem__(self, name: str, value: Any) -> None:
        if name != "hasAlreadyAuthenticatedSuccessfully":
            super().__setitem__(name, value)


class Binance(CcxtVenue):
    spec = VenueSpec(
        code="binance",
        label="Binance",
        kind=VenueKind.EXCHANGE,
        ccxt_id="binance",
        capabilities=frozenset(
            {
                Capability.SPOT_ORDERS,
                Capability.MARKET_ORDERS,
                Capability.CLIENT_ORDER_ID,
                Capability.IOC,
                Capability.FOK,
                Capability.POST_ONLY,
                Capability.CANCEL,
                Capability.OPEN_ORDERS,
                Capability.MY_TRADES,
                Capability.BALANCES,
                Capability.ACCOUNT_FEES,
                Capability.BOOK,
                Capability.BOOK_STREAM,
                Capability.ORDER_STREAM,
                Capability.CANDLES,
                Capability.TESTNET,
                Capability.CANCEL_ALL,
                Capability.ORDER_HISTORY,
                Capability.TRAILING_STOP,
            }
        )
        | STOPS,
        credential_fields=KEY_AND_SECRET,
        rights_proof=RightsProof.PROBE,
        visible_after=timedelta(seconds=6),
        taken_for=timedelta(seconds=3),
        lateness="recvWindow of 2 s",
        needed_rights=("Enable Reading", "Enable Spot & Margin Trading"),
        key_page="https://www.binance.com/en/my/settings/api-management",
        key_steps=(
            gettext_noop("Open API Management and create a system-generated (HMAC) key."),
            gettext_noop("Edit restrictions: enter this server's address as the trusted IP."),
            gettext_noop("Tick Enable Spot & Margin Trading; leave Enable Withdrawals off."),
        ),
        tells_key_expiry=True,
        requests_per_second=20.0,
        docs="https://developers.binance.com/docs/binance-spot-api-docs",
    )
    client_id_param = "newClientOrderId"
    fill_field = "executedQty"
    cancels_by = CancelsBy.SYMBOL
    nothing_to_cancel = ('"code":-2011',)
    order_paging = Paging(size=1000)
    kind_path = ("type",)
    kind_words = {
        "limit_maker": OrderKind.LIMIT,
        "stop_loss": OrderKind.STOP,
        "stop_loss_limit": OrderKind.STOP_LIMIT,
        "take_profit": OrderKind.TAKE_PROFIT,
        "take_profit_limit": OrderKind.TAKE_PROFIT_LIMIT,
    }
    refusals = {
        "Filter failure: NOTIONAL": RefusalReason.BELOW_MINIMUM,
        "Order would trigger immediately": RefusalReason.TRIGGERS_NOW,
    }
    config = {
        "options": {
            "defaultType": "spot",
            "fetchMarkets": {"types": ["spot"]},
            "fetchMargins": False,
            "warnOnFetchOpenOrdersWithoutSymbol": False,
            "recvWindow": 2000,  # ms: see `taken_for`
        }
    }

    def _made(self, keys: Mapping[str, str]) -> Any:
        client = super()._made(keys)
        client.options = PlainOptions(client.options)
        return client

    def trigger_params(self, ticket: OrderTicket) -> dict[str, Any]:
        if ticket.trail is None:
            return super().trigger_params(ticket)
        delta = ticket.trail * BIPS
        if delta != int(delta) or not LEAST_TRAIL <= delta <= MOST_TRAIL:
            least, most = (f"{bips / BIPS * 100:f}" for bips in (LEAST_TRAIL, MOST_TRAIL))
            raise TrailUnusable(venue=self.spec.label, least=least, most=most, step="0.01")
        percent = f"{(ticket.trail * 100).normalize():f}"  # ccxt makes BIPS of it
        return {"trailingPercent": percent, "stopLossOrTakeProfit": "stopLoss"}

    def receipt(self, raw: Mapping[str, Any], client_order_id: str) -> OrderReceipt:
        found = super().receipt(raw, client_order_id)
        trails = (raw.get("info") or {}).get("trailingDelta")
        return replace(found, kind=OrderKind.TRAILING_STOP) if trails else found

    def book_limit(self, depth: int) -> int | None:
        return next((step for step in DEPTHS if step >= depth), DEPTHS[-1])

    def look_up(self, wire_id: str, symbol: str) -> Mapping[str, Any] | None:
        raw: Mapping[str, Any] = self._client.fetch_order(
            None, symbol, {"origClientOrderId": wire_id}
        )
        return raw

    def cancel(self, wire_id: str, venue_order_id: str, symbol: str) -> Mapping[str, Any]:
        params = {} if venue_order_id else {"origClientOrderId": wire_id}
        raw: Mapping[str, Any] = self._client.cancel_order(venue_order_id or None, symbol, params)
        return raw

    def read_rights(self) -> KeyRights:
        told = self._client.sapiGetAccountApiRestrictions()
        return KeyRights(
            proof=RightsProof.PROBE,
            can_read=flag(told.get("enableReading")),
            can_trade=flag(told.get("enableSpotAndMarginTrading")),
            can_withdraw=flag(told.get("enableWithdrawals")),
            ip_restricted=flag(told.get("ipRestrict")),
            expires_at=expiry(told.get("tradingAuthorityExpirationTime")),
            raw_scopes=tuple(sorted(name for name, value in told.items() if value is True)),
        )


ADAPTER = Binance
