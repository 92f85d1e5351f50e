"""When exits are sent, and where they wait. Pure, as all of `domain.groups`.

One spot balance cannot be locked by two sales. Where the venue can hold the stop, it does: the
position is protected while nothing of ours runs, and the take-profit waits in the engine. The
stop leaves the venue only for a larger one, or for the take-profit whose price is reached; until
it is back the engine waits for its trigger. Where the venue cannot, or refused, it is the other
way round: the take-profit rests and the stop waits in the engine.
"""

from __future__ import annotations

from decimal import Decimal

from apps.trading.domain.group_facts import (
    AT_VENUE,
    EXIT_ATTEMPTS,
    EXITS,
    PROFIT_ATTEMPTS,
    PROFIT_REACHED,
    REPLACED,
    TOO_MUCH,
    Action,
    Arm,
    Cancel,
    Close,
    GroupFacts,
    GroupOrder,
    GroupRole,
    GroupStatus,
    Place,
    Release,
    Resize,
    Rest,
)
from apps.trading.domain.orders import OrderStatus

WAITING = frozenset({OrderStatus.HELD, OrderStatus.ARMED})


def exit_actions(facts: GroupFacts) -> list[Action]:
    """What the exits of a bracket or an OCO need now."""
    left = facts.left
    if facts.out > left:  # a late fill: what rests must go before more is sold than there is
        guard = _armed_stop(facts, left) if facts.rests and facts.tradable(left) else []
        return [*_cancelled([o for o in facts.of(*EXITS) if o.out], TOO_MUCH), *guard]
    if not facts.tradable(left) and not facts.out:
        return _wait_or_close(facts)
    if any(order.triggered for order in facts.of(GroupRole.STOP_LOSS)):
        return _stop_out(facts, left)
    if facts.rests:
        return _stop_rests(facts, left)
    return [*_take_profit(facts, left), *_stop_loss(facts, left)]


def _cancelled(orders: list[GroupOrder], reason: str) -> list[Action]:
    return [Cancel(order.order_id, reason) for order in orders if not order.cancel_asked]


def _wait_or_close(facts: GroupFacts) -> list[Action]:
    """Nothing to close at the moment: while the entry lives, more may come."""
    entering = [order for order in facts.of(GroupRole.ENTRY) if order.live]
    if entering:
        stopped = any(order.triggered for order in facts.of(GroupRole.STOP_LOSS))
        return _cancelled(entering, "STOP_TRIGGERED") if stopped else []
    live = [order for order in facts.of(*EXITS) if order.live]
    if live:
        return _cancelled(live, "OTHER_FILLED" if facts.exited else "ENTRY_UNFILLED")
    if facts.exited:
        return [Close(GroupStatus.DONE)]
    reason = "ENTRY_UNFILLED" if not facts.cover else "TOO_SMALL_TO_CLOSE"
    return [Close(GroupStatus.DONE if facts.cover else GroupStatus.CANCELLED, reason)]


def _stop_out(facts: GroupFacts, left: Decimal) -> list[Action]:
    """The stop was triggered: all that is left goes, once nothing else could sell it too."""
    others = [o for o in facts.orders if o.role is not GroupRole.STOP_LOSS and o.live]
    stops = facts.of(GroupRole.STOP_LOSS)
    unmoved = [o for o in stops if o.out and o.native and not o.triggered]  # it would sell it too
    asked = _cancelled([*others, *unmoved], "STOP_TRIGGERED")
    if any(o.out or o.status is OrderStatus.HELD for o in others if o.role in EXITS):
        return asked
    if any(o.status in AT_VENUE for o in stops):
        return asked
    if any(o.withdrawn and not o.live for o in stops if o.triggered):
        return [*asked, Close(GroupStatus.CANCELLED, "STOP_CANCELLED")]
    size = facts.tradable(left)
    waiting = [o for o in stops if o.status in WAITING]
    if waiting:
        return [*asked, Release(waiting[0].order_id, size)]
    attempts = sum(o.triggered and o.sent and not o.native for o in stops)
    if attempts >= EXIT_ATTEMPTS:
        return [*asked, Close(GroupStatus.NEEDS_ATTENTION, "EXIT_FAILED")]
    return [*asked, Place(GroupRole.STOP_LOSS, size, attempts)]


# --- the stop rests at the venue


def _stop_rests(facts: GroupFacts, left: Decimal) -> list[Action]:
    """The stop at the venue and the profit in the engine, or one of the two on its way."""
    profits, stops = facts.of(GroupRole.TAKE_PROFIT), facts.of(GroupRole.STOP_LOSS)
    reached = [o for o in profits if o.status is OrderStatus.ARMED and o.triggered]
    size = facts.tradable(left)
    resting = [o for o in stops if o.out]
    leaving = [o for o in resting if o.cancel_asked or reached or size > o.out]
    waits = [] if reached else _armed_profit(facts, left)
    if len(leaving) < len(resting):
        return waits
    if leaving:
        gone = _cancelled(leaving, PROFIT_REACHED if reached else REPLACED)
        return [*gone, *_armed_stop(facts, left), *waits]
    if reached and size:
        return [*_armed_stop(facts, left), Release(reached[0].order_id, size, at_once=True)]
    waiting = [o for o in stops if o.status is OrderStatus.ARMED]
    if waiting and size and not any(o.out for o in profits):
        return [Rest(waiting[0].order_id, size), *waits]
    return [*_armed_stop(facts, left), *waits]


def _armed_stop(facts: GroupFacts, left: Decimal) -> list[Action]:
    """While none rests at the venue, the engine waits for the stop's price."""
    return _armed(facts.of(GroupRole.STOP_LOSS), GroupRole.STOP_LOSS, left, native=facts.rests)


def _armed_profit(facts: GroupFacts, left: Decimal) -> list[Action]:
    profits = facts.of(GroupRole.TAKE_PROFIT)
    if not profits or any(o.withdrawn for o in profits) or any(o.out for o in profits):
        return []
    if _refused(profits) or not facts.tradable(left):
        return []  # the stop still protects
    return _armed(profits, GroupRole.TAKE_PROFIT, left, native=False)


def _armed(
    orders: list[GroupOrder], role: GroupRole, left: Decimal, *, native: bool
) -> list[Action]:
    for order in orders:
        if order.status is OrderStatus.HELD:
            return [Arm(order.order_id, left)]
        if order.status is OrderStatus.ARMED:
            return [Resize(order.order_id, left)] if order.quantity != left else []
    return [Place(role, left, armed=True, native=native)]


def _refused(profits: list[GroupOrder]) -> bool:
    return sum(o.status is OrderStatus.REJECTED for o in profits) >= PROFIT_ATTEMPTS


# --- the profit rests at the venue


def _take_profit(facts: GroupFacts, left: Decimal) -> list[Action]:
    profits = facts.of(GroupRole.TAKE_PROFIT)
    if not profits or any(o.withdrawn for o in profits):
        return []  # none was wanted, or somebody took it away
    if _refused(profits):
        guarded = any(o.live for o in facts.of(GroupRole.STOP_LOSS))
        return [] if guarded else [Close(GroupStatus.NEEDS_ATTENTION, "EXIT_REFUSED")]
    size = facts.tradable(left - facts.out)
    if not size:
        return []
    waiting = [o for o in profits if o.status in WAITING]
    return [Release(waiting[0].order_id, size) if waiting else Place(GroupRole.TAKE_PROFIT, size)]


def _stop_loss(facts: GroupFacts, left: Decimal) -> list[Action]:
    """Its size follows what is left: each fill of the other half makes it smaller."""
    stops = facts.of(GroupRole.STOP_LOSS)
    if any(o.withdrawn for o in stops):
        return _unguarded(facts)
    return _armed(stops, GroupRole.STOP_LOSS, left, native=False) if stops else _unguarded(facts)


def _unguarded(facts: GroupFacts) -> list[Action]:
    """Somebody took all exits away: once nothing enters any more, nothing is left to do."""
    exits = facts.of(*EXITS)
    entering = any(order.live for order in facts.of(GroupRole.ENTRY))
    if entering or any(order.live for order in exits):
        return []
    taken = {order.role for order in exits if order.withdrawn} == {order.role for order in exits}
    return [Close(GroupStatus.CANCELLED, "EXITS_CANCELLED")] if taken else []
