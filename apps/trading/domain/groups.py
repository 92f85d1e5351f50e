"""Orders that belong together, as a pure machine: facts in, actions out.

The law: what exits have sold and what exits at the venue may still sell never exceeds `cover`,
which is what the entry really brought (bracket, after fees taken in base) or the group's own
quantity (OCO). On a spot account two sales cannot lock one balance, so one exit rests at the
venue and the other waits in the engine (ARMED): see `group_exits`. When that one is triggered,
the resting one is cancelled and its final fill known before the rest is sent.

Sizes are base units. The machine sees no clock and no venue; running it twice does nothing new.
"""

from __future__ import annotations

from apps.trading.domain.group_exits import exit_actions
from apps.trading.domain.group_facts import (
    EXIT_ATTEMPTS,
    EXITS,
    OVER,
    OWN_REASONS,
    Action,
    Arm,
    Cancel,
    Close,
    GroupFacts,
    GroupKind,
    GroupOrder,
    GroupRole,
    GroupStatus,
    Place,
    Release,
    Resize,
    Rest,
    tradable,
)
from apps.trading.domain.orders import OrderStatus

__all__ = [
    "EXITS",
    "EXIT_ATTEMPTS",
    "OVER",
    "OWN_REASONS",
    "Action",
    "Arm",
    "Cancel",
    "Close",
    "GroupFacts",
    "GroupKind",
    "GroupOrder",
    "GroupRole",
    "GroupStatus",
    "Place",
    "Release",
    "Resize",
    "Rest",
    "next_actions",
    "tradable",
]


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
    return exit_actions(facts)


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
