"""Exits never sell more than was entered, whatever venue, engine and people do in any order."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from apps.trading.domain import groups
from apps.trading.domain.groups import (
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
    next_actions,
)
from apps.trading.domain.orders import LIVE, OrderStatus
from tests.factories.trading import RULES

D = Decimal
S, R = OrderStatus, GroupRole
RESTING = (S.OPEN, S.PARTIALLY_FILLED)


def order(number: int, role: GroupRole, status: OrderStatus, **more: object) -> GroupOrder:
    boring: dict[str, object] = {"quantity": D(1)}
    return GroupOrder(order_id=number, role=role, status=status, **(boring | more))


def facts(kind: GroupKind, *orders: GroupOrder, **more: object) -> GroupFacts:
    boring: dict[str, object] = {
        "status": GroupStatus.ACTIVE,
        "quantity": D(1),
        "rules": RULES,
        "price": D(100),
    }
    return GroupFacts(kind=kind, orders=orders, **(boring | more))


def test_an_oco_rests_its_profit_and_arms_its_stop():
    asked = next_actions(
        facts(GroupKind.OCO, order(1, R.TAKE_PROFIT, S.HELD), order(2, R.STOP_LOSS, S.HELD))
    )

    assert asked == [Release(1, D(1)), Arm(2, D(1))]


def test_a_partial_fill_of_one_half_makes_the_other_smaller_by_as_much():
    asked = next_actions(
        facts(
            GroupKind.OCO,
            order(1, R.TAKE_PROFIT, S.PARTIALLY_FILLED, filled=D("0.3")),
            order(2, R.STOP_LOSS, S.ARMED),
        )
    )

    assert asked == [Resize(2, D("0.7"))]


def test_a_filled_profit_takes_the_stop_away_and_ends_the_group():
    profit = order(1, R.TAKE_PROFIT, S.FILLED, filled=D(1))

    asked = next_actions(facts(GroupKind.OCO, profit, order(2, R.STOP_LOSS, S.ARMED)))
    after = next_actions(facts(GroupKind.OCO, profit, order(2, R.STOP_LOSS, S.CANCELLED)))

    assert asked == [Cancel(2, "OTHER_FILLED")]
    assert after == [Close(GroupStatus.DONE)]


def test_a_triggered_stop_waits_for_the_end_of_the_resting_profit():
    stop = order(2, R.STOP_LOSS, S.ARMED, triggered=True)
    resting = order(1, R.TAKE_PROFIT, S.OPEN)

    assert next_actions(facts(GroupKind.OCO, resting, stop)) == [Cancel(1, "STOP_TRIGGERED")]
    assert next_actions(facts(GroupKind.OCO, replace(resting, cancel_asked=True), stop)) == []


def test_a_stop_sends_only_what_the_cancelled_profit_had_not_sold():
    sold = order(1, R.TAKE_PROFIT, S.CANCELLED, filled=D("0.4"), cancel_asked=True)

    asked = next_actions(facts(GroupKind.OCO, sold, order(2, R.STOP_LOSS, S.ARMED, triggered=True)))

    assert asked == [Release(2, D("0.6"))]


def test_exits_are_sized_by_what_the_entry_brought_after_its_fee():
    entry = order(1, R.ENTRY, S.PARTIALLY_FILLED, filled=D("0.5"), brought=D("0.4995"))

    asked = next_actions(
        facts(
            GroupKind.BRACKET, entry, order(2, R.TAKE_PROFIT, S.HELD), order(3, R.STOP_LOSS, S.HELD)
        )
    )

    assert asked == [Release(2, D("0.4995")), Arm(3, D("0.4995"))]


def test_a_cancelled_entry_leaves_what_it_filled_protected():
    entry = order(1, R.ENTRY, S.CANCELLED, filled=D("0.5"), brought=D("0.5"), cancel_asked=True)

    asked = next_actions(facts(GroupKind.BRACKET, entry, order(2, R.STOP_LOSS, S.HELD)))

    assert asked == [Arm(2, D("0.5"))]


def test_an_entry_that_never_filled_takes_its_exits_with_it():
    entry = order(1, R.ENTRY, S.CANCELLED)

    asked = next_actions(facts(GroupKind.BRACKET, entry, order(2, R.STOP_LOSS, S.HELD)))
    after = next_actions(facts(GroupKind.BRACKET, entry, order(2, R.STOP_LOSS, S.CANCELLED)))

    assert asked == [Cancel(2, "ENTRY_UNFILLED")]
    assert after == [Close(GroupStatus.CANCELLED, "ENTRY_UNFILLED")]


def test_a_stop_that_found_nobody_tries_again_wider_and_at_last_calls_for_help():
    entry = order(1, R.ENTRY, S.FILLED, filled=D(1), brought=D(1))
    failed = [
        order(10 + n, R.STOP_LOSS, S.CANCELLED, triggered=True, sent=True)
        for n in range(groups.EXIT_ATTEMPTS)
    ]

    assert next_actions(facts(GroupKind.BRACKET, entry, failed[0])) == [Place(R.STOP_LOSS, D(1), 1)]
    assert next_actions(facts(GroupKind.BRACKET, entry, *failed)) == [
        Close(GroupStatus.NEEDS_ATTENTION, "EXIT_FAILED")
    ]


@pytest.mark.parametrize("status", [S.SUBMITTING, S.OPEN, S.PARTIALLY_FILLED])
def test_an_amended_order_is_over_before_the_new_one_exists(status):
    old = order(1, R.OLD, status, filled=D("0.2"))

    assert next_actions(facts(GroupKind.AMEND, old)) == [Cancel(1, "AMENDED")]
    over = replace(old, status=S.CANCELLED, cancel_asked=True)
    assert next_actions(facts(GroupKind.AMEND, over)) == [Place(R.NEW, D("0.8"))]


class Bracket(RuleBasedStateMachine):
    """A venue that fills, refuses and cancels as it likes, an engine that triggers, a person who
    cancels, and a machine that is asked at any moment, also twice."""

    @initialize(profit=st.booleans())
    def open(self, profit: bool) -> None:
        self.orders = {1: order(1, R.ENTRY, S.OPEN)}
        if profit:
            self.orders[2] = order(2, R.TAKE_PROFIT, S.HELD)
        self.orders[3] = order(3, R.STOP_LOSS, S.HELD)
        self.status, self.price = GroupStatus.ACTIVE, D(100)

    def facts(self) -> GroupFacts:
        return facts(GroupKind.BRACKET, *self.orders.values(), status=self.status)

    def change(self, number: int, **more: object) -> None:
        self.orders[number] = replace(self.orders[number], **more)

    def sent(self) -> list[int]:
        return [n for n, o in self.orders.items() if o.status in RESTING]

    @rule(part=st.decimals("0.0001", "1", places=4), which=st.integers(0, 5))
    def fill(self, part: Decimal, which: int) -> None:
        sent = self.sent()
        if not sent:
            return
        number = sent[which % len(sent)]
        order = self.orders[number]
        filled = min(order.quantity, order.filled + part)
        status = S.FILLED if filled == order.quantity else S.PARTIALLY_FILLED
        brought = (filled * D("0.999")).quantize(D("1e-8")) if order.role is R.ENTRY else D(0)
        self.change(number, filled=filled, status=status, brought=brought)

    @rule(which=st.integers(0, 5), end=st.sampled_from([S.CANCELLED, S.EXPIRED]))
    def end_at_venue(self, which: int, end: OrderStatus) -> None:
        """The venue ends an order: because it was asked to, or by itself."""
        sent = self.sent()
        if sent:
            self.change(sent[which % len(sent)], status=end)

    @rule(accept=st.booleans(), which=st.integers(0, 5))
    def deliver(self, accept: bool, which: int) -> None:
        planned = [n for n, o in self.orders.items() if o.status is S.PLANNED]
        if planned:
            status = S.OPEN if accept else S.REJECTED
            self.change(planned[which % len(planned)], status=status, sent=True)

    @rule()
    def trigger(self) -> None:
        for number, each in self.orders.items():
            if each.status is S.ARMED:
                self.change(number, triggered=True)

    @rule()
    def the_price_falls(self) -> None:
        """The engine sees it and asks the machine at once."""
        self.trigger()
        self.advance(1)

    @rule()
    def person_cancels_the_entry(self) -> None:
        if self.orders[1].live:
            self.change(1, cancel_asked=True)

    @precondition(lambda self: self.status is GroupStatus.ACTIVE)
    @rule()
    def person_cancels_all(self) -> None:
        self.status = GroupStatus.CANCELLING

    @rule(rounds=st.integers(1, 4))
    def advance(self, rounds: int) -> None:
        for _ in range(rounds):
            for action in next_actions(self.facts()):
                self.act(action)

    @rule()
    def run_smoothly(self) -> None:
        """All goes as it should for a while: the deep states are reached too."""
        self.fill(D("0.6"), 0)
        self.advance(2)
        self.deliver(accept=True, which=0)
        self.advance(1)

    def act(self, action: groups.Action) -> None:
        if isinstance(action, Cancel):
            each = self.orders[action.order_id]
            over = each.status in {S.HELD, S.ARMED, S.PLANNED}
            self.change(
                action.order_id, cancel_asked=True, status=S.CANCELLED if over else each.status
            )
        elif isinstance(action, Close):
            self.status = action.status
        elif isinstance(action, Place):
            number = max(self.orders) + 1
            self.orders[number] = order(
                number,
                action.role,
                S.PLANNED,
                quantity=action.quantity,
                triggered=action.role is R.STOP_LOSS,
            )
        else:
            status = {Release: S.PLANNED, Arm: S.ARMED}.get(
                type(action), self.orders[action.order_id].status
            )
            self.change(action.order_id, status=status, quantity=action.quantity)

    @invariant()
    def exits_never_sell_more_than_was_entered(self) -> None:
        if hasattr(self, "orders"):
            known = self.facts()
            assert known.exited + known.out <= known.cover

    @invariant()
    def a_position_has_somebody_who_looks_after_it(self) -> None:
        """When the machine has nothing more to do and is not over, an exit is on its way."""
        if not hasattr(self, "orders") or next_actions(self.facts()):
            return
        known = self.facts()
        given_up = self.status is GroupStatus.CANCELLING  # a person wants no exit any more
        if given_up or self.status in groups.OVER or not known.tradable(known.left):
            return
        assert any(o.status in LIVE for o in known.of(R.TAKE_PROFIT, R.STOP_LOSS))

    @invariant()
    def what_is_over_without_a_call_for_help_left_nothing_open(self) -> None:
        if getattr(self, "status", None) is GroupStatus.DONE:
            known = self.facts()
            assert not known.tradable(known.left)


TestBracket = Bracket.TestCase
TestBracket.settings = settings(max_examples=300, stateful_step_count=30)
