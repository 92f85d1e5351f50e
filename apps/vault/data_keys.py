"""Clear data keys, kept in this process for a moment only and wiped when they go."""

from __future__ import annotations

import threading
import time
from datetime import datetime

from apps.vault.domain import envelope
from apps.vault.domain.errors import KeyVersionsSpent
from apps.vault.domain.ports import KeyEncryption
from apps.vault.keyring import LocalKeyEncryption
from apps.vault.models import DataKey

KEPT_FOR = 30.0  # seconds
MOST = 256

_guard = threading.Lock()
_kept: dict[int, tuple[float, bytearray]] = {}  # {DataKey.pk: (until, key)}


def key_encryption() -> KeyEncryption:
    """Who keeps the key-encryption keys. A KMS implements the same protocol."""
    return LocalKeyEncryption()


def place(workspace_id: int, version: int) -> tuple[str, ...]:
    """Where a wrapped data key belongs."""
    return ("data-key", str(workspace_id), str(version))


def clear_key(row: DataKey) -> bytes:
    """The data key in clear. Raises SealBroken, KeyLost."""
    now = time.monotonic()
    with _guard:
        _drop(now)
        kept = _kept.get(row.pk)
        if kept is not None:
            return bytes(kept[1])
    fresh = key_encryption().unwrap(bytes(row.wrapped), place=place(row.workspace_id, row.version))
    with _guard:
        _kept[row.pk] = (now + KEPT_FOR, fresh)
        return bytes(fresh)


def create(workspace_id: int, *, version: int, now: datetime) -> DataKey:
    """Store a new data key of the workspace. Raises KeyVersionsSpent."""
    if version > envelope.LAST_VERSION:
        raise KeyVersionsSpent
    keeper, fresh = key_encryption(), envelope.new_key()
    try:
        wrapped = keeper.wrap(fresh, place=place(workspace_id, version))
    finally:
        envelope.wipe(fresh)
    return DataKey.objects.create(
        workspace_id=workspace_id,
        version=version,
        wrapped=wrapped,
        kek_version=keeper.version_of(wrapped),
        created_at=now,
    )


def forget_all() -> None:
    """Wipe every kept key, as after a rotation."""
    with _guard:
        _drop(float("inf"))


def _drop(now: float) -> None:
    stale = [pk for pk, (until, _) in _kept.items() if until <= now]
    if len(_kept) - len(stale) > MOST:
        stale = list(_kept)
    for pk in stale:
        envelope.wipe(_kept.pop(pk)[1])
