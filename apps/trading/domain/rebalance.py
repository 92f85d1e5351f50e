"""Which transfers would bring an inventory back to its wanted shares. Advice only: CRYONEL cannot
withdraw, so a person makes the transfers."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Generic, TypeVar

from apps.core.domain.money import ZERO

Place = TypeVar("Place", bound=Hashable)
LEAST_DRIFT = Decimal("0.15")  # of the whole: smaller drifts cost more in fees than they help


@dataclass(frozen=True, slots=True)
class Move(Generic[Place]):
    """Units of one asset from one place to another."""

    source: Place
    target: Place
    quantity: Decimal


def shares(amounts: Mapping[Place, Decimal]) -> dict[Place, Decimal]:
    """Each place's part of the whole, 0 to 1. An empty whole is shared equally."""
    whole = sum(amounts.values(), ZERO)
    if not whole:
        return {place: Decimal(1) / len(amounts) for place in amounts}
    return {place: amount / whole for place, amount in amounts.items()}


def advise(
    held: Mapping[Place, Decimal],
    wanted: Mapping[Place, Decimal],
    *,
    least: Decimal = LEAST_DRIFT,
) -> list[Move[Place]]:
    """The fewest moves, largest first, that restore the wanted shares of one asset.

    held and wanted have the same places; wanted are shares that sum to 1. Nothing is advised
    while every place is within `least` of the whole. Moves never create or lose a unit.
    """
    whole = sum(held.values(), ZERO)
    excess = {place: held[place] - whole * wanted[place] for place in held}
    if not whole or max(abs(each) for each in excess.values()) < whole * least:
        return []
    moves: list[Move[Place]] = []
    givers = sorted((p for p in excess if excess[p] > 0), key=lambda p: -excess[p])
    takers = sorted((p for p in excess if excess[p] < 0), key=lambda p: excess[p])
    for giver in givers:
        for taker in takers:
            part = min(excess[giver], -excess[taker])
            if part <= 0:
                continue
            moves.append(Move(giver, taker, part))
            excess[giver] -= part
            excess[taker] += part
    return moves
