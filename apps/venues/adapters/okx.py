"""OKX spot (V5), cash mode. A key's rights stand in the account's configuration."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from apps.core.domain.errors import gettext_noop
from apps.venues.adapters._capabilities import MARKET, SPOT, TESTNET
from apps.venues.adapters._ccxt import CcxtVenue
from apps.venues.adapters._credentials import WITH_PASSPHRASE
from apps.venues.adapters._paging import Listing, Paging
from apps.venues.adapters._rights import addresses, from_scopes
from apps.venues.domain.ports import Capability, KeyRights, RightsProof, VenueKind, VenueSpec


class Okx(CcxtVenue):
    spec = VenueSpec(
        code="okx",
        label="OKX",
        kind=VenueKind.EXCHANGE,
        ccxt_id="okx",
        capabilities=SPOT | MARKET | TESTNET | {Capability.DEAD_MAN_SWITCH},
        credential_fields=WITH_PASSPHRASE,
        rights_proof=RightsProof.PROBE,
        visible_after=timedelta(seconds=6),
        taken_for=timedelta(seconds=3),
        lateness="expTime of 2 s",
        needed_rights=("Read", "Trade"),
        key_page="https://www.okx.com/account/my-api",
        key_steps=(
            gettext_noop("Create a V5 API key for API trading and choose a passphrase."),
            gettext_noop("Tick Read and Trade; leave Withdraw off."),
            gettext_noop("Link this server's address: a key without one ends after 14 idle days."),
        ),
        requests_per_second=20.0,
        docs="https://www.okx.com/docs-v5/en/",
        tells_ip_allow_list=True,
    )
    paging = Paging(Listing.NEWEST_FIRST)
    dead_man_limits = (timedelta(seconds=10), timedelta(seconds=120))
    client_id_param = "clOrdId"
    config = {
        "options": {
            "defaultType": "spot",
            "fetchMarkets": {"types": ["spot"]},
            "createOrder": "privatePostTradeOrder",
            "tgtCcy": "base_ccy",
        }
    }

    def expiry_headers(self, now: int) -> Mapping[str, str]:
        return {"expTime": str(now + 2000)}

    def book_limit(self, depth: int) -> int | None:
        return min(depth, 400)

    def read_rights(self) -> KeyRights:
        (told,) = self._client.privateGetAccountConfig()["data"]
        return from_scopes(
            (scope.strip() for scope in told["perm"].split(",")),
            read={"read_only"},
            trade={"trade"},
            withdraw={"withdraw"},
            others=set(),
            ips=addresses(told.get("ip")),
        )


ADAPTER = Okx
