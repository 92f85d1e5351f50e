"""What the machine of grouped orders sees and what it may say. Sizes are base units.

A stop is native where the venue itself waits for its trigger; then it protects while nothing of
ours runs. `domain.groups` says when it does.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from apps.core.domain.money import ZERO
from apps.trading.domain.orders import LIVE, SENT, OrderStatus
from apps.trading.domain.plans import SizeRules

REPLACED = "REPLACED"  # more of the entry filled
PROFIT_REACHED = "PROFIT_REACHED"
TOO_MUCH = "TOO_MUCH"
OWN_REASONS = frozenset({REPLACED, PROFIT_REACHED, TOO_MUCH})  # another one follows
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
    triggered: bool = False  # its price was reached; of a native stop a fill says so too
    cancel_asked: bool = False
    replaced: bool = False  # the group itself asked for its end, to place another
    sent: bool = False
    native: bool = False  # the venue waits for its trigger, or will once it is sent there

    @property
    def live(self) -> bool:
        return self.status in LIVE

    @property
    def withdrawn(self) -> bool:
        """Somebody does not want it any more."""
        return self.cancel_asked and not self.replaced

    @property
    def failed(self) -> bool:
        """A native stop that the venue refused, or ended unasked and unfilled."""
        ended = not self.live and self.sent and not self.cancel_asked
        return self.native and ended and not self.filled and not self.triggered

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

    @property
    def rests(self) -> bool:
        """Whether the stop is to wait at the venue, and with it the profit in the engine."""
        stops = self.of(GroupRole.STOP_LOSS)
        spoilt = any(order.withdrawn or order.failed for order in stops)
        return bool(stops) and stops[-1].native and not spoilt

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
    """HELD or ARMED to PLANNED: it is sent to trade; at_once: what finds nobody comes back."""

    order_id: int
    quantity: Decimal
    at_once: bool = False


@dataclass(frozen=True, slots=True)
class Rest:
    """A native stop, ARMED, to PLANNED: it is sent, and waits at the venue."""

    order_id: int
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class Place:
    """A further order of a role, with the terms of the ones before; attempt widens its bound.

    armed: the engine waits for its price; native: until it may wait at the venue.
    """

    role: GroupRole
    quantity: Decimal
    attempt: int = 0
    armed: bool = False
    native: bool = False


@dataclass(frozen=True, slots=True)
class Close:
    status: GroupStatus
    reason: str = ""


Action = Cancel | Resize | Arm | Release | Rest | Place | Close


def tradable(rules: SizeRules, quantity: Decimal, price: Decimal | None) -> Decimal:
    """The largest size up to `quantity` that the venue takes, 0 if none."""
    if quantity <= 0:
        return ZERO
    known = price if price is not None else Decimal("Infinity")
    return rules.tradable(quantity, known)
