"""What a connection is, and whether a key's rights allow what it is wanted for. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from apps.venues.domain.errors import (
    CredentialMissing,
    KeyCannotTrade,
    KeyCanWithdraw,
    KeyRefused,
    KeyRightsUnproven,
)
from apps.venues.domain.ports import KeyRights, Need, RightsProof, VenueKind, VenueSpec

LONGEST_CREDENTIAL = 4096  # characters; a PEM key fits


class Mode(StrEnum):
    PAPER = "PAPER"
    TESTNET = "TESTNET"
    LIVE = "LIVE"


class ConnectionStatus(StrEnum):
    ACTIVE = "ACTIVE"
    PAUSED = "PAUSED"
    BROKEN = "BROKEN"  # the key does not do what it is for; `status_reason` says why


@dataclass(frozen=True, slots=True, kw_only=True)
class PracticeInstance:
    """One running practice venue. simulated: its market is a model, not a real one."""

    code: str  # practice.alpha
    label: str
    source: str  # live, recorded, simulated, manual
    simulated: bool
    symbols: tuple[str, ...]
    maker_fee: Decimal | None = None  # fractions of an ordinary account there
    taker_fee: Decimal | None = None


def mode_of(spec: VenueSpec) -> Mode:
    """Money of a practice venue is paper; a key of a real exchange is live."""
    return Mode.PAPER if spec.kind is VenueKind.PRACTICE else Mode.LIVE


def needs_proof(spec: VenueSpec, need: Need, *, unproven_allowed: bool) -> bool:
    """Whether this need is out of reach because nobody can prove the key's rights."""
    return need is Need.TRADE and spec.rights_proof is RightsProof.NONE and not unproven_allowed


def require_credentials(spec: VenueSpec, given: Mapping[str, str]) -> dict[str, str]:
    """The fields of the adapter, trimmed. Raises CredentialMissing, naming each field."""
    values = {f.name: str(given.get(f.name) or "").strip() for f in spec.credential_fields}
    problems = {
        field.name: "missing" if not values[field.name] else "too long"
        for field in spec.credential_fields
        if (field.required and not values[field.name])
        or len(values[field.name]) > LONGEST_CREDENTIAL
    }
    if problems:
        names = [f.label for f in spec.credential_fields if f.name in problems]
        raise CredentialMissing(
            venue=spec.label, fields=", ".join(names), details={"credentials": problems}
        )
    return {name: value for name, value in values.items() if value}


def key_hint(credentials: Mapping[str, str]) -> str:
    """The last characters of the public half of a key, where there is one that long."""
    key = credentials.get("key", "")
    return key[-4:] if len(key) >= 12 else ""


def require_usable(
    spec: VenueSpec, rights: KeyRights, need: Need, *, unproven_allowed: bool
) -> None:
    """Raise what stands against using a key with these rights for this need.

    A right that nobody knows never counts as harmless: for TRADE the absence of the right to
    withdraw must be told by the venue or follow from the kind of key.
    """
    venue = spec.label
    if rights.can_read is False:
        raise KeyRefused(venue=venue)
    if need is Need.VIEW:
        return
    if rights.can_withdraw:
        raise KeyCanWithdraw(venue=venue)
    proven = rights.proof is RightsProof.STRUCTURAL or (
        rights.proof is RightsProof.PROBE and rights.can_withdraw is False
    )
    if not proven and not unproven_allowed:
        raise KeyRightsUnproven(venue=venue)
    if rights.can_trade is False:
        raise KeyCannotTrade(venue=venue)


def rights_to_json(rights: KeyRights) -> dict[str, Any]:
    return {
        "proof": rights.proof.value,
        "can_read": rights.can_read,
        "can_trade": rights.can_trade,
        "can_withdraw": rights.can_withdraw,
        "ip_restricted": rights.ip_restricted,
        "ip_allow_list": list(rights.ip_allow_list),
        "expires_at": rights.expires_at.isoformat() if rights.expires_at else None,
        "raw_scopes": list(rights.raw_scopes),
    }


def rights_from_json(stored: Mapping[str, Any]) -> KeyRights | None:
    """None: the key was never asked about."""
    if not stored:
        return None
    expires_at = stored.get("expires_at")
    return KeyRights(
        proof=RightsProof(stored["proof"]),
        can_read=stored.get("can_read"),
        can_trade=stored.get("can_trade"),
        can_withdraw=stored.get("can_withdraw"),
        ip_restricted=stored.get("ip_restricted"),
        ip_allow_list=_texts(stored.get("ip_allow_list")),
        expires_at=datetime.fromisoformat(expires_at) if expires_at else None,
        raw_scopes=_texts(stored.get("raw_scopes")),
    )


def _texts(values: Sequence[Any] | None) -> tuple[str, ...]:
    return tuple(str(value) for value in values or ())
