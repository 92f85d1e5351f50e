"""A large order in slices over time (TWAP): what is due now. Pure: the time comes in.

The rule after a pause (a restart, a halt, no live book): one slice per interval, whatever was
missed. Nothing is caught up in a burst; the schedule ends later, at most twice its length after
its start, and what is left then is not traded. Slices never exceed the total.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from apps.core.domain.money import ZERO, floored
from apps.trading.domain.groups import tradable
from apps.trading.domain.plans import SizeRules

REFUSALS_IN_A_ROW = 3
LOOK_AGAIN = timedelta(seconds=1)
STRETCH = 2  # times its planned length


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """quantity, filled and under_way in base; under_way: what live slices may still fill."""

    quantity: Decimal
    slices: int
    interval: timedelta
    started_at: datetime
    next_at: datetime
    filled: Decimal = ZERO
    under_way: Decimal = ZERO
    refused_in_a_row: int = 0
    rules: SizeRules = field(default_factory=SizeRules)
    price: Decimal | None = None  # what a slice would trade at; None: no live book
    too_dear: bool = False  # the price is beyond the limit that the whole has


@dataclass(frozen=True, slots=True)
class Later:
    at: datetime


@dataclass(frozen=True, slots=True)
class Slice:
    quantity: Decimal
    next_at: datetime


@dataclass(frozen=True, slots=True)
class Over:
    reason: str  # "": all of it was traded


def slice_size(quantity: Decimal, slices: int, rules: SizeRules) -> Decimal:
    whole = quantity / slices
    return floored(whole, rules.quantity_step) if rules.quantity_step else whole


def next_slice(schedule: Schedule, now: datetime) -> Later | Slice | Over:
    """What to do now. Never a second slice while one may still fill."""
    if now < schedule.next_at:
        return Later(schedule.next_at)
    if schedule.under_way:
        return Later(now + LOOK_AGAIN)
    if (over := _over(schedule, now)) is not None:
        return over
    if schedule.price is None:
        return Later(now + LOOK_AGAIN)
    if schedule.too_dear:
        return Later(now + schedule.interval)
    return Slice(_size(schedule), now + schedule.interval)


def _over(schedule: Schedule, now: datetime) -> Over | None:
    left = schedule.quantity - schedule.filled
    if not tradable(schedule.rules, left, schedule.price):
        return Over("" if schedule.filled else "TOO_SMALL")
    if schedule.refused_in_a_row >= REFUSALS_IN_A_ROW:
        return Over("SLICES_REFUSED")
    late = now >= schedule.started_at + schedule.interval * schedule.slices * STRETCH
    return Over("TIME_OVER") if late else None


def _size(schedule: Schedule) -> Decimal:
    """A slice; what would be too small to trade alone goes with the last one."""
    left = schedule.quantity - schedule.filled
    size = min(slice_size(schedule.quantity, schedule.slices, schedule.rules), left)
    if not tradable(schedule.rules, left - size, schedule.price):
        size = left
    fits = tradable(schedule.rules, size, schedule.price)
    return fits or tradable(schedule.rules, left, schedule.price)
