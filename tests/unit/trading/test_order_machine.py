"""The order machine under reports that come twice, late, out of order, or tell of too much."""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from apps.trading.domain.errors import OrderTransitionInvalid
from apps.trading.domain.orders import ALLOWED, LIVE, SENT, OrderStatus, require_transition, settle
from tests.factories.trading import D

S = OrderStatus
REPORTED = [S.OPEN, S.FILLED, S.CANCELLED, S.EXPIRED, S.REJECTED]


class OrderMachine(RuleBasedStateMachine):
    """A venue makes trades; its reports are kept and told in any order, any number of times."""

    @initialize(size=st.integers(1, 5))
    def sent(self, size):
        self.size, self.status = D(size), S.PLANNED
        require_transition(self.status, S.SUBMITTING)
        self.status = S.SUBMITTING
        self.trades, self.booked = {}, {}
        self.counted = None
        self.reports_made = []

    @property
    def filled(self):
        return sum(self.booked.values(), D(0))

    @rule(quantity=st.integers(1, 3))
    def trades_at_the_venue(self, quantity):
        self.trades[f"t{len(self.trades)}"] = D(quantity)

    @rule(status=st.sampled_from(REPORTED), shown=st.integers(0, 6), says=st.booleans())
    def reports(self, status, shown, says):
        """Of its trades the report shows the first few; its total is the truth, or nothing."""
        seen = dict(list(self.trades.items())[:shown])
        total = sum(self.trades.values(), D(0)) if says else None
        self.reports_made = [*self.reports_made, (status, seen, total)]

    @precondition(lambda self: getattr(self, "reports_made", []))
    @rule(data=st.data())
    def is_told(self, data):
        """Any report made so far: new, stale or told before."""
        status, seen, total = data.draw(st.sampled_from(self.reports_made))
        before, known = self.status, self.filled
        new = {key: size for key, size in seen.items() if key not in self.booked}
        self.booked |= new
        if total is not None:
            self.counted = max(total, self.counted or D(0))
        self.status = settle(
            before,
            status,
            new_fills=bool(new),
            booked=self.filled,
            counted=self.counted,
            quantity=self.size,
        )
        if before not in LIVE and not new:
            assert self.status in (before, S.FILLED), "a stale report wakes nothing"
        if new:
            assert self.filled > known, "a fill in any state is booked"
        if self.status not in LIVE | {S.FILLED} and self.status != before:
            assert self.counted is not None, "an order is not over before its total is known"
            assert self.filled >= self.counted, "nor before every counted trade is booked"

    @rule(wanted=st.sampled_from(list(S)))
    def is_commanded(self, wanted):
        """What we command follows the table; anything else is an error and changes nothing."""
        if wanted in ALLOWED[self.status]:
            require_transition(self.status, wanted)
            return
        with pytest.raises(OrderTransitionInvalid):
            require_transition(self.status, wanted)

    @invariant()
    def nothing_is_lost_or_doubled(self):
        if not hasattr(self, "booked"):
            return
        assert self.booked.items() <= self.trades.items()
        if self.filled >= self.size:
            assert self.status is S.FILLED
        if self.status is S.FILLED:
            assert self.filled >= self.size
        assert self.status in SENT | (set(S) - LIVE), "nothing goes back to before it was sent"


OrderMachine.TestCase.settings = settings(max_examples=150, stateful_step_count=30, deadline=None)
TestOrderMachine = OrderMachine.TestCase
