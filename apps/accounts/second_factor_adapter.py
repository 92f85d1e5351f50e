"""How allauth keeps what it must keep secret: sealed with a key of ours, never in the clear."""

from __future__ import annotations

import base64
import secrets

from allauth.mfa.adapter import DefaultMFAAdapter
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from apps.accounts.domain.errors import SecondFactorBroken
from apps.core import keyring

KEY, BOUND_TO = "second-factor", b"accounts.second-factor.v1"
NONCE = 12


class SealedMFAAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """AES-256-GCM with the key `second-factor` of the keyring."""

    def encrypt(self, text: str) -> str:
        nonce = secrets.token_bytes(NONCE)
        sealed = AESGCM(keyring.key(KEY)).encrypt(nonce, text.encode(), BOUND_TO)
        return base64.b64encode(nonce + sealed).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """Raises SecondFactorBroken: another key, or a row that was changed."""
        try:
            raw = base64.b64decode(encrypted_text, validate=True)
            clear = AESGCM(keyring.key(KEY)).decrypt(raw[:NONCE], raw[NONCE:], BOUND_TO)
        except (ValueError, InvalidTag) as e:
            raise SecondFactorBroken from e
        return clear.decode()
