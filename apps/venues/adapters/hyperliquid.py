"""Hyperliquid spot, signed by an agent wallet, which can trade and cannot withdraw."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec

from apps.core.domain.errors import gettext_noop
from apps.venues.adapters._capabilities import SPOT, TESTNET
from apps.venues.adapters._ccxt import CcxtVenue
from apps.venues.adapters._ids import Uuid
from apps.venues.adapters._rights import expiry
from apps.venues.domain.errors import RefusalReason
from apps.venues.domain.ports import (
    Capability,
    CredentialField,
    InstrumentInfo,
    KeyRights,
    RightsProof,
    VenueKind,
    VenueSpec,
)

DIGITS = 5  # significant digits of a price; whole numbers are always allowed


class Hyperliquid(CcxtVenue):
    spec = VenueSpec(
        code="hyperliquid",
        label="Hyperliquid",
        kind=VenueKind.EXCHANGE,
        ccxt_id="hyperliquid",
        capabilities=(SPOT | TESTNET) - {Capability.FOK},
        credential_fields=(
            CredentialField(
                name="wallet",
                label=gettext_noop("Account address"),
                secret=False,
                help=gettext_noop("The 0x address of the account that holds the funds."),
            ),
            CredentialField(
                name="agent_key",
                label=gettext_noop("Agent private key"),
                help=gettext_noop(
                    "The key of an API wallet that this account approved. "
                    "Never the private key of the account itself."
                ),
            ),
        ),
        rights_proof=RightsProof.STRUCTURAL,
        visible_after=timedelta(seconds=120),
        lateness="nothing: a long wait",
        needed_rights=("API wallet (agent)",),
        key_page="https://app.hyperliquid.xyz/API",
        key_steps=(
            gettext_noop("Open More, API, and generate an API wallet with a name."),
            gettext_noop("Authorize it with your account and choose how long it is valid."),
            gettext_noop("Enter the address of your account and the private key shown once."),
        ),
        tells_key_expiry=True,
        requests_per_second=10.0,
        docs="https://hyperliquid.gitbook.io/hyperliquid-docs/for-developers/api",
    )
    client_ids = Uuid(form="hex128")
    credential_names = {"wallet": "walletAddress", "agent_key": "privateKey"}
    config = {
        "options": {
            "defaultType": "spot",
            "fetchMarkets": {"types": ["spot"]},
            "fetchBalance": {"type": "spot"},
        }
    }

    refusals = {
        "Insufficient spot balance": RefusalReason.INSUFFICIENT_FUNDS,
        "minimum value": RefusalReason.BELOW_MINIMUM,
    }

    def info(self, market: Mapping[str, Any]) -> InstrumentInfo:
        return replace(super().info(market), price_step=None)  # five digits, not a grid

    def _made(self, keys: Mapping[str, str]) -> Any:
        """Without ccxt's own errand: before the first order it signs, in the user's name, an
        approval for a third party to take part in orders, and sets a referrer."""
        client = super()._made(keys)
        client.initialize_client = lambda: True
        return client

    def look_up(self, wire_id: str, symbol: str) -> Mapping[str, Any] | None:
        raw: Mapping[str, Any] = self._client.fetch_order(wire_id, symbol)
        return raw

    def is_price(self, price: Decimal, symbol: str, info: InstrumentInfo) -> bool:
        if price == price.to_integral_value():
            return True
        digits = len(price.normalize().as_tuple().digits)
        return digits <= DIGITS and super().is_price(price, symbol, info)

    def read_fee(self, symbol: str) -> Mapping[str, Any]:
        """The spot tier: ccxt reads the one of perpetuals."""
        asked = {"type": "userFees", "user": self._client.walletAddress}
        told = self._client.publicPostInfo(asked)
        return {"maker": told["userSpotAddRate"], "taker": told["userSpotCrossRate"]}

    def read_rights(self) -> KeyRights:
        account = self._client.walletAddress.lower()
        signer = self._signer()
        if signer == account:  # the account's own key: it moves everything
            return KeyRights(
                proof=RightsProof.PROBE, can_read=True, can_trade=True, can_withdraw=True
            )
        agents = self._client.publicPostInfo({"type": "extraAgents", "user": account})
        agent = next((row for row in agents if row["address"].lower() == signer), None)
        return KeyRights(
            proof=RightsProof.STRUCTURAL,
            can_read=True,
            can_trade=agent is not None,
            can_withdraw=False,
            expires_at=expiry(agent.get("validUntil")) if agent else None,
            raw_scopes=("agent",) if agent else (),
        )

    def _signer(self) -> str:
        """The address that the agent's key signs for."""
        secret = int(self._client.privateKey.removeprefix("0x"), 16)
        point = ec.derive_private_key(secret, ec.SECP256K1()).public_key().public_numbers()
        public = point.x.to_bytes(32, "big") + point.y.to_bytes(32, "big")
        return "0x" + str(self._client.hash(public, "keccak", "hex"))[-40:]


ADAPTER = Hyperliquid
