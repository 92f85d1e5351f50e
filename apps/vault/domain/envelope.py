"""AES-256-GCM envelopes. Pure: bytes and names in, bytes out.

An envelope is

    byte  0       format, 1
    byte  1       version of the key that sealed it, 1..255
    bytes 2..13   nonce, random
    bytes 14..    ciphertext and its 16-byte tag

and opens only with the same place as additional data: who owns it, which record and field it is,
and which key version sealed it. So a ciphertext copied to another owner, row, field or version
does not open. The parts of the place are length-prefixed: ("ab", "c") is not ("a", "bc").
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from apps.vault.domain.errors import KeyVersionsSpent, SealBroken

FORMAT = 1
NONCE = 12
TAG = 16
HEAD = 2 + NONCE
KEY = 32
LAST_VERSION = 255
DOMAIN = b"cryonel.vault.1"

Key = bytes | bytearray


def new_key() -> bytearray:
    """32 random bytes in a buffer that its user can wipe."""
    return bytearray(secrets.token_bytes(KEY))


def seal(clear: Key, *, key: Key, version: int, place: Sequence[str]) -> bytes:
    """The envelope of `clear` at `place`. Raises KeyVersionsSpent past version 255."""
    if not 1 <= version <= LAST_VERSION:
        raise KeyVersionsSpent
    nonce = secrets.token_bytes(NONCE)
    head = bytes((FORMAT, version)) + nonce
    return head + AESGCM(key).encrypt(nonce, bytes(clear), _binding(version, place))


def unseal(sealed: bytes, *, key: Key, version: int, place: Sequence[str]) -> bytearray:
    """What was sealed, in a wipeable buffer. Raises SealBroken, whatever does not fit."""
    if version_of(sealed) != version:
        raise SealBroken
    nonce, body = sealed[2:HEAD], sealed[HEAD:]
    try:
        return bytearray(AESGCM(key).decrypt(nonce, body, _binding(version, place)))
    except InvalidTag as e:
        raise SealBroken from e


def version_of(sealed: bytes) -> int:
    """The key version in the envelope's head. Raises SealBroken for anything else."""
    if len(sealed) < HEAD + TAG or sealed[0] != FORMAT:
        raise SealBroken
    return sealed[1]


def wipe(buffer: bytearray) -> None:
    """Overwrite with zeros. Best effort: Python may have made copies."""
    for at in range(len(buffer)):
        buffer[at] = 0


def _binding(version: int, place: Sequence[str]) -> bytes:
    parts = [DOMAIN, bytes((FORMAT, version)), *(part.encode() for part in place)]
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)
