"""What contradicts a plan when it is counted anew from its fills. Pure: facts in, findings out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from apps.core.domain.errors import gettext_noop
from apps.core.domain.money import booked, plain
from apps.trading.domain.plans import (
    FINAL,
    Finish,
    PlanFacts,
    PlanStatus,
    Wait,
    next_step,
)

STUCK_AFTER = timedelta(minutes=10)
LEGS_UNEVEN = "LEGS_UNEVEN"
ORDERS_LIVE = "ORDERS_LIVE"
FILLS_DIFFER = "FILLS_DIFFER"
RESIDUAL_WRONG = "RESIDUAL_WRONG"
PNL_MISSING = "PNL_MISSING"
PLAN_STUCK = "PLAN_STUCK"
ORDER_WITHOUT_PLAN = "order_without_plan"
TEXTS = {
    LEGS_UNEVEN: gettext_noop("The legs do not match: {left} is left, and the trade was closed."),
    ORDERS_LIVE: gettext_noop("The trade was closed while {count} of its orders were still open."),
    FILLS_DIFFER: gettext_noop("{count} of its orders say another size than their fills."),
    RESIDUAL_WRONG: gettext_noop("{told} was noted as left over, its fills say {found}."),
    PNL_MISSING: gettext_noop("The trade was closed without a profit or loss."),
    PLAN_STUCK: gettext_noop("Nothing has moved since {since}, and the trade is not closed."),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanBooks:
    """A plan as it was booked, beside the facts that its fills tell.

    facts count every order by its fills; differing is how many orders say something else.
    """

    status: PlanStatus
    residual: Decimal
    has_pnl: bool
    opened_at: datetime
    differing: int
    facts: PlanFacts


@dataclass(frozen=True, slots=True)
class Finding:
    kind: str
    detail: Mapping[str, str] = field(default_factory=dict)


def findings(books: PlanBooks, now: datetime) -> list[Finding]:
    """Everything that does not fit, worst first."""
    found = []
    if books.differing:
        found.append(Finding(FILLS_DIFFER, {"count": str(books.differing)}))
    if books.status in FINAL:
        found += _of_a_closed_plan(books, now)
    elif _moved_at(books) < now - STUCK_AFTER and not _in_flight(books):
        found.append(Finding(PLAN_STUCK, {"since": _moved_at(books).isoformat()}))
    return found


def _of_a_closed_plan(books: PlanBooks, now: datetime) -> list[Finding]:
    found = []
    live = _in_flight(books)
    if live:
        found.append(Finding(ORDERS_LIVE, {"count": str(live)}))
    elif _uneven(books, now):
        left = ", ".join(
            f"{plain(amount)} {asset}" for asset, amount in books.facts.exposures.items()
        )
        found.append(Finding(LEGS_UNEVEN, {"left": left}))
    if not books.has_pnl:
        found.append(Finding(PNL_MISSING))
    step = next_step(books.facts, now)
    if not live and isinstance(step, Finish) and booked(step.residual) != books.residual:
        figures = {"told": plain(books.residual), "found": plain(step.residual)}
        found.append(Finding(RESIDUAL_WRONG, figures))
    return found


def _uneven(books: PlanBooks, now: datetime) -> bool:
    """The machine would go on: it would place an order, wait to, or ask for a person."""
    step = next_step(books.facts, now)
    if isinstance(step, Finish):
        asks = step.status is PlanStatus.NEEDS_ATTENTION
        return asks and books.status is not PlanStatus.NEEDS_ATTENTION
    return not isinstance(step, Wait) or step.until is not None


def _in_flight(books: PlanBooks) -> int:
    return sum(1 for order in books.facts.orders if order.in_flight)


def _moved_at(books: PlanBooks) -> datetime:
    return max(books.opened_at, books.facts.last_order_at)
