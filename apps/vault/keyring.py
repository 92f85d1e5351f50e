"""The local key-encryption keys: versions in the keyring folder, or given as secrets.

Version n is the file `vault_kek_<n>.key` of the keyring, or the Docker secret or variable
`CRYONEL_KEY_VAULT_KEK_<n>`. The highest one there wraps; all of them unwrap. A deployment with
several hosts puts the new version on each host first and then runs `manage.py vault_rotate`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from apps.core import keyring
from apps.vault.domain import envelope
from apps.vault.domain.envelope import Key
from apps.vault.domain.errors import KeyLost, KeyVersionsSpent
from apps.vault.models import DataKey
from cryonel.secrets import lookup

FILE = re.compile(r"vault_kek_([1-9][0-9]{0,2})\.key")


class LocalKeyEncryption:
    """`KeyEncryption` on `core.keyring`."""

    def current(self) -> int:
        found = _versions()
        if found:
            return max(found)
        if DataKey.objects.exists():  # never answer a lost keyring with a fresh key
            raise KeyLost(version=DataKey.objects.latest("kek_version").kek_version)
        keyring.key(_name(1))
        return 1

    def renew(self) -> int:
        version = self.current() + 1
        if version > envelope.LAST_VERSION:
            raise KeyVersionsSpent
        keyring.key(_name(version))
        return version

    def wrap(self, data_key: Key, *, place: Sequence[str]) -> bytes:
        version = self.current()
        return envelope.seal(data_key, key=_key(version), version=version, place=place)

    def unwrap(self, wrapped: bytes, *, place: Sequence[str]) -> bytearray:
        version = envelope.version_of(wrapped)
        return envelope.unseal(wrapped, key=_key(version), version=version, place=place)

    def version_of(self, wrapped: bytes) -> int:
        return envelope.version_of(wrapped)


def _name(version: int) -> str:
    return f"vault_kek_{version}"


def _versions() -> set[int]:
    files = (FILE.fullmatch(path.name) for path in keyring.folder().glob("vault_kek_*.key"))
    found = {int(match[1]) for match in files if match}
    given = max(found, default=0) + 1  # secrets carry on where the files end
    while lookup(f"CRYONEL_KEY_{_name(given).upper()}"):
        found.add(given)
        given += 1
    return found


def _key(version: int) -> bytes:
    if version not in _versions():
        raise KeyLost(version=version)
    return keyring.key(_name(version))
