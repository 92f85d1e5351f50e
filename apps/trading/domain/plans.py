"""A trade of several legs as a pure state machine: what is to be done next, given the facts.

Sizes are base units, prices quote per base. The machine never looks at a clock or a venue: what
was filled and whether an order is still in flight comes in, one Step goes out. A plan that has
no order in flight and no tradable imbalance is over; one that cannot be brought into balance
within its bounded loss asks for a person (NEEDS_ATTENTION). Nothing else ends a plan.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_CEILING, Decimal
from enum import StrEnum

from apps.core.domain.money import ZERO, floored
from apps.venues.domain.ports import Side


class PlanKind(StrEnum):
    PARALLEL = "PARALLEL"  # inventory on both venues: equal size at once
    SEQUENTIAL = "SEQUENTIAL"  # each leg is sized by what the leg before it filled


class PlanStatus(StrEnum):
    PLANNED = "PLANNED"  # stored and allowed, nothing sent
    EXECUTING = "EXECUTING"  # its legs were claimed
    COMPLETING = "COMPLETING"  # one leg filled more than the other: being completed or unwound
    DONE = "DONE"
    FAILED = "FAILED"  # nothing was filled
    UNWOUND = "UNWOUND"  # what was filled was taken back; the loss is booked
    NEEDS_ATTENTION = "NEEDS_ATTENTION"  # an imbalance is left that we may not close by ourselves
    DENIED = "DENIED"  # by our own gate; never sent


FINAL = frozenset(
    {
        PlanStatus.DONE,
        PlanStatus.FAILED,
        PlanStatus.UNWOUND,
        PlanStatus.NEEDS_ATTENTION,
        PlanStatus.DENIED,
    }
)
ALIVE = frozenset(set(PlanStatus) - FINAL)


class Role(StrEnum):
    """Why an order of a plan exists."""

    OPEN = "OPEN"
    COMPLETE = "COMPLETE"
    UNWIND = "UNWIND"


@dataclass(frozen=True, slots=True, kw_only=True)
class SizeRules:
    """What a venue takes for one symbol. None: the venue states no such rule."""

    quantity_step: Decimal | None = None
    price_step: Decimal | None = None
    min_quantity: Decimal | None = None
    max_quantity: Decimal | None = None
    min_notional: Decimal | None = None

    def tradable(self, quantity: Decimal, price: Decimal) -> Decimal:
        """The largest size up to `quantity` that the venue takes, 0 if none."""
        size = floored(quantity, self.quantity_step) if self.quantity_step else quantity
        if self.max_quantity is not None and size > self.max_quantity:
            size = self.max_quantity
        if self.min_quantity is not None and size < self.min_quantity:
            return ZERO
        if self.min_notional is not None and size * price < self.min_notional:
            return ZERO
        return size

    def price_down(self, price: Decimal) -> Decimal:
        return floored(price, self.price_step) if self.price_step else price

    def price_up(self, price: Decimal) -> Decimal:
        if not self.price_step:
            return price
        steps = (price / self.price_step).to_integral_value(rounding=ROUND_CEILING)
        return steps * self.price_step


@dataclass(frozen=True, slots=True, kw_only=True)
class LegSpec:
    """One leg as it was decided. reference_price is the top of book it was decided on."""

    leg_no: int
    connection_id: int
    venue: str
    symbol: str
    side: Side
    limit_price: Decimal
    reference_price: Decimal
    fee_rate: Decimal  # the account's taker rate as a fraction
    rules: SizeRules


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanIntent:
    """What a strategy wants done. Both legs have the same size."""

    kind: PlanKind
    symbol: str
    base: str
    quote: str
    quantity: Decimal
    legs: tuple[LegSpec, ...]
    expected_net: Decimal  # fraction, after fees and slippage
    expected_profit: Decimal  # quote
    valid_for: timedelta
    max_unwind_loss: Decimal  # fraction of the leg's price
    book_received_ns: int | None = None  # our monotonic clock when the deciding book arrived
    book_ages: tuple[float, ...] = ()  # seconds, by leg

    @property
    def notional(self) -> Decimal:
        """The larger quote value of any leg, at its limit."""
        return max(self.quantity * leg.limit_price for leg in self.legs)


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderFact:
    leg_no: int
    role: Role
    side: Side
    in_flight: bool
    filled: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanFacts:
    kind: PlanKind
    quantity: Decimal
    legs: tuple[LegSpec, ...]
    orders: tuple[OrderFact, ...]
    valid_until: datetime
    last_order_at: datetime
    max_unwind_loss: Decimal


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing to do before `until`; None: before an order in flight is settled."""

    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    leg_no: int
    role: Role
    side: Side
    quantity: Decimal
    limit_price: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Finish:
    status: PlanStatus
    residual: Decimal = ZERO  # base bought and not sold; negative: sold and not bought
    reason: str = ""


Step = Wait | Place | Finish
MAX_COMPLETIONS = 1
UNWIND_PAUSES = (0, 1, 2, 4, 8)  # seconds before each attempt to unwind; their count bounds it


def bought(orders: Iterable[OrderFact]) -> Decimal:
    return sum((o.filled for o in orders if o.side is Side.BUY), ZERO)


def sold(orders: Iterable[OrderFact]) -> Decimal:
    return sum((o.filled for o in orders if o.side is Side.SELL), ZERO)


def next_step(facts: PlanFacts, now: datetime) -> Step:
    """What to do now: wait, place one order, or finish. A pure function of what is known."""
    if any(order.in_flight for order in facts.orders):
        return Wait()
    if following := _following_leg(facts, now):
        return following
    imbalance = bought(facts.orders) - sold(facts.orders)
    if imbalance:
        return _completion(facts, imbalance, now) or _unwind(facts, imbalance, now)
    return Finish(status=_balanced_status(facts.orders))


def _balanced_status(orders: Iterable[OrderFact]) -> PlanStatus:
    legs = [order for order in orders if order.role is not Role.UNWIND]
    if min(bought(legs), sold(legs)):
        return PlanStatus.DONE
    return PlanStatus.UNWOUND if any(order.filled for order in orders) else PlanStatus.FAILED


def _following_leg(facts: PlanFacts, now: datetime) -> Place | None:
    """SEQUENTIAL: the next leg, sized by what the one before it filled."""
    if facts.kind is not PlanKind.SEQUENTIAL or now >= facts.valid_until:
        return None
    started = {order.leg_no for order in facts.orders}
    for before, leg in zip(facts.legs, facts.legs[1:], strict=False):
        if leg.leg_no in started:
            continue
        filled = sum((o.filled for o in facts.orders if o.leg_no == before.leg_no), ZERO)
        size = leg.rules.tradable(filled, leg.limit_price)
        return _place(leg, Role.OPEN, leg.side, size, leg.limit_price) if size else None
    return None


def _completion(facts: PlanFacts, imbalance: Decimal, now: datetime) -> Place | None:
    """The lagging leg once more, at the limit it was decided on: still a profit if it fills."""
    done = sum(1 for order in facts.orders if order.role is Role.COMPLETE)
    if done >= MAX_COMPLETIONS or now >= facts.valid_until:
        return None
    leg = _leg(facts, Side.SELL if imbalance > 0 else Side.BUY)
    size = leg.rules.tradable(abs(imbalance), leg.limit_price)
    return _place(leg, Role.COMPLETE, leg.side, size, leg.limit_price) if size else None


def _unwind(facts: PlanFacts, imbalance: Decimal, now: datetime) -> Step:
    """Take the excess back where it is held, at a bounded loss; give up after some attempts."""
    leg = _leg(facts, Side.BUY if imbalance > 0 else Side.SELL)
    side = Side.SELL if imbalance > 0 else Side.BUY
    limit = unwind_limit(leg, facts.max_unwind_loss)
    size = leg.rules.tradable(abs(imbalance), limit)
    if not size:
        return _dust(facts, imbalance)
    attempts = sum(1 for order in facts.orders if order.role is Role.UNWIND)
    if attempts >= len(UNWIND_PAUSES):
        return Finish(
            status=PlanStatus.NEEDS_ATTENTION, residual=imbalance, reason="UNWIND_EXHAUSTED"
        )
    ready_at = facts.last_order_at + timedelta(seconds=UNWIND_PAUSES[attempts])
    if attempts and now < ready_at:
        return Wait(ready_at)
    return _place(leg, Role.UNWIND, side, size, limit)


def _dust(facts: PlanFacts, imbalance: Decimal) -> Finish:
    """Less than any venue would take. It stays where it is, valued and shown, never hidden."""
    matched = _balanced_status(facts.orders)
    return Finish(status=matched, residual=imbalance, reason="DUST_LEFT")


def unwind_limit(leg: LegSpec, max_loss: Decimal) -> Decimal:
    """The worst price at which a leg may be taken back."""
    if leg.side is Side.BUY:  # sell back what was bought
        return leg.rules.price_up(leg.limit_price * (1 - max_loss))
    return leg.rules.price_down(leg.limit_price * (1 + max_loss))


def _leg(facts: PlanFacts, side: Side) -> LegSpec:
    return next(leg for leg in facts.legs if leg.side is side)


def _place(leg: LegSpec, role: Role, side: Side, size: Decimal, limit: Decimal) -> Place:
    return Place(leg_no=leg.leg_no, role=role, side=side, quantity=size, limit_price=limit)
