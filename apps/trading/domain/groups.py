"""Orders that belong together, as a pure machine: facts in, actions out.

The law: what exits have sold and what exits at the venue may still sell never exceeds `cover`,
which is what the entry really brought (bracket, after fees taken in base) or the group's own
quantity (OCO). On a spot account two sales cannot lock one balance, so one exit rests at the
venue (the take-profit) and the other waits in the engine (ARMED); when that one is triggered,
the resting one is cancelled and its final fill known before the rest is sent.

Sizes are base units. The machine sees no clock and no venue; running it twice does nothing new.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from apps.core.domain.money import ZERO
from apps.trading.domain.orders import LIVE, SENT, OrderStatus
from apps.trading.domain.plans import SizeRules

EXIT_ATTEMPTS = 6  # each with twice the slippage of the one before
PROFIT_ATTEMPTS = 3  # take-profits that the venue refused; the stop stays armed
AT_VENUE = SENT | {OrderStatus.PLANNED}


class GroupKind(StrEnum):
    OCO = "OCO"  # one cancels the other: a take-profit and a stop for one holding
    BRACKET = "BRACKET"  # an entry, protected by what it filled
    TWAP = "TWAP"  # slices over time
    AMEND = "AMEND"  # an order replaced by one with other terms


class GroupStatus(StrEnum):
    ACTIVE = "ACTIVE"
    CANCELLING = "CANCELLING"  # somebody wants all of it gone; some of it may still be out
    DONE = "DONE"
    CANCELLED = "CANCELLED"
    NEEDS_ATTENTION = "NEEDS_ATTENTION"  # a position is left that could not be closed
    DENIED = "DENIED"


class GroupRole(StrEnum):
    ENTRY = "ENTRY"
    TAKE_PROFIT = "TAKE_PROFIT"
    STOP_LOSS = "STOP_LOSS"
    SLICE = "SLICE"
    OLD = "OLD"
    NEW = "NEW"


OVER = frozenset(set(GroupStatus) - {GroupStatus.ACTIVE, GroupStatus.CANCELLING})
EXITS = frozenset({GroupRole.TAKE_PROFIT, GroupRole.STOP_LOSS})


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupOrder:
    order_id: int
    role: GroupRole
    status: OrderStatus
    quantity: Decimal
    filled: Decimal = ZERO
    brought: Decimal = ZERO  # an entry's fills after fees taken in base: what there is to close
    triggered: bool = False
    cancel_asked: bool = False
    sent: bool = False

    @property
    def live(self) -> bool:
        return self.status in LIVE

    @property
    def out(self) -> Decimal:
        """What the venue may still fill of it."""
        return max(self.quantity - self.filled, ZERO) if self.status in AT_VENUE else ZERO


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupFacts:
    """price judges the least notional that a venue takes; None: not known, then not judged."""

    kind: GroupKind
    status: GroupStatus
    quantity: Decimal
    orders: tuple[GroupOrder, ...]
    rules: SizeRules = field(default_factory=SizeRules)
    price: Decimal | None = None

    def of(self, *roles: GroupRole) -> list[GroupOrder]:
        return [order for order in self.orders if order.role in roles]

    @property
    def cover(self) -> Decimal:
        if self.kind is GroupKind.OCO:
            return self.quantity
        return sum((order.brought for order in self.of(GroupRole.ENTRY)), ZERO)

    @property
    def exited(self) -> Decimal:
        return sum((order.filled for order in self.of(*EXITS)), ZERO)

    @property
    def left(self) -> Decimal:
        """What is still to be closed."""
        return max(self.cover - self.exited, ZERO)

    @property
    def out(self) -> Decimal:
        """What exits at the venue may still fill."""
        return sum((order.out for order in self.of(*EXITS)), ZERO)

    def tradable(self, quantity: Decimal) -> Decimal:
        return tradable(self.rules, quantity, self.price)


@dataclass(frozen=True, slots=True)
class Cancel:
    order_id: int
    reason: str


@dataclass(frozen=True, slots=True)
class Resize:
    """Of an order that the venue does not know yet."""

    order_id: int
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class Arm:
    """HELD to ARMED: the engine waits for its trigger from now on."""

    order_id: int
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class Release:
    """HELD, or ARMED and triggered, to PLANNED: it is sent."""

    order_id: int
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class Place:
    """A further order of a role, with the terms of the ones before; attempt widens its bound."""

    role: GroupRole
    quantity: Decimal
    attempt: int = 0


@dataclass(frozen=True, slots=True)
class Close:
    status: GroupStatus
    reason: str = ""


Action = Cancel | Resize | Arm | Release | Place | Close


def tradable(rules: SizeRules, quantity: Decimal, price: Decimal | None) -> Decimal:
    """The largest size up to `quantity` that the venue takes, 0 if none."""
    if quantity <= 0:
        return ZERO
    known = price if price is not None else Decimal("Infinity")
    return rules.tradable(quantity, known)


def next_actions(facts: GroupFacts) -> list[Action]:
    """What is to be done now. Empty: wait for a fill, a trigger or an answer."""
    if facts.status in OVER:
        return _stragglers(facts)
    if facts.status is GroupStatus.CANCELLING:
        return _cancelling(facts)
    if facts.kind is GroupKind.AMEND:
        return _amend(facts)
    if facts.kind is GroupKind.TWAP:
        return []  # time drives it: see domain.slices
    return _exits(facts)


def _stragglers(facts: GroupFacts) -> list[Action]:
    """A group that is over leaves nothing behind that could still trade."""
    if facts.status in {GroupStatus.NEEDS_ATTENTION, GroupStatus.DENIED}:
        return []
    return [Cancel(o.order_id, "GROUP_OVER") for o in facts.orders if o.live and not o.cancel_asked]


def _cancelling(facts: GroupFacts) -> list[Action]:
    live = [order for order in facts.orders if order.live]
    if not live:
        entered = facts.kind is GroupKind.BRACKET and facts.tradable(facts.left)
        return [Close(GroupStatus.CANCELLED, "POSITION_LEFT" if entered else "CANCELLED")]
    return [Cancel(o.order_id, "GROUP_CANCELLED") for o in live if not o.cancel_asked]


def _amend(facts: GroupFacts) -> list[Action]:
    """The old one is over before the new one exists: never both over the wanted size."""
    old, new = facts.of(GroupRole.OLD)[0], facts.of(GroupRole.NEW)
    if old.live:
        return [] if old.cancel_asked else [Cancel(old.order_id, "AMENDED")]
    if new and new[-1].status is OrderStatus.DENIED:
        return [Close(GroupStatus.CANCELLED, "AMEND_REFUSED")]
    if new:
        return [] if new[-1].live else [Close(GroupStatus.DONE)]
    left = facts.tradable(facts.quantity - old.filled)
    return [Place(GroupRole.NEW, left)] if left else [Close(GroupStatus.DONE, "NOTHING_LEFT")]


def _exits(facts: GroupFacts) -> list[Action]:
    entering = any(order.live for order in facts.of(GroupRole.ENTRY))
    left = facts.left
    if facts.out > left:  # a late fill: what rests must go before more is sold than there is
        return [
            Cancel(o.order_id, "TOO_MUCH") for o in facts.of(*EXITS) if o.out and not o.cancel_asked
        ]
    if not facts.tradable(left) and not facts.out:
        return _wait_or_close(facts, entering=entering)
    if any(order.triggered for order in facts.of(GroupRole.STOP_LOSS)):
        return _stop_out(facts, left)
    return [*_take_profit(facts, left), *_stop_loss(facts, left)]


def _wait_or_close(facts: GroupFacts, *, entering: bool) -> list[Action]:
    """Nothing to close at the moment: while the entry lives, more may come."""
    if entering:
        return []
    live = [order for order in facts.of(*EXITS) if order.live]
    if live:
        reason = "OTHER_FILLED" if facts.exited else "ENTRY_UNFILLED"
        return [Cancel(o.order_id, reason) for o in live if not o.cancel_asked]
    if facts.exited:
        return [Close(GroupStatus.DONE)]
    reason = "ENTRY_UNFILLED" if not facts.cover else "TOO_SMALL_TO_CLOSE"
    return [Close(GroupStatus.DONE if facts.cover else GroupStatus.CANCELLED, reason)]


def _stop_out(facts: GroupFacts, left: Decimal) -> list[Action]:
    """The stop was triggered: all that is left goes, once nothing else could sell it too."""
    others = [o for o in facts.orders if o.role is not GroupRole.STOP_LOSS and o.live]
    asked: list[Action] = [
        Cancel(o.order_id, "STOP_TRIGGERED") for o in others if not o.cancel_asked
    ]
    stops = facts.of(GroupRole.STOP_LOSS)
    if any(o.out or o.status is OrderStatus.HELD for o in others if o.role in EXITS):
        return asked
    if any(o.status in AT_VENUE for o in stops):
        return asked
    if any(o.cancel_asked and not o.live for o in stops if o.triggered):
        return [*asked, Close(GroupStatus.CANCELLED, "STOP_CANCELLED")]
    size = facts.tradable(left)
    waiting = [o for o in stops if o.status is OrderStatus.ARMED]
    if waiting:
        return [*asked, Release(waiting[0].order_id, size)]
    attempts = sum(o.triggered and o.sent for o in stops)
    if attempts >= EXIT_ATTEMPTS:
        return [*asked, Close(GroupStatus.NEEDS_ATTENTION, "EXIT_FAILED")]
    return [*asked, Place(GroupRole.STOP_LOSS, size, attempts)]


def _take_profit(facts: GroupFacts, left: Decimal) -> list[Action]:
    profits = facts.of(GroupRole.TAKE_PROFIT)
    ended = [o for o in profits if not o.live]
    if not profits or any(o.cancel_asked for o in profits):
        return []  # none was wanted, or somebody took it away
    if sum(o.status is OrderStatus.REJECTED for o in ended) >= PROFIT_ATTEMPTS:
        guarded = any(o.live for o in facts.of(GroupRole.STOP_LOSS))
        return [] if guarded else [Close(GroupStatus.NEEDS_ATTENTION, "EXIT_REFUSED")]
    size = facts.tradable(left - facts.out)
    if not size:
        return []
    held = [o for o in profits if o.status is OrderStatus.HELD]
    return [Release(held[0].order_id, size) if held else Place(GroupRole.TAKE_PROFIT, size)]


def _stop_loss(facts: GroupFacts, left: Decimal) -> list[Action]:
    """Its size follows what is left: each fill of the other half makes it smaller."""
    for order in facts.of(GroupRole.STOP_LOSS):
        if order.status is OrderStatus.HELD:
            return [Arm(order.order_id, left)]
        if order.status is OrderStatus.ARMED and order.quantity != left:
            return [Resize(order.order_id, left)]
    if facts.of(GroupRole.TAKE_PROFIT) and not any(o.live for o in facts.of(GroupRole.TAKE_PROFIT)):
        return _unguarded(facts)
    return []


def _unguarded(facts: GroupFacts) -> list[Action]:
    """Both halves were taken away by somebody: the group has nothing left to do."""
    everyone = facts.of(*EXITS)
    if all(o.cancel_asked and not o.live for o in everyone):
        return [Close(GroupStatus.CANCELLED, "EXITS_CANCELLED")]
    return []
