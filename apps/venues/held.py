"""What a connection held when it was last asked, kept for its page only.

Not the books of anybody: portfolio keeps those. Lost with the cache, and then simply not shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from django.core.cache import cache

from apps.venues.domain.ports import Balance

KEPT_FOR = 24 * 3600  # seconds


def keep(connection_id: int, balances: Sequence[Balance]) -> None:
    rows = [[b.asset, str(b.free), str(b.used)] for b in balances if b.total]
    cache.set(_name(connection_id), rows, KEPT_FOR)


def kept(connection_id: int) -> list[Balance] | None:
    """None: not read yet, or forgotten."""
    rows = cache.get(_name(connection_id))
    if rows is None:
        return None
    return [Balance(asset=a, free=Decimal(f), used=Decimal(u)) for a, f, u in sorted(rows)]


def forget(connection_id: int) -> None:
    cache.delete(_name(connection_id))


def _name(connection_id: int) -> str:
    return f"venues:held:{connection_id}"
