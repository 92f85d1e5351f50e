"""The plan machine under anything a venue does: fills, refusals, silence, late fills, no funds."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from apps.trading.domain.plans import (
    ALREADY_FLAT,
    UNWIND_PAUSES,
    Finish,
    OrderFact,
    Place,
    PlanFacts,
    PlanKind,
    PlanStatus,
    Role,
    Wait,
    closing_limit,
    next_step,
)
from apps.trading.domain.pnl import FillFact, plan_pnl
from apps.venues.domain.ports import Side
from tests.factories.trading import NOON, D, leg
from tests.unit.trading.test_legs import CHAIN, FAN, HOME

TWO = (leg(1, 1, Side.BUY, "100"), leg(2, 2, Side.SELL, "101"))
SHAPES = [
    (PlanKind.PARALLEL, TWO),
    (PlanKind.SEQUENTIAL, TWO),
    (PlanKind.PARALLEL, FAN),
    (PlanKind.SEQUENTIAL, FAN),
    (PlanKind.SEQUENTIAL, CHAIN),
]
FEE = D("0.001")


class LegMachine(RuleBasedStateMachine):
    """Orders as a venue would leave them; every Place is taken, every answer is drawn."""

    @initialize(shape=st.sampled_from(SHAPES))
    def decided(self, shape):
        self.kind, self.legs = shape
        self.now, self.orders, self.limits = NOON, [], []
        self.last_order_at, self.ended, self.stopped = NOON, None, False
        first = self.legs if self.kind is PlanKind.PARALLEL else self.legs[:1]
        for each in first:
            self.place(each.leg_no, Role.OPEN, each.side, each.ratio, each.limit_price)

    def place(self, leg_no, role, side, quantity, limit):
        self.orders.append(
            OrderFact(
                leg_no=leg_no, role=role, side=side, quantity=quantity, in_flight=True, filled=D(0)
            )
        )
        self.limits.append(limit)
        self.last_order_at = self.now

    @property
    def facts(self):
        return PlanFacts(
            kind=self.kind,
            quantity=D(1),
            legs=self.legs,
            orders=tuple(self.orders),
            valid_until=NOON + timedelta(seconds=5),
            last_order_at=self.last_order_at,
            max_unwind_loss=D("0.01"),
            home=HOME,
            stopped=self.stopped,
        )

    def fill(self, number, filled, **more):
        """The order's total is `filled` now, at its limit; a purchase pays its fee in kind."""
        order = self.orders[number]
        spec = next(each for each in self.legs if each.leg_no == order.leg_no)
        base = spec.symbol.partition("/")[0]
        fees = ((base, filled * FEE),) if order.side is Side.BUY and filled else ()
        told = {"filled": filled, "value": filled * self.limits[number], "fees": fees}
        self.orders[number] = replace(order, **(told | more))
        self.ended = None

    def numbers(self, *, in_flight):
        return [n for n, order in enumerate(self.orders) if order.in_flight is in_flight]

    @precondition(lambda self: self.numbers(in_flight=True))
    @rule(data=st.data(), share=st.decimals("0", "1", places=3))
    def settles(self, data, share):
        number = data.draw(st.sampled_from(self.numbers(in_flight=True)))
        filled = (self.orders[number].quantity * share).quantize(D("0.0001"))
        self.fill(number, filled, in_flight=False)

    @precondition(lambda self: self.numbers(in_flight=True))
    @rule(data=st.data(), held=st.sampled_from([None, D(0), D("0.2")]))
    def is_refused(self, data, held):
        number = data.draw(st.sampled_from(self.numbers(in_flight=True)))
        held = held if self.orders[number].role is Role.UNWIND else None
        self.fill(number, D(0), in_flight=False, held=held)

    @precondition(lambda self: self.numbers(in_flight=False))
    @rule(data=st.data(), share=st.decimals("0.001", "0.5", places=3))
    def fills_late(self, data, share):
        """After it was reported over; it may even overfill."""
        number = data.draw(st.sampled_from(self.numbers(in_flight=False)))
        order = self.orders[number]
        self.fill(number, order.filled + (order.quantity * share).quantize(D("0.0001")))

    @rule(seconds=st.integers(1, 8))
    def time_passes(self, seconds):
        self.now += timedelta(seconds=seconds)

    @rule(stopped=st.booleans())
    def is_halted_or_resumed(self, stopped):
        self.stopped = stopped

    @rule()
    def goes_on(self):
        step = next_step(self.facts, self.now)
        assert step == next_step(self.facts, self.now)
        if isinstance(step, Place):
            self.check_place(step)
            self.place(step.leg_no, step.role, step.side, step.quantity, step.limit_price)
        elif isinstance(step, Wait) and step.until is not None:
            self.now = max(self.now, step.until)
        elif isinstance(step, Finish):
            self.check_finish(step)
            self.ended = step

    def check_place(self, step):
        spec = next(each for each in self.legs if each.leg_no == step.leg_no)
        assert spec.rules.tradable(step.quantity, step.limit_price) == step.quantity > 0
        if step.role is Role.OPEN and not self.stopped:
            return
        before = self.facts.exposures
        order = OrderFact(
            leg_no=step.leg_no,
            role=step.role,
            side=step.side,
            in_flight=False,
            filled=step.quantity,
            value=step.quantity * step.limit_price,
        )
        after = replace(self.facts, orders=(*self.orders, order)).exposures
        base, quote = spec.symbol.split("/")
        closer = [a for a in (base, quote) if abs(after.get(a, 0)) < abs(before.get(a, 0))]
        assert closer, "a closing order brings what it closes nearer to nothing"
        if step.role is not Role.OPEN:
            assert all(after.get(a, 0) * before[a] >= 0 for a in closer), "and never past it"
        if self.stopped and step.role is not Role.UNWIND:
            assert len(closer) == len({base, quote} - HOME), "under a halt nothing is opened"

    def check_finish(self, step):
        left = self.facts.exposures
        assert dict(step.residuals) == left
        if step.status is PlanStatus.NEEDS_ATTENTION:
            assert left
        elif step.reason != ALREADY_FLAT:
            assert not any(self.closable(asset, net) for asset, net in left.items())
        if not any(order.filled for order in self.orders):
            assert step.status is PlanStatus.FAILED
        earned = self.booked()
        assert earned.pnl is not None
        assert earned.spread_captured - earned.fees - earned.slippage == earned.pnl

    def closable(self, asset, net):
        """Whether any leg that brought the asset could take it back at its bound."""
        for each in self.legs:
            if asset != (each.gets if net > 0 else each.gives):
                continue
            side = Side.SELL if each.side is Side.BUY else Side.BUY
            limit = closing_limit(each, side, D("0.01"))
            if not each.rules.tradable(each.size_of(asset, abs(net), limit), limit):
                return False
        return True

    def booked(self):
        fills = [
            FillFact(
                leg_no=order.leg_no,
                side=order.side,
                unwinding=order.role is Role.UNWIND,
                quantity=order.filled,
                price=limit,
                limit_price=limit,
                fee=sum((fee for _, fee in order.fees), D(0)),
                fee_asset=order.fees[0][0] if order.fees else "",
                fee_rate=FEE,
            )
            for order, limit in zip(self.orders, self.limits, strict=True)
            if order.filled
        ]
        return plan_pnl(fills, legs=self.legs, quote="USDT", prices={}, home=HOME)

    @invariant()
    def orders_are_bounded(self):
        if not hasattr(self, "orders"):
            return
        more = len(self.legs) - 1
        assert len(self.orders) <= len(self.legs) + more + len(UNWIND_PAUSES) * more

    def teardown(self):
        """Left alone, with nothing filling any more, every plan comes to an end."""
        if not hasattr(self, "orders"):
            return
        for _ in range(200):
            for number in self.numbers(in_flight=True):
                self.fill(number, self.orders[number].filled, in_flight=False)
            self.goes_on()
            if self.ended is not None:
                return
        raise AssertionError("the plan never ends")


LegMachine.TestCase.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
TestLegMachine = LegMachine.TestCase
