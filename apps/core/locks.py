"""Platform-wide locks. Each relay (event numbers, audit seals) runs alone, whoever starts it."""

from __future__ import annotations

import hashlib

from django.db import connection


def _number(name: str) -> int:
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big", signed=True)


def alone(name: str) -> None:
    """Wait for and hold the named advisory lock until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_number(name)])


def alone_or_skip(name: str) -> bool:
    """The same without waiting: False when somebody else holds it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_number(name)])
        return bool(cursor.fetchone()[0])
