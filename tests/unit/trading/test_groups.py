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
    Rest,
    next_actions,
)
from apps.trading.domain.orders import OrderStatus
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


def native(number: int, status: OrderStatus, **more: object) -> GroupOrder:
    return order(number, R.STOP_LOSS, status, native=True, **more)


ENTERED = order(1, R.ENTRY, S.FILLED, filled=D(1), brought=D(1))


def test_a_native_stop_goes_to_the_venue_and_the_profit_waits_in_the_engine():
    held = facts(GroupKind.OCO, order(1, R.TAKE_PROFIT, S.HELD), native(2, S.HELD))
    armed = facts(GroupKind.OCO, order(1, R.TAKE_PROFIT, S.ARMED), native(2, S.ARMED))
    resting = facts(GroupKind.OCO, order(1, R.TAKE_PROFIT, S.ARMED), native(2, S.OPEN))

    assert next_actions(held) == [Arm(2, D(1)), Arm(1, D(1))]
    assert next_actions(armed) == [Rest(2, D(1))]
    assert next_actions(resting) == []


def test_more_of_the_entry_takes_the_stop_back_while_the_engine_waits_for_its_price():
    entry = order(1, R.ENTRY, S.PARTIALLY_FILLED, filled=D("0.8"), brought=D("0.8"))
    old = native(2, S.OPEN, quantity=D("0.5"))
    going = replace(old, cancel_asked=True, replaced=True)
    waiting = native(3, S.ARMED, quantity=D("0.8"))

    def asked(*stops: GroupOrder) -> list[groups.Action]:
        return next_actions(facts(GroupKind.BRACKET, entry, *stops))

    assert asked(old) == [
        Cancel(2, "REPLACED"),
        Place(R.STOP_LOSS, D("0.8"), armed=True, native=True),
    ]
    assert asked(going, waiting) == []
    assert asked(replace(going, status=S.CANCELLED), waiting) == [Rest(3, D("0.8"))]


def test_a_reached_profit_is_sent_for_what_the_stop_had_not_sold_once_that_is_known():
    profit = order(2, R.TAKE_PROFIT, S.ARMED, triggered=True)
    going = native(3, S.OPEN, cancel_asked=True, replaced=True)
    waiting = native(4, S.ARMED)

    def asked(*exits: GroupOrder) -> list[groups.Action]:
        return next_actions(facts(GroupKind.BRACKET, ENTERED, *exits))

    assert asked(profit, native(3, S.OPEN)) == [
        Cancel(3, "PROFIT_REACHED"),
        Place(R.STOP_LOSS, D(1), armed=True, native=True),
    ]
    assert asked(profit, going, waiting) == []
    gone = replace(going, status=S.CANCELLED)
    assert asked(profit, gone, waiting) == [Release(2, D(1), at_once=True)]
    assert asked(replace(profit, status=S.OPEN, sent=True), gone, waiting) == []


def test_a_profit_that_found_nobody_waits_again_and_the_stop_returns_to_the_venue():
    profit = order(2, R.TAKE_PROFIT, S.CANCELLED, filled=D("0.4"), triggered=True, sent=True)

    asked = next_actions(facts(GroupKind.BRACKET, ENTERED, profit, native(4, S.ARMED)))

    assert asked == [Rest(4, D("0.6")), Place(R.TAKE_PROFIT, D("0.6"), armed=True)]


def test_a_stop_that_the_venue_refused_waits_in_the_engine_and_the_profit_rests():
    refused = native(3, S.REJECTED, sent=True)
    profit = order(2, R.TAKE_PROFIT, S.ARMED)

    asked = next_actions(facts(GroupKind.BRACKET, ENTERED, profit, refused))

    assert asked == [Release(2, D(1)), Place(R.STOP_LOSS, D(1), armed=True)]


def test_a_refusal_because_the_price_is_there_already_is_the_trigger():
    refused = native(3, S.REJECTED, sent=True, triggered=True)

    asked = next_actions(facts(GroupKind.BRACKET, ENTERED, refused))

    assert asked == [Place(R.STOP_LOSS, D(1), 0)]


def test_a_stop_that_fills_at_the_venue_ends_the_entry_and_the_waiting_profit():
    entry = order(1, R.ENTRY, S.PARTIALLY_FILLED, filled=D("0.5"), brought=D("0.5"))
    sold = native(3, S.FILLED, quantity=D("0.5"), filled=D("0.5"), sent=True, triggered=True)

    asked = next_actions(facts(GroupKind.BRACKET, entry, order(2, R.TAKE_PROFIT, S.ARMED), sold))

    assert asked == [Cancel(1, "STOP_TRIGGERED")]


def test_a_stop_taken_away_by_a_person_lets_the_profit_rest_at_the_venue():
    gone = native(3, S.CANCELLED, sent=True, cancel_asked=True)

    asked = next_actions(facts(GroupKind.BRACKET, ENTERED, order(2, R.TAKE_PROFIT, S.ARMED), gone))

    assert asked == [Release(2, D(1))]


@pytest.mark.parametrize("status", [S.SUBMITTING, S.OPEN, S.PARTIALLY_FILLED])
def test_an_amended_order_is_over_before_the_new_one_exists(status):
    old = order(1, R.OLD, status, filled=D("0.2"))

    assert next_actions(facts(GroupKind.AMEND, old)) == [Cancel(1, "AMENDED")]
    over = replace(old, status=S.CANCELLED, cancel_asked=True)
    assert next_actions(facts(GroupKind.AMEND, over)) == [Place(R.NEW, D("0.8"))]


class Exits(RuleBasedStateMachine):
    """A venue that fills, refuses and cancels as it likes, an engine that triggers, a person who
    cancels, and a machine that is asked at any moment, also twice."""

    kind = GroupKind.BRACKET

    @initialize(profit=st.booleans(), native=st.booleans())
    def open(self, profit: bool, native: bool) -> None:
        self.orders: dict[int, GroupOrder] = {}
        if self.kind is GroupKind.BRACKET:
            self.orders[1] = order(1, R.ENTRY, S.OPEN)
        if profit or self.kind is GroupKind.OCO:
            self.orders[2] = order(2, R.TAKE_PROFIT, S.HELD)
        self.orders[3] = order(3, R.STOP_LOSS, S.HELD, native=native)
        self.status, self.price = GroupStatus.ACTIVE, D(100)

    def facts(self) -> GroupFacts:
        return facts(self.kind, *self.orders.values(), status=self.status)

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
        triggered = order.triggered or order.native
        self.change(number, filled=filled, status=status, brought=brought, triggered=triggered)

    @rule(which=st.integers(0, 5), end=st.sampled_from([S.CANCELLED, S.EXPIRED]))
    def end_at_venue(self, which: int, end: OrderStatus) -> None:
        """The venue ends an order: because it was asked to, or by itself."""
        sent = self.sent()
        if sent:
            self.change(sent[which % len(sent)], status=end)

    @rule(which=st.integers(0, 5))
    def cancels_arrive(self, which: int) -> None:
        asked = [n for n in self.sent() if self.orders[n].cancel_asked]
        if asked:
            self.change(asked[which % len(asked)], status=S.CANCELLED)

    @rule(accept=st.booleans(), which=st.integers(0, 5), reached=st.booleans())
    def deliver(self, accept: bool, which: int, reached: bool = False) -> None:
        """Sent; or refused, a native stop perhaps because its price is there already."""
        planned = [n for n, o in self.orders.items() if o.status is S.PLANNED]
        if planned:
            number = planned[which % len(planned)]
            before = self.orders[number]
            hit = before.triggered or (before.native and reached and not accept)
            status = S.OPEN if accept else S.REJECTED
            self.change(number, status=status, sent=True, triggered=hit)

    @rule()
    def never_left(self) -> None:
        """No worker ran until it was too late to send it."""
        for number, each in self.orders.items():
            if each.status is S.PLANNED:
                self.change(number, status=S.EXPIRED)

    @rule(role=st.sampled_from([R.STOP_LOSS, R.TAKE_PROFIT]))
    def trigger(self, role: GroupRole) -> None:
        for number, each in self.orders.items():
            if each.status is S.ARMED and each.role is role:
                self.change(number, triggered=True)

    @rule(role=st.sampled_from([R.STOP_LOSS, R.TAKE_PROFIT]))
    def the_price_comes(self, role: GroupRole) -> None:
        """The engine sees it and asks the machine at once."""
        self.trigger(role)
        self.advance(1)

    @rule()
    def person_cancels_the_entry(self) -> None:
        if 1 in self.orders and self.orders[1].live:
            self.change(1, cancel_asked=True)

    @rule(which=st.integers(0, 5))
    def person_cancels_an_exit(self, which: int) -> None:
        exits = [o for o in self.facts().of(*groups.EXITS) if o.live and not o.cancel_asked]
        if exits and which == 0:
            self.act(Cancel(exits[0].order_id, "USER"))

    @precondition(lambda self: self.status is GroupStatus.ACTIVE)
    @rule(sure=st.integers(0, 5))
    def person_cancels_all(self, sure: int) -> None:
        if sure == 0:
            self.status = GroupStatus.CANCELLING

    @rule(rounds=st.integers(1, 4))
    def advance(self, rounds: int) -> None:
        for _ in range(rounds):
            for action in next_actions(self.facts()):
                self.act(action)

    @rule()
    def run_smoothly(self) -> None:
        """All goes as it should for a while: the deep states are reached too."""
        self.fill(D("0.3"), 0)
        self.advance(3)
        self.cancels_arrive(0)
        self.advance(3)
        self.deliver(accept=True, which=0)
        self.advance(1)

    def act(self, action: groups.Action) -> None:
        if isinstance(action, Cancel):
            each = self.orders[action.order_id]
            over = each.status in {S.HELD, S.ARMED, S.PLANNED}
            self.change(
                action.order_id,
                cancel_asked=True,
                replaced=action.reason in groups.OWN_REASONS,
                status=S.CANCELLED if over else each.status,
            )
        elif isinstance(action, Close):
            self.status = action.status
        elif isinstance(action, Place):
            number = max(self.orders) + 1
            self.orders[number] = order(
                number,
                action.role,
                S.ARMED if action.armed else S.PLANNED,
                quantity=action.quantity,
                triggered=action.role is R.STOP_LOSS and not action.armed,
                native=action.native,
            )
        else:
            each = self.orders[action.order_id]
            status = {Release: S.PLANNED, Rest: S.PLANNED, Arm: S.ARMED}.get(
                type(action), each.status
            )
            native = each.native and not isinstance(action, Release)
            self.change(action.order_id, status=status, quantity=action.quantity, native=native)

    @invariant()
    def exits_never_sell_more_than_was_entered(self) -> None:
        if hasattr(self, "orders"):
            known = self.facts()
            assert known.exited + known.out <= known.cover

    @invariant()
    def a_position_has_somebody_who_looks_after_it(self) -> None:
        """When the machine has nothing more to do and is not over, a stop that nobody took away
        rests at the venue, is watched by the engine, or its exit is on its way."""
        if not hasattr(self, "orders") or next_actions(self.facts()):
            return
        known = self.facts()
        given_up = self.status is GroupStatus.CANCELLING  # a person wants no exit any more
        if given_up or self.status in groups.OVER or not known.tradable(known.left):
            return
        stops, exits = known.of(R.STOP_LOSS), known.of(R.TAKE_PROFIT, R.STOP_LOSS)
        if not any(o.withdrawn for o in stops):
            assert any(o.status is S.ARMED or o.out for o in stops)
        elif not any(o.live for o in known.of(R.ENTRY)):
            assert any(o.live for o in exits)

    @invariant()
    def a_native_stop_and_a_profit_are_never_both_at_the_venue(self) -> None:
        if hasattr(self, "orders"):
            known = self.facts()
            if any(o.out and o.native for o in known.of(R.STOP_LOSS)):
                assert not any(o.out for o in known.of(R.TAKE_PROFIT))

    @invariant()
    def what_is_over_without_a_call_for_help_left_nothing_open(self) -> None:
        if getattr(self, "status", None) is GroupStatus.DONE:
            known = self.facts()
            assert not known.tradable(known.left)


class Oco(Exits):
    """The same without an entry: what is held is sold once."""

    kind = GroupKind.OCO


TestBracket, TestOco = Exits.TestCase, Oco.TestCase
TestBracket.settings = TestOco.settings = settings(max_examples=300, stateful_step_count=30)
