"""A trade of several legs as a pure state machine: what is to be done next, given the facts.

Sizes are base units, prices quote per base. The machine never looks at a clock or a venue: what
was filled and whether an order is still in flight comes in, one Step goes out. A plan that has
no order in flight and no tradable exposure is over; one that cannot be brought into balance
within its bounded loss asks for a person (NEEDS_ATTENTION). Nothing else ends a plan.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from apps.core.domain.money import ZERO
from apps.trading.domain.legs import (
    LegSpec,
    OrderFact,
    Role,
    SizeRules,
    assets_of,
    bought,
    exposures,
    matched,
    sold,
)
from apps.venues.domain.ports import Side

__all__ = [
    "LegSpec", "OrderFact", "PlanFacts", "PlanIntent", "PlanKind", "PlanStatus", "Role",
    "SizeRules", "bought", "next_step", "sold",
]  # fmt: skip


class PlanKind(StrEnum):
    PARALLEL = "PARALLEL"  # inventory on every venue: all legs at once
    SEQUENTIAL = "SEQUENTIAL"  # each leg is sized by what the legs before it filled


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


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanIntent:
    """What a strategy wants done. A leg's size is quantity times its ratio.

    home are the assets that the plan starts from and ends in; empty: the quote.
    """

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
    home: tuple[str, ...] = ()

    @property
    def notional(self) -> Decimal:
        """The larger quote value of any leg that is priced in the plan's quote, at its limit."""
        priced = [leg for leg in self.legs if assets_of(leg.symbol)[1] == self.quote]
        return max(self.quantity * leg.ratio * leg.limit_price for leg in priced or self.legs)

    @property
    def homes(self) -> frozenset[str]:
        return frozenset(self.home or (self.quote,))


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanFacts:
    """orders in the order they were made; of the first `forgiven` no attempt counts any more.

    stopped: nothing may open exposure now (a halt, or its bot no longer runs); what takes exposure
    off still goes out.
    """

    kind: PlanKind
    quantity: Decimal
    legs: tuple[LegSpec, ...]
    orders: tuple[OrderFact, ...]
    valid_until: datetime
    last_order_at: datetime
    max_unwind_loss: Decimal
    home: frozenset[str] = frozenset()
    forgiven: int = 0
    stopped: bool = False

    @property
    def homes(self) -> frozenset[str]:
        """Without a word about it: what the first leg's market is priced in."""
        return self.home or frozenset({assets_of(self.legs[0].symbol)[1]})

    @property
    def in_sequence(self) -> bool:
        return self.kind is PlanKind.SEQUENTIAL

    @property
    def exposures(self) -> dict[str, Decimal]:
        """In a sequence a fee taken from what was received leaves less to give on."""
        return exposures(self.legs, self.orders, self.homes, with_fees=self.in_sequence)

    @property
    def open_until(self) -> datetime:
        """A leg that rested is hedged by its real fill for a while after it was cancelled."""
        rested = any(leg.rests for leg in self.legs)
        return self.valid_until + HEDGE_WITHIN if rested else self.valid_until


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


@dataclass(frozen=True, slots=True)
class Cancel:
    """The resting order of this leg has had its time: ask the venue to take it back."""

    leg_no: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Finish:
    """residual is what is left of the first leg's base; residuals of every asset."""

    status: PlanStatus
    residual: Decimal = ZERO  # base bought and not sold; negative: sold and not bought
    reason: str = ""
    residuals: Mapping[str, Decimal] = field(default_factory=dict, compare=False)


Step = Wait | Place | Cancel | Finish
MAX_COMPLETIONS = 1  # of each leg
UNWIND_PAUSES = (0, 1, 2, 4, 8)  # seconds before each attempt to unwind; their count bounds it
HEDGE_WITHIN = timedelta(seconds=10)
ALREADY_FLAT = "ALREADY_FLAT"


def next_step(facts: PlanFacts, now: datetime) -> Step:
    """What to do now: wait, cancel, place one order, or finish. Pure: of what is known."""
    if any(order.in_flight for order in facts.orders):
        return _waiting(facts, now)
    if following := _following_leg(facts, now):
        return following
    reasons: list[str] = []
    for asset, net in facts.exposures.items():
        step = _completion(facts, asset, net, now) or _unwind(facts, asset, net, now)
        if not isinstance(step, str):
            return step
        reasons.append(step)
    reason = ALREADY_FLAT if ALREADY_FLAT in reasons else "".join(reasons[:1])
    return _finish(facts, _ended(facts), reason)


def _waiting(facts: PlanFacts, now: datetime) -> Wait | Cancel:
    resting = [o for o in facts.orders if o.in_flight and o.rests and not o.cancelling]
    if not resting:
        return Wait()
    return Cancel(resting[0].leg_no) if now >= facts.valid_until else Wait(facts.valid_until)


def _ended(facts: PlanFacts) -> PlanStatus:
    opened = [order for order in facts.orders if order.role is not Role.UNWIND]
    if matched(facts.legs, opened, facts.homes):
        return PlanStatus.DONE
    filled = any(order.filled for order in facts.orders)
    return PlanStatus.UNWOUND if filled else PlanStatus.FAILED


def _finish(facts: PlanFacts, status: PlanStatus, reason: str) -> Finish:
    left = facts.exposures
    base = assets_of(facts.legs[0].symbol)[0]
    return Finish(status=status, residual=left.get(base, ZERO), reason=reason, residuals=left)


def _following_leg(facts: PlanFacts, now: datetime) -> Place | None:
    """SEQUENTIAL: the next leg, sized by what flowed: it gives on what the legs before received,
    or takes back what they gave."""
    if not facts.in_sequence or now >= facts.open_until:
        return None
    started = {order.leg_no for order in facts.orders}
    leg = next((leg for leg in facts.legs if leg.leg_no not in started), None)
    if leg is None:
        return None
    size = leg.rules.tradable(_followed(facts, leg, started), leg.limit_price)
    if not size or (facts.stopped and not reduces(facts, leg, size)):
        return None
    return _place(leg, Role.OPEN, leg.side, size, leg.limit_price)


def reduces(facts: PlanFacts, leg: LegSpec, size: Decimal) -> bool:
    """Whether a leg, filled at its limit, leaves the plan no more exposed in any asset and less
    in one: it hedges what other legs filled, and goes out even under a halt."""
    before = facts.exposures
    base, quote = assets_of(leg.symbol)
    sign = 1 if leg.side is Side.BUY else -1
    moved = {base: sign * size, quote: -sign * size * leg.limit_price}
    exposed = {asset: flow for asset, flow in moved.items() if asset not in facts.homes}
    changes = [
        abs(before.get(asset, ZERO) + flow) - abs(before.get(asset, ZERO))
        for asset, flow in exposed.items()
    ]
    return bool(changes) and max(changes) <= 0 and min(changes) < 0


def _followed(facts: PlanFacts, leg: LegSpec, started: set[int]) -> Decimal:
    """The size of an asset's share that this leg has among the legs still to come."""
    left = facts.exposures
    holding, owing = left.get(leg.gives, ZERO), -left.get(leg.gets, ZERO)
    asset, amount = (leg.gives, holding) if holding > 0 else (leg.gets, owing)
    if amount <= 0:
        return ZERO
    alike = [each for each in facts.legs if each.leg_no not in started and _moves(each, leg, asset)]
    share = leg.ratio / sum((each.ratio for each in alike), ZERO)
    return leg.size_of(asset, amount * share, leg.limit_price)


def _moves(one: LegSpec, other: LegSpec, asset: str) -> bool:
    return asset == (one.gives if asset == other.gives else one.gets)


def _completion(facts: PlanFacts, asset: str, net: Decimal, now: datetime) -> Place | None:
    """The lagging leg once more, at the limit it was decided on: still a profit if it fills."""
    done = [order.leg_no for order in facts.orders if order.role is Role.COMPLETE]
    if len(done) >= MAX_COMPLETIONS * (len(facts.legs) - 1) or now >= facts.open_until:
        return None
    closing = [leg for leg in facts.legs if asset == (leg.gives if net > 0 else leg.gets)]
    left = {leg.leg_no: facts.quantity * leg.ratio - _opened(facts, leg) for leg in closing}
    able = [leg for leg in closing if done.count(leg.leg_no) < MAX_COMPLETIONS]
    able = [leg for leg in able if not _was_unwound(facts, leg)]
    if not able:
        return None
    leg = max(able, key=lambda each: left[each.leg_no])
    size = leg.size_of(asset, abs(net), leg.limit_price)
    if len(closing) > 1:
        size = min(size, left[leg.leg_no])
    size = leg.rules.tradable(size, leg.limit_price)
    if not size or (facts.stopped and not reduces(facts, leg, size)):
        return None
    return _place(leg, Role.COMPLETE, leg.side, size, leg.limit_price)


def _opened(facts: PlanFacts, leg: LegSpec) -> Decimal:
    """What a leg filled, less what was taken back of it."""
    mine = [order for order in facts.orders if order.leg_no == leg.leg_no]
    signed = bought(mine) - sold(mine)
    return signed if leg.side is Side.BUY else -signed


def _was_unwound(facts: PlanFacts, leg: LegSpec) -> bool:
    return any(o.role is Role.UNWIND and o.leg_no == leg.leg_no for o in facts.orders)


def _unwind(facts: PlanFacts, asset: str, net: Decimal, now: datetime) -> Step | str:
    """Take the excess back where it is held, at a bounded loss; give up after some attempts.

    A str is why nothing more is to be done about this asset: dust, or the venue holds nothing.
    """
    tries = _attempts(facts, asset)
    leg, side = _way_back(facts, asset, net, len(tries))
    limit = closing_limit(leg, side, facts.max_unwind_loss)
    size = leg.rules.tradable(leg.size_of(asset, abs(net), limit), limit)
    if not size:
        return "DUST_LEFT"  # it stays where it is, valued and shown, never hidden
    held = _held(facts, leg, tries, size)
    if held is not None:
        size = leg.rules.tradable(min(size, leg.size_of(asset, held, limit)), limit)
        if not size:
            return ALREADY_FLAT
    whole = [o for o in facts.orders[facts.forgiven :] if o.role is Role.UNWIND]
    if len(tries) >= len(UNWIND_PAUSES) or len(whole) >= len(UNWIND_PAUSES) * (len(facts.legs) - 1):
        return _finish(facts, PlanStatus.NEEDS_ATTENTION, "UNWIND_EXHAUSTED")
    ready_at = facts.last_order_at + timedelta(seconds=UNWIND_PAUSES[len(tries)])
    if tries and now < ready_at:
        return Wait(ready_at)
    return _place(leg, Role.UNWIND, side, size, limit)


def _held(facts: PlanFacts, leg: LegSpec, tries: list[OrderFact], size: Decimal) -> Decimal | None:
    """What the venue held when it refused the last attempt; None: it did not, or is not known.

    It speaks of that attempt's account, and only while no later fill has added to the excess.
    """
    if not tries or tries[-1].held is None or size > tries[-1].quantity:
        return None
    tried = next(each for each in facts.legs if each.leg_no == tries[-1].leg_no)
    alike = (tried.connection_id, assets_of(tried.symbol)[0])
    return tries[-1].held if alike == (leg.connection_id, assets_of(leg.symbol)[0]) else None


def _attempts(facts: PlanFacts, asset: str) -> list[OrderFact]:
    """The unwinding orders that were about this asset: they gave it, or bought it for home."""
    specs = {leg.leg_no: leg for leg in facts.legs}
    found = []
    for order in facts.orders[facts.forgiven :]:
        leg = specs[order.leg_no]
        given = order.gives(leg)
        about = {given} if given not in facts.homes else set(assets_of(leg.symbol)) - {given}
        if order.role is Role.UNWIND and asset in about:
            found.append(order)
    return found


def _way_back(facts: PlanFacts, asset: str, net: Decimal, tries: int) -> tuple[LegSpec, Side]:
    """The market and side that undo an excess: the leg that brought it, turned round; every other
    time, where the asset is held, a leg of the plan that leads straight home."""
    came = [leg for leg in facts.legs if asset == (leg.gets if net > 0 else leg.gives)]
    leg = max(came, key=lambda each: _opened(facts, each))
    ahead = [
        each
        for each in facts.legs
        if net > 0 and each.gives == asset and each.gets in facts.homes
        if each.connection_id == leg.connection_id and each.leg_no != leg.leg_no
    ]
    if ahead and tries % 2 == 0:
        return ahead[0], ahead[0].side
    return leg, Side.SELL if leg.side is Side.BUY else Side.BUY


def closing_limit(leg: LegSpec, side: Side, max_loss: Decimal) -> Decimal:
    """The worst price at which what is left may be closed in a leg's market."""
    if side is Side.SELL:
        return leg.rules.price_up(leg.limit_price * (1 - max_loss))
    return leg.rules.price_down(leg.limit_price * (1 + max_loss))


def _place(leg: LegSpec, role: Role, side: Side, size: Decimal, limit: Decimal) -> Place:
    return Place(leg_no=leg.leg_no, role=role, side=side, quantity=size, limit_price=limit)
