"""Do balances say what the executions between two answers say? Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from apps.core.domain.money import ZERO

DUST = Decimal("0.00000001")  # a venue may round each figure it tells
SHARE = Decimal("0.0000001")


@dataclass(frozen=True, slots=True)
class Flow:
    """Executions of one side of a symbol, added up. None: a price or fee is not known."""

    symbol: str
    side: str
    quantity: Decimal
    notional: Decimal | None
    fee_asset: str
    fee: Decimal | None


def expected(before: Mapping[str, Decimal], flows: Iterable[Flow]) -> dict[str, Decimal] | None:
    """Totals after these executions; None where one of them does not say what it cost."""
    totals = defaultdict(Decimal, before)
    for flow in flows:
        if flow.notional is None or flow.fee is None:
            return None
        base, _, quote = flow.symbol.partition("/")
        sign = 1 if flow.side == "buy" else -1
        totals[base] += sign * flow.quantity
        totals[quote] -= sign * flow.notional
        if flow.fee_asset:
            totals[flow.fee_asset] -= flow.fee
    return dict(totals)


def unexplained(
    expected_totals: Mapping[str, Decimal], after: Mapping[str, Decimal]
) -> dict[str, Decimal]:
    """{asset: what came in (or went out, negative) beside our executions}."""
    moves = {}
    for asset in sorted(set(expected_totals) | set(after)):
        was, now = expected_totals.get(asset, ZERO), after.get(asset, ZERO)
        if abs(now - was) > max(DUST, abs(was) * SHARE):
            moves[asset] = now - was
    return moves


def short(needed: Mapping[str, Decimal], totals: Mapping[str, Decimal]) -> dict[str, Decimal]:
    """{asset: by how much less is held than reserved orders may take}."""
    return {
        asset: amount - totals.get(asset, ZERO)
        for asset, amount in sorted(needed.items())
        if amount > totals.get(asset, ZERO) + DUST
    }
