"""What a strategy is given and gives back. All of it pure data."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from apps.markets.domain.spreads import Level
from apps.trading.domain.decisions import Decision
from apps.trading.domain.plans import PlanIntent, SizeRules
from apps.trading.domain.risk import Caps


@dataclass(frozen=True, slots=True, kw_only=True)
class BookTick:
    """A book of this symbol changed."""

    symbol: str
    venue: str
    received_ns: int  # time.monotonic_ns() when its bytes arrived
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueFacts:
    """One connection as the strategy may see it. None: not known, which is never zero.

    Levels best first; book_age in seconds; free balances after all reservations.
    """

    connection_id: int
    venue: str
    bids: Sequence[Level]
    asks: Sequence[Level]
    book_age: float | None
    taker_fee: Decimal | None
    rules: SizeRules | None
    free_base: Decimal | None
    free_quote: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BotFacts:
    """What the bot did lately; loss_day is positive for a loss, quote units."""

    open_plans: int = 0
    plans_hour: int = 0
    plans_day: int = 0
    loss_day: Decimal = Decimal(0)
    last_failure_at: datetime | None = None
    busy_symbols: frozenset[str] = frozenset()  # pairs with an open plan
    churned: Mapping[str, tuple[int, datetime]] = field(default_factory=dict)
    """Pairs that failed too often within an hour: (failures, when the pause ends)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    now: datetime
    venues: tuple[VenueFacts, ...]
    bot: BotFacts


Outcome = tuple[Any, list[PlanIntent], list[Decision]]


@dataclass(frozen=True, slots=True, kw_only=True)
class StrategyType:
    """A strategy as the platform knows it. label and summary are marked for translation."""

    code: str
    label: str
    summary: str
    params_type: type[Any]
    start: Any
    on_event: Callable[[Any, BookTick, Any, Facts], Outcome]
    symbols: Callable[[Any], tuple[str, ...]]
    caps: Callable[[Any], Caps]
    check: Callable[[Any, Mapping[int, str]], None]  # params and {connection id: venue}
