"""Bybit spot (V5). One look-up sees the live orders, another the ended ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from apps.core.domain.errors import gettext_noop
from apps.venues.adapters._capabilities import MARKET, SPOT, TESTNET
from apps.venues.adapters._ccxt import CcxtVenue
from apps.venues.adapters._credentials import KEY_AND_SECRET
from apps.venues.adapters._paging import Listing, Paging
from apps.venues.adapters._parsing import decimal
from apps.venues.adapters._rights import addresses, flag, iso_instant
from apps.venues.domain.ports import Capability, KeyRights, RightsProof, VenueKind, VenueSpec


class Bybit(CcxtVenue):
    spec = VenueSpec(
        code="bybit",
        label="Bybit",
        kind=VenueKind.EXCHANGE,
        ccxt_id="bybit",
        capabilities=SPOT | MARKET | TESTNET | {Capability.CANCEL_ALL, Capability.ORDER_HISTORY},
        credential_fields=KEY_AND_SECRET,
        rights_proof=RightsProof.PROBE,
        visible_after=timedelta(seconds=6),
        taken_for=timedelta(seconds=3),
        lateness="recv_window of 2 s",
        needed_rights=("Read-Write", "Unified Trading: Orders", "SPOT: Trade"),
        key_page="https://www.bybit.com/app/user/api-management",
        key_steps=(
            gettext_noop("Create a system-generated API key for API transaction."),
            gettext_noop("Choose Read-Write and enter this server's address."),
            gettext_noop("Tick SPOT trade under Unified Trading; leave Assets withdrawal off."),
        ),
        requests_per_second=10.0,
        docs="https://bybit-exchange.github.io/docs/v5/intro",
        tells_key_expiry=True,
        tells_ip_allow_list=True,
    )
    paging = Paging(Listing.NEWEST_FIRST, window=timedelta(days=7), size=100)
    order_paging = Paging(Listing.NEWEST_FIRST, window=timedelta(days=7), size=50)
    fees_by_symbol = True
    config = {
        "options": {"defaultType": "spot", "fetchMarkets": {"types": ["spot"]}, "recvWindow": 2000}
    }

    def book_limit(self, depth: int) -> int | None:
        return min(depth, 200)

    def look_up(self, wire_id: str, symbol: str) -> Mapping[str, Any] | None:
        ours = {"orderLinkId": wire_id}
        live = self._client.fetch_open_orders(symbol, None, None, ours)
        return self.listed(wire_id, live) or self.listed(
            wire_id, self._client.fetch_canceled_and_closed_orders(symbol, None, None, ours)
        )

    def look_up_venue_id(self, venue_order_id: str, symbol: str) -> Mapping[str, Any] | None:
        theirs = {"orderId": venue_order_id}
        live = self._client.fetch_open_orders(symbol, None, None, theirs)
        ended = (
            []
            if live
            else self._client.fetch_canceled_and_closed_orders(symbol, None, None, theirs)
        )
        return next((row for row in [*live, *ended] if row["id"] == venue_order_id), None)

    def read_orders(self, symbol: str, start: int, now: int) -> Sequence[Mapping[str, Any]]:
        """The open ones as well: the list of ended orders does not hold them."""
        return self.with_open(symbol, start, super().read_orders(symbol, start, now))

    def order_page(
        self, symbol: str, since: int, params: dict[str, Any]
    ) -> Sequence[Mapping[str, Any]]:
        rows: Sequence[Mapping[str, Any]] = self._client.fetch_canceled_and_closed_orders(
            symbol, since, 50, params
        )
        return rows

    def cancel(self, wire_id: str, venue_order_id: str, symbol: str) -> Mapping[str, Any]:
        raw: Mapping[str, Any] = self._client.cancel_order(
            venue_order_id or None, symbol, {} if venue_order_id else {"orderLinkId": wire_id}
        )
        return raw

    def read_balances(self) -> Mapping[str, Any]:
        raw = super().read_balances()
        for account in raw["info"]["result"]["list"]:
            for coin in account["coin"]:
                if decimal(coin.get("locked")) is None:
                    raise ValueError(f"no locked amount of {coin['coin']}")
        return raw

    def read_rights(self) -> KeyRights:
        told = self._client.privateGetV5UserQueryApi()["result"]
        permissions = told["permissions"]
        scopes = {f"{group}:{name}" for group, names in permissions.items() for name in names or ()}
        read_only = flag(told.get("readOnly"))
        writes = None if read_only is None else not read_only
        ips = addresses(told.get("ips"))
        return KeyRights(
            proof=RightsProof.PROBE,
            can_read=True,
            can_trade=None if writes is None else writes and "Spot:SpotTrade" in scopes,
            can_withdraw="Wallet:Withdraw" in scopes,
            ip_restricted=bool(ips),
            ip_allow_list=ips,
            expires_at=iso_instant(told.get("expiredAt")),
            raw_scopes=tuple(sorted(scopes)),
        )


ADAPTER = Bybit
