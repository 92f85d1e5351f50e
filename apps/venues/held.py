"""What an account held and paid when it was last asked, kept for its page only.

Whoever hears a venue tell (a test, the engine's rounds) leaves it here. Not the books of anybody:
portfolio keeps those. Lost with the cache, and then simply not shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.core.cache import cache

from apps.venues.domain.ports import Balance, Fees

KEPT_FOR = 24 * 3600  # seconds


@dataclass(frozen=True, slots=True)
class Held:
    at: datetime
    balances: list[Balance]


@dataclass(frozen=True, slots=True)
class PaidFees:
    """The account's own rates over the symbols it trades, as fractions (lowest, highest)."""

    maker: tuple[Decimal, Decimal]
    taker: tuple[Decimal, Decimal]


def keep(connection_id: int, balances: Sequence[Balance], *, at: datetime) -> None:
    rows = [[b.asset, str(b.free), str(b.used)] for b in balances if b.total]
    cache.set(_name("held", connection_id), [at.isoformat(), rows], KEPT_FOR)


def kept(connection_id: int) -> Held | None:
    """None: not read yet, or forgotten."""
    found: Any = cache.get(_name("held", connection_id))
    if found is None:
        return None
    at, rows = found
    balances = [Balance(asset=a, free=Decimal(f), used=Decimal(u)) for a, f, u in sorted(rows)]
    return Held(datetime.fromisoformat(at), balances)


def fees_keep(connection_id: int, fees: Sequence[Fees]) -> None:
    if fees:
        sides = ([fee.maker for fee in fees], [fee.taker for fee in fees])
        ends = [[str(min(side)), str(max(side))] for side in sides]
        cache.set(_name("fees", connection_id), ends, KEPT_FOR)


def fees_kept(connection_id: int) -> PaidFees | None:
    found: Any = cache.get(_name("fees", connection_id))
    if found is None:
        return None
    maker, taker = ((Decimal(low), Decimal(high)) for low, high in found)
    return PaidFees(maker, taker)


def forget(connection_id: int) -> None:
    cache.delete_many([_name("held", connection_id), _name("fees", connection_id)])


def _name(what: str, connection_id: int) -> str:
    return f"venues:{what}:{connection_id}"
