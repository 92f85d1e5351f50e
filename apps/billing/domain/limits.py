"""What a plan allows. Data, not branches: every limit of the ladder stands in one table."""

from __future__ import annotations

from dataclasses import dataclass, fields
from decimal import Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """None means without limit."""

    api_requests_per_hour: int
    connections: int | None
    running_bots: int | None
    pairs_per_bot: int | None
    paper_trading: bool
    live_execution: bool
    priority_queue: bool


LIMIT_NAMES = tuple(field.name for field in fields(Limits))


@dataclass(frozen=True, slots=True)
class PlanSeed:
    """A row of the ladder as it is sold; the price is per month in EUR."""

    code: str
    name: str
    price: Decimal
    rank: int
    limits: Limits


def _limits(
    quota: int,
    connections: int | None,
    bots: int | None,
    pairs: int | None,
    *,
    live: bool = False,
    priority: bool = False,
) -> Limits:
    return Limits(
        api_requests_per_hour=quota,
        connections=connections,
        running_bots=bots,
        pairs_per_bot=pairs,
        paper_trading=True,
        live_execution=live,
        priority_queue=priority,
    )


LADDER: tuple[PlanSeed, ...] = (
    PlanSeed("free", "Free", Decimal(0), 10, _limits(100, 2, 1, 3)),
    PlanSeed("plus", "Plus", Decimal("9.99"), 20, _limits(1_000, 5, 2, 5)),
    PlanSeed("pro", "Pro", Decimal("19.99"), 30, _limits(10_000, 12, 5, 10)),
    PlanSeed("power", "Power", Decimal("49.99"), 40, _limits(100_000, None, 20, 30)),
    PlanSeed("standard", "Standard", Decimal(200), 50, _limits(10_000, None, 20, 30, live=True)),
    PlanSeed(
        "pro_trader",
        "Pro Trader",
        Decimal(500),
        60,
        _limits(100_000, None, None, None, live=True, priority=True),
    ),
)
