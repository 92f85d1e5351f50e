"""Facts about people and their workspaces."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from apps.core.domain.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class UserSignedUp(Event):
    topic: ClassVar[str] = "accounts.user.signed_up"
    user_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class UserSignedIn(Event):
    topic: ClassVar[str] = "accounts.user.signed_in"
    user_id: int
    method: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiTokenCreated(Event):
    topic: ClassVar[str] = "accounts.api_token.created"
    token_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiTokenRevoked(Event):
    topic: ClassVar[str] = "accounts.api_token.revoked"
    token_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondFactorEnrolled(Event):
    topic: ClassVar[str] = "accounts.second_factor.enrolled"
    user_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondFactorRemoved(Event):
    topic: ClassVar[str] = "accounts.second_factor.removed"
    user_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondFactorFailed(Event):
    topic: ClassVar[str] = "accounts.second_factor.failed"
    user_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryCodesRenewed(Event):
    topic: ClassVar[str] = "accounts.recovery_codes.renewed"
    user_id: int
