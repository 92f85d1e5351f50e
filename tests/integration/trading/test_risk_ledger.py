"""The gate's ledger under any sequence of orders, fills, cancels and balances.

A model keeps what stands; the gate's figures must say the same, and neither exposure nor what is
reserved may ever be negative or go beyond its limit.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from apps.portfolio.services import balances_record
from apps.trading.models import Order
from apps.trading.selectors import gate_facts, gate_prices
from apps.trading.services import order_place, order_record
from apps.trading.services.policies import limits_set
from apps.venues.domain.ports import Balance, OrderReceipt, ReceiptStatus, Side, VenueTrade
from tests.factories.accounts import person
from tests.factories.trading import NOON, D, aligned, order_intent
from tests.factories.venues import connection

pytestmark = pytest.mark.django_db
PRICE = D(100)
EXPOSURE, ORDERS = D(1000), 4


@dataclass
class Standing:
    """One order as the model has it."""

    number: int
    side: Side
    rest: Decimal
    sent: bool = False


class Ledger(RuleBasedStateMachine):
    serial = 0

    def __init__(self):
        super().__init__()
        Ledger.serial += 1
        self.actor = person(f"ledger{Ledger.serial}").actor
        self.link = connection(self.actor)
        self.now, self.trades = NOON, 0
        self.cash, self.coins, self.net = D(700), D(5), D(0)
        self.standing: list[Standing] = []
        limits_set(
            actor=self.actor,
            values={"max_exposure": EXPOSURE, "max_open_orders": D(ORDERS), "daily_loss": None,
                    "max_loss_streak": None, "max_drawdown": None},
            confirmed=True,
            now=NOON,
        )  # fmt: skip
        aligned(self.link)
        self.tell_balances()

    def tick(self):
        self.now += timedelta(seconds=30)
        return self.now

    @rule(side=st.sampled_from(list(Side)), size=st.sampled_from(["0.5", "1", "2", "4"]))
    def place(self, side, size):
        from django.utils import timezone

        aligned(self.link, at=timezone.now())
        order = order_place.order_place_bounded(
            actor=self.actor,
            intent=order_intent(
                self.link.pk, side=side, quantity=D(size), limit_price=PRICE, fee_rate=D(0)
            ),
            venue="practice.alpha",
            now=self.tick(),
        )
        if order.status != "DENIED":
            self.standing.append(Standing(order.pk, side, D(size)))

    @precondition(lambda self: self.standing)
    @rule(choice=st.integers(0, 9), part=st.sampled_from(["0", "0.25", "0.5", "1"]))
    def report(self, choice, part):
        """The venue has it, and filled a part of what is left."""
        each = self.standing[choice % len(self.standing)]
        if not each.sent:
            Order.objects.filter(pk=each.number).update(status="SUBMITTING", sent_at=self.now)
            each.sent = True
        size = each.rest * D(part)
        over = size == each.rest
        order_record.order_record_receipt(
            actor=self.actor,
            order_id=each.number,
            receipt=OrderReceipt(
                venue_order_id=f"v{each.number}",
                status=ReceiptStatus.FILLED if over else ReceiptStatus.OPEN,
                filled=None,
                trades=(self.trade(size),) if size else (),
            ),
            now=self.tick(),
        )
        self.move(each, size)

    def trade(self, size):
        self.trades += 1
        return VenueTrade(
            venue_trade_id=f"{self.actor.workspace_id}-{self.trades}", quantity=size, price=PRICE,
            fee=D(0), fee_asset="USDT",
        )  # fmt: skip

    def move(self, each, size):
        sign = 1 if each.side is Side.BUY else -1
        self.net += sign * size
        self.coins += sign * size
        self.cash -= sign * size * PRICE
        each.rest -= size
        if not each.rest:
            self.standing.remove(each)

    @precondition(lambda self: any(not each.sent for each in self.standing))
    @rule()
    def cancel(self):
        each = next(each for each in self.standing if not each.sent)
        order_place.order_cancel(
            actor=self.actor, order_id=each.number, reason="ENOUGH", now=self.tick()
        )
        self.standing.remove(each)

    @rule()
    def tell_balances(self):
        """The venue's own balances: what rests there is set aside already."""
        now = self.tick()
        used = {Side.BUY: D(0), Side.SELL: D(0)}
        balances_record(
            workspace_id=self.actor.workspace_id,
            connection_id=self.link.pk,
            balances=[
                Balance(asset="USDT", free=self.cash - used[Side.BUY], used=used[Side.BUY]),
                Balance(asset="BTC", free=self.coins - used[Side.SELL], used=used[Side.SELL]),
            ],
            now=now,
        )

    def figures(self):
        stands = gate_facts.standing(self.actor.workspace_id, None, "BTC/USDT", self.now)
        return gate_facts.figures(stands, gate_prices.rates(stands.quotes), of_bot=False)

    @invariant()
    def the_gate_says_what_the_model_says(self):
        figures = self.figures()
        working = sum((each.rest for each in self.standing), D(0)) * PRICE
        assert figures.working == working
        assert figures.held == abs(self.net) * PRICE
        assert figures.open_orders == len(self.standing)

    @invariant()
    def nothing_is_negative_or_beyond_its_limit(self):
        figures = self.figures()
        assert 0 <= figures.exposure <= EXPOSURE
        assert 0 <= figures.open_orders <= ORDERS
        assert self.cash >= 0
        assert self.coins >= 0
        free = gate_facts.capital(self.actor.workspace_id)
        assert min(free.values()) >= 0


def test_the_ledger_holds_under_any_sequence(db):
    run_state_machine_as_test(
        Ledger,
        settings=settings(
            max_examples=12, stateful_step_count=14, deadline=None, derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )  # fmt: skip
