"""What the vault asks of whoever keeps the key-encryption keys: a keyring file or a KMS."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from apps.vault.domain.envelope import Key


class KeyEncryption(Protocol):
    """Wraps and unwraps data keys; the key-encryption key itself never leaves it."""

    def current(self) -> int:
        """The version that `wrap` uses. Raises KeyLost where keys existed and are gone."""
        ...

    def renew(self) -> int:
        """Make the next version and return it. Older ones keep unwrapping."""
        ...

    def wrap(self, data_key: Key, *, place: Sequence[str]) -> bytes: ...

    def unwrap(self, wrapped: bytes, *, place: Sequence[str]) -> bytearray:
        """Raises SealBroken, KeyLost."""
        ...

    def version_of(self, wrapped: bytes) -> int: ...
