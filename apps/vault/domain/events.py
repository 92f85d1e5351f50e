"""Facts about sealed secrets: ids and names of records, never a value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from apps.core.domain.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretsStored(Event):
    topic: ClassVar[str] = "vault.secrets.stored"
    set_id: int
    record: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretsDestroyed(Event):
    topic: ClassVar[str] = "vault.secrets.destroyed"
    set_id: int
    record: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DataKeyRotated(Event):
    topic: ClassVar[str] = "vault.data_key.rotated"
    version: int
