"""KuCoin spot (high-frequency accounts). Found by clientOid; rights are told."""

from __future__ import annotations

from datetime import timedelta

from apps.core.domain.errors import gettext_noop
from apps.venues.adapters import _parsing as parsing
from apps.venues.adapters._capabilities import MARKET, SPOT
from apps.venues.adapters._ccxt import CcxtVenue
from apps.venues.adapters._credentials import WITH_PASSPHRASE
from apps.venues.adapters._paging import Listing, Paging
from apps.venues.adapters._rights import addresses, from_scopes
from apps.venues.domain.errors import RefusalReason
from apps.venues.domain.ports import Capability, KeyRights, RightsProof, VenueKind, VenueSpec


class Kucoin(CcxtVenue):
    spec = VenueSpec(
        code="kucoin",
        label="KuCoin",
        kind=VenueKind.EXCHANGE,
        ccxt_id="kucoin",
        capabilities=SPOT | MARKET | {Capability.CANCEL_ALL, Capability.DEAD_MAN_SWITCH},
        credential_fields=WITH_PASSPHRASE,
        rights_proof=RightsProof.PROBE,
        visible_after=timedelta(seconds=9),
        taken_for=timedelta(seconds=6),
        open_orders_by_symbol=True,
        lateness="KC-API-TIMESTAMP is good for 5 s",
        needed_rights=("General", "Spot Trading"),
        key_page="https://www.kucoin.com/account/api",
        key_steps=(
            gettext_noop("Create an API key for API-based trading and choose a passphrase."),
            gettext_noop("Tick General and Spot Trading; leave Withdrawal off."),
            gettext_noop("Enter this server's address under IP restriction."),
        ),
        requests_per_second=10.0,
        docs="https://www.kucoin.com/docs-new",
        tells_ip_allow_list=True,
    )
    paging = Paging(Listing.NEWEST_FIRST, window=timedelta(days=7))
    dead_man_limits = (timedelta(seconds=5), timedelta(seconds=86400))
    refusals = {"funds should more than": RefusalReason.BELOW_MINIMUM}
    config = {"options": {"uta": False, "hf": True, "fetchMarkets": {"types": ["spot"]}}}

    balance_params = {"type": "trade", "hf": False}  # one trading account since the migration

    def book_limit(self, depth: int) -> int | None:
        return 20 if depth <= 20 else 100

    def cancel_at_once(self, symbol: str | None) -> None:
        (told,) = self._client.cancel_all_orders(symbol)
        if parsing.found(told, ("info", "data", "failedSymbols")):
            raise ValueError("the orders of some symbols were not cancelled")

    def switch(self, timeout: timedelta) -> None:
        seconds = int(timeout.total_seconds())
        self._client.privatePostHfOrdersDeadCancelAll({"timeout": seconds or -1})

    def read_rights(self) -> KeyRights:
        told = self._client.privateGetUserApiKey()["data"]
        return from_scopes(
            (scope.strip() for scope in told["permission"].split(",")),
            read={"General"},
            trade={"Spot", "Trade"},
            withdraw={"Transfer", "Withdrawal"},  # the documented word, and the key page's
            others={"Margin", "Futures", "InnerTransfer", "FlexTransfers", "Earn"},
            ips=addresses(told.get("ipWhitelist")),
        )


ADAPTER = Kucoin
