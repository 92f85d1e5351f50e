"""API keys and their secrets: kept beside the journal in a file only the owner may read.

The venue must know a secret to check a signature. Secrets never enter the journal or a log.
"""

from __future__ import annotations

import os
import secrets
import string
from pathlib import Path

import orjson

ALPHABET = string.ascii_letters + string.digits
KEY_LENGTH = 64


class KeyRing:
    """Key to secret, in one file of mode 0600."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._secrets: dict[str, str] = {}
        if path.exists():
            self._secrets = orjson.loads(path.read_bytes())

    def issue(self) -> tuple[str, str]:
        """A new (key, secret), stored before it is told to anybody."""
        key, secret = (_random(KEY_LENGTH) for _ in range(2))
        self._secrets[key] = secret
        self._store()
        return key, secret

    def secret(self, key: str) -> str | None:
        return self._secrets.get(key)

    def forget(self, key: str) -> None:
        if self._secrets.pop(key, None) is not None:
            self._store()

    def _store(self) -> None:
        """Replace the file in one step, so that a crash leaves the old or the new one whole."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        fresh = self.path.with_suffix(".new")
        fresh.unlink(missing_ok=True)
        handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(orjson.dumps(self._secrets))
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self.path)


def _random(length: int) -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(length))
