"""HTX spot. Market buys are sized in the quote asset there, so they are not offered."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

from apps.core.domain.errors import gettext_noop
from apps.venues.adapters._capabilities import SPOT
from apps.venues.adapters._ccxt import CcxtVenue
from apps.venues.adapters._credentials import KEY_AND_SECRET
from apps.venues.adapters._paging import Listing, Paging
from apps.venues.adapters._parsing import decimal
from apps.venues.adapters._rights import addresses, expiry, from_scopes
from apps.venues.domain.ports import Capability, KeyRights, RightsProof, VenueKind, VenueSpec

CANCEL_ROUNDS = 50


class Htx(CcxtVenue):
    spec = VenueSpec(
        code="htx",
        label="HTX",
        kind=VenueKind.EXCHANGE,
        ccxt_id="htx",
        capabilities=SPOT | {Capability.CANCEL_ALL, Capability.DEAD_MAN_SWITCH},
        credential_fields=KEY_AND_SECRET,
        rights_proof=RightsProof.PROBE,
        visible_after=timedelta(seconds=305),
        taken_for=timedelta(seconds=301),
        lateness="Timestamp is good for 5 minutes",
        needed_rights=("Read", "Trade"),
        key_page="https://www.htx.com/en-us/apikey/",
        key_steps=(
            gettext_noop("Create an API key."),
            gettext_noop("Tick Read and Trade; leave Withdraw off."),
            gettext_noop("Bind this server's address: a key without one ends after 90 days."),
        ),
        requests_per_second=10.0,
        docs="https://huobiapi.github.io/docs/spot/v1/en/",
        tells_key_expiry=True,
        tells_ip_allow_list=True,
    )
    paging = Paging(Listing.NEWEST_FIRST, window=timedelta(days=2), size=500)
    dead_man_limits = (timedelta(seconds=5), timedelta(seconds=86400))
    config = {"options": {"defaultType": "spot"}}

    def load(self, source: Any) -> None:
        source.set_markets(source.fetch_markets_by_type_and_sub_type("spot", None))

    def book_limit(self, depth: int) -> int | None:
        return 20 if depth <= 20 else 150

    def cancel_at_once(self, symbol: str | None) -> None:
        """A hundred at a time, until the venue names no next one."""
        only = {} if symbol is None else {"symbol": self._client.market_id(symbol)}
        for _ in range(CANCEL_ROUNDS):
            told = self._client.spotPrivatePostV1OrderOrdersBatchCancelOpenOrders(only)["data"]
            if int(told["failed-count"]):
                raise ValueError("some orders were not cancelled")
            if int(told["next-id"]) < 0:
                return
        raise ValueError("more orders than rounds")

    def read_rights(self) -> KeyRights:
        user = self._client.v2PrivateGetUserUid()["data"]
        (told,) = self._client.v2PrivateGetUserApiKey(
            {"uid": user, "accessKey": self._client.apiKey}
        )["data"]
        days = decimal(told.get("validDays"))
        ends = None if days is None or days < 0 else time.time() + float(days) * 86_400
        return from_scopes(
            (scope.strip() for scope in told["permission"].split(",")),
            read={"readOnly"},
            trade={"trade"},
            withdraw={"withdraw"},
            others=set(),
            ips=addresses(told.get("ipAddresses")),
            expires_at=None if ends is None else expiry(ends * 1000),
        )


ADAPTER = Htx
