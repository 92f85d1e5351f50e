"""Read a credentials file of an older installation: Fernet tokens in JSON. Pure.

The file is a list of {"category", "name", "value"}. A value that starts with gAAAAAB is a Fernet
token and is decrypted; anything else is plain text, taken only when the caller says so. All or
nothing: one bad row refuses the file, and a problem names rows, never values.
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass, field

from cryptography.fernet import Fernet, InvalidToken

from apps.vault.domain.errors import ImportUnreadable

CATEGORIES = ("wallet", "exchange", "api", "notification", "rpc")
PREFIX = "gAAAAAB"
LONGEST = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    category: str
    name: str
    value: str = field(repr=False)

    @property
    def record(self) -> str:
        """Its name in the vault."""
        return f"imported:{self.category}:{self.name}"


def credentials_read(text: str, *, key: str, plain_allowed: bool) -> list[Credential]:
    """Every credential of the file in clear. Raises ImportUnreadable."""
    fernet = _fernet(key)
    try:
        rows = json.loads(text)
    except ValueError as e:
        raise ImportUnreadable(problem="it is not JSON") from e
    if not isinstance(rows, list):
        raise ImportUnreadable(problem="it is not a list")
    found = [
        _credential(number, row, fernet, plain_allowed) for number, row in enumerate(rows, start=1)
    ]
    records = [credential.record for credential in found]
    twice = sorted({record for record in records if records.count(record) > 1})
    if twice:
        raise ImportUnreadable(problem=f"these stand in it twice: {', '.join(twice)}")
    return found


def _credential(number: int, row: object, fernet: Fernet, plain_allowed: bool) -> Credential:
    if not isinstance(row, dict) or not all(
        isinstance(row.get(name), str) for name in ("category", "name", "value")
    ):
        raise ImportUnreadable(problem=f"row {number} lacks category, name or value")
    category, name = row["category"], row["name"].strip()
    if category not in CATEGORIES:
        raise ImportUnreadable(problem=f"row {number} is of no known category")
    if not name or len(name) > LONGEST:
        raise ImportUnreadable(problem=f"row {number} has no usable name")
    return Credential(
        category=category, name=name, value=_value(number, row["value"], fernet, plain_allowed)
    )


def _value(number: int, value: str, fernet: Fernet, plain_allowed: bool) -> str:
    if not value.startswith(PREFIX):
        if not plain_allowed:
            raise ImportUnreadable(problem=f"row {number} is not encrypted")
        return value
    try:
        return fernet.decrypt(value.encode()).decode()
    except (InvalidToken, UnicodeDecodeError):
        raise ImportUnreadable(problem=f"row {number} does not open with this key") from None


def _fernet(key: str) -> Fernet:
    """The key as Fernet writes it (44 characters), or 32 raw bytes in any base64."""
    try:
        raw = base64.urlsafe_b64decode(key.strip().replace("+", "-").replace("/", "_"))
        return Fernet(base64.urlsafe_b64encode(raw))
    except (ValueError, binascii.Error):
        raise ImportUnreadable(problem="the key file does not hold a 32-byte key") from None
