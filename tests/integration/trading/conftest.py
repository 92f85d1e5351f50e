"""A desk: a person with two connections, balances on both, a running bot and two fake venues."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from apps.billing.services import plan_set
from apps.core.domain.people import Actor
from apps.portfolio.services import balances_record
from apps.trading import sending, tasks
from apps.trading.models import Bot, Order, Plan
from apps.trading.services import bots
from apps.trading.services.plan_open import plan_open
from apps.venues.domain.ports import Balance
from tests.factories.accounts import person
from tests.factories.trading import PARAMS, aligned, intent
from tests.factories.venues import connection
from tests.fakes.ledger_venue import LedgerVenue

D = Decimal


@dataclass
class Desk:
    actor: Actor
    cheap: Any
    dear: Any
    bot: Bot
    venues: dict[int, LedgerVenue] = field(default_factory=dict)

    @property
    def buy_venue(self) -> LedgerVenue:
        return self.venues[self.cheap.pk]

    @property
    def sell_venue(self) -> LedgerVenue:
        return self.venues[self.dear.pk]

    def open(self, **more: Any) -> Plan:
        """The gate, asked by the engine that holds the bot."""
        self.bot.refresh_from_db()
        asked = {
            "actor": Actor.platform(self.actor.workspace_id),
            "bot_id": self.bot.pk,
            "fencing_token": self.bot.fencing_token,
            "intent": intent((self.cheap.pk, self.dear.pk)),
            "now": timezone.now(),
        }
        return plan_open(**(asked | more))

    def intent(self, **more: Any) -> Any:
        return intent((self.cheap.pk, self.dear.pk), **more)

    def submit(self, plan: Plan) -> Plan:
        tasks.plan_submit(workspace_id=plan.workspace_id, plan_id=plan.pk)
        plan.refresh_from_db()
        return plan

    def age(self, plan: Plan, *, seconds: int = 60) -> None:
        """Let a plan and its orders be that much older: what a sweeper waits for."""
        earlier = timedelta(seconds=seconds)
        Plan.objects.filter(pk=plan.pk).update(opened_at=plan.opened_at - earlier)
        for order in Order.objects.filter(plan=plan):
            order.placed_at -= earlier
            order.sent_at = order.sent_at and order.sent_at - earlier
            order.save()

    def sweep(self, rounds: int = 8) -> None:
        """Every sweeper, some rounds, as beat would run them."""
        for _ in range(rounds):
            tasks.order_sweep()
            tasks.plan_sweep()

    def agree(self) -> None:
        """Our books and the venues' own: every execution, once."""
        from apps.trading.models import Fill

        ours = {
            (fill.connection_id, fill.venue_trade_id, fill.quantity)
            for fill in Fill.objects.filter(workspace_id=self.actor.workspace_id)
        }
        theirs = {
            (number, trade.venue_trade_id, trade.quantity)
            for number, venue in self.venues.items()
            for _, receipt in venue.orders.values()
            for trade in receipt.trades
        }
        assert ours == theirs


def desk_for(name: str) -> Desk:
    actor = person(name).actor
    now = timezone.now()
    plan_set(
        actor=Actor.platform(actor.workspace_id),
        workspace_id=actor.workspace_id,
        plan="power",
        now=now,
    )
    cheap, dear = connection(actor), connection(actor, "practice.beta")
    for each in (cheap, dear):
        balances_record(
            workspace_id=actor.workspace_id,
            connection_id=each.pk,
            balances=[
                Balance(asset="USDT", free=D(10_000), used=D(0)),
                Balance(asset="BTC", free=D(10), used=D(0)),
            ],
            now=now,
        )
    aligned(cheap, dear)
    bot = bots.bot_create(
        actor=actor,
        name="Spread",
        strategy="arbitrage",
        params=PARAMS,
        connection_ids=[cheap.pk, dear.pk],
        now=now,
    )
    bot = bots.bot_start(actor=actor, bot_id=bot.pk, now=now)
    venues = {cheap.pk: LedgerVenue(D(100)), dear.pk: LedgerVenue(D(101))}
    return Desk(actor, cheap, dear, bot, venues)


@pytest.fixture
def desk(db: None, monkeypatch: pytest.MonkeyPatch) -> Desk:
    made = desk_for("alice")
    monkeypatch.setattr(sending, "client_of", lambda number, need: made.venues[number])
    monkeypatch.setattr(sending, "clients_of", lambda numbers, need: made.venues)
    return made
