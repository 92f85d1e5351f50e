"""Decided legs as JSON and back: what a plan was decided on, kept with it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields
from decimal import Decimal
from typing import Any

from apps.trading.domain.plans import LegSpec, SizeRules
from apps.venues.domain.ports import Side, TimeInForce

_RULES = tuple(each.name for each in fields(SizeRules))


def legs_dump(legs: Iterable[LegSpec]) -> list[dict[str, Any]]:
    """Amounts as text, so that nothing is rounded on the way."""
    return [
        {
            "leg_no": leg.leg_no,
            "connection_id": leg.connection_id,
            "venue": leg.venue,
            "symbol": leg.symbol,
            "side": leg.side.value,
            "limit_price": str(leg.limit_price),
            "reference_price": str(leg.reference_price),
            "fee_rate": str(leg.fee_rate),
            "ratio": str(leg.ratio),
            "time_in_force": leg.time_in_force.value,
            "rules": {
                name: None if (value := getattr(leg.rules, name)) is None else str(value)
                for name in _RULES
            },
        }
        for leg in legs
    ]


def legs_load(stored: Iterable[Mapping[str, Any]]) -> tuple[LegSpec, ...]:
    """Plans of before legs had a ratio are read as they were meant: one to one, filled at once."""
    return tuple(
        LegSpec(
            leg_no=leg["leg_no"],
            connection_id=leg["connection_id"],
            venue=leg["venue"],
            symbol=leg["symbol"],
            side=Side(leg["side"]),
            limit_price=Decimal(leg["limit_price"]),
            reference_price=Decimal(leg["reference_price"]),
            fee_rate=Decimal(leg["fee_rate"]),
            rules=rules_load(leg["rules"]),
            ratio=Decimal(leg.get("ratio", "1")),
            time_in_force=TimeInForce(leg.get("time_in_force", "IOC")),
        )
        for leg in stored
    )


def rules_load(stored: Mapping[str, str | None]) -> SizeRules:
    return SizeRules(
        **{name: None if (text := stored[name]) is None else Decimal(text) for name in _RULES}
    )
