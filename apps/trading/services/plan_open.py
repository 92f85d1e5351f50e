"""The gate for plans: nothing multi-legged is traded without passing here.

Two doors, one gate. `plan_open` leaves the orders PLANNED for whoever claims them from the queue;
`plan_open_claimed` is for a caller that sends at once: opening and claiming are one transaction.
"""

from __future__ import annotations

import socket
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import transaction

from apps.core import audit, outbox, rows
from apps.core.domain.events import Event
from apps.core.domain.money import ZERO, plain
from apps.core.domain.people import Actor, Role
from apps.trading import locks
from apps.trading.domain import risk
from apps.trading.domain.events import PlanDenied, PlanOpened, PlanQueued, PlanSubmitted
from apps.trading.domain.orders import OrderStatus, client_order_id_new
from apps.trading.domain.plans import LegSpec, PlanIntent, PlanKind, PlanStatus
from apps.trading.domain.plans import Role as OrderRole
from apps.trading.domain.records import legs_dump
from apps.trading.models import CapitalReservation, Order, Plan
from apps.trading.services import gate
from apps.venues.domain.ports import OrderKind, Side, TimeInForce

HOST = socket.gethostname()


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A plan that somebody wants, and for whom."""

    actor: Actor
    bot_id: int | None
    fencing_token: int | None
    intent: PlanIntent
    now: datetime
    caps: risk.Caps | None = None


@transaction.atomic
def plan_open(
    *,
    actor: Actor,
    bot_id: int | None,
    fencing_token: int | None,
    intent: PlanIntent,
    now: datetime,
    caps: risk.Caps | None = None,
) -> Plan:
    """Store a plan with its legs, PLANNED when allowed, DENIED with the rule when not.

    A refusal returns instead of raising (an exception would undo the record). `caps` is for
    plans without a bot; a bot's own come from its parameters.
    """
    asked = Asked(
        actor=actor, bot_id=bot_id, fencing_token=fencing_token, intent=intent, now=now, caps=caps
    )
    return _open(asked, claimed=False)[0]


@transaction.atomic
def plan_open_claimed(
    *, actor: Actor, bot_id: int, fencing_token: int, intent: PlanIntent, now: datetime
) -> tuple[Plan, list[Order]]:
    """The same for a caller that sends the first orders itself, and does so right after commit.

    They are stored SUBMITTING: nobody else can claim them, and what a crash leaves unsent is found
    by the probe like any order without an answer. No orders: DENIED. What `plan_claim` checks, the
    gate checks here under the same lock: the halt, the bot running under its token, validity.
    """
    asked = Asked(actor=actor, bot_id=bot_id, fencing_token=fencing_token, intent=intent, now=now)
    return _open(asked, claimed=True)


def _open(asked: Asked, *, claimed: bool) -> tuple[Plan, list[Order]]:
    asked.actor.require(Role.TRADER)
    intent, now = asked.intent, asked.now
    legs = intent.legs[: _at_once(intent)]
    account, (plan_id, *order_ids) = locks.trading_account_for_plan(
        asked.actor.workspace_id, len(legs)
    )
    wanted = gate.plan_wanted(intent)
    refusal = risk.decide(
        wanted,
        gate.plan_context(account, asked.bot_id, asked.fencing_token, asked.caps, intent, now),
    )
    plan = _plan(plan_id, asked, _status(refusal, claimed))
    decision = gate.decision_of(refusal, workspace_id=plan.workspace_id, at=now)
    decision.plan = plan
    orders: list[Order] = []
    reserved: list[CapitalReservation] = []
    if refusal.allowed:
        orders = _orders(plan, legs, intent.quantity, now, claimed=claimed)
        for order, number in zip(orders, order_ids, strict=True):
            order.pk = number
        reserved = _reservations(plan, wanted, now)
    events = _events(plan, refusal, claimed)
    told, heard = outbox.unheard(*events)
    entries = audit.entries(
        [event for event in events if not isinstance(event, PlanQueued)],
        actor=asked.actor,
        at=now,
        symbol=plan.symbol,
        quantity=plain(plan.quantity),
        orders=[order.client_order_id for order in orders],
    )
    rows.insert(plan, decision, *orders, *reserved, *entries, *told)
    outbox.publish(*heard)
    return plan, orders


def orders_store(
    plan: Plan,
    legs: Sequence[LegSpec],
    quantity: Decimal,
    now: datetime,
    *,
    role: OrderRole = OrderRole.OPEN,
    side: Side | None = None,
    limit_price: Decimal | None = None,
    valid_until: datetime | None = None,
) -> list[Order]:
    """The legs' further orders, PLANNED, with ids that the venue will know them by."""
    return Order.objects.bulk_create(
        _orders(
            plan,
            legs,
            quantity,
            now,
            role=role,
            side=side,
            limit_price=limit_price,
            valid_until=valid_until,
        )
    )


def _orders(
    plan: Plan,
    legs: Sequence[LegSpec],
    quantity: Decimal,
    now: datetime,
    *,
    role: OrderRole = OrderRole.OPEN,
    side: Side | None = None,
    limit_price: Decimal | None = None,
    valid_until: datetime | None = None,
    claimed: bool = False,
) -> list[Order]:
    """Without a limit: the opening legs, each by its ratio and at its own limit."""
    return [
        Order(
            workspace_id=plan.workspace_id,
            bot_id=plan.bot_id,
            plan=plan,
            leg_no=leg.leg_no,
            role=role,
            connection_id=leg.connection_id,
            venue=leg.venue,
            symbol=leg.symbol,
            client_order_id=client_order_id_new(),
            side=side or leg.side,
            kind=OrderKind.LIMIT,
            quantity=quantity if limit_price else quantity * leg.ratio,
            limit_price=limit_price or leg.limit_price,
            time_in_force=leg.time_in_force if role is OrderRole.OPEN else TimeInForce.IOC,
            status=OrderStatus.SUBMITTING if claimed else OrderStatus.PLANNED,
            placed_at=now,
            sent_at=now if claimed else None,
            valid_until=valid_until or plan.valid_until,
        )
        for leg in legs
    ]


def _at_once(intent: PlanIntent) -> int:
    return len(intent.legs) if intent.kind is PlanKind.PARALLEL else 1


def _status(refusal: risk.Refusal, claimed: bool) -> PlanStatus:
    if not refusal.allowed:
        return PlanStatus.DENIED
    return PlanStatus.EXECUTING if claimed else PlanStatus.PLANNED


def _plan(plan_id: int, asked: Asked, status: PlanStatus) -> Plan:
    intent, now = asked.intent, asked.now
    denied = status is PlanStatus.DENIED
    nothing = ZERO if denied else None
    return Plan(
        pk=plan_id,
        workspace_id=asked.actor.workspace_id,
        bot_id=asked.bot_id,
        kind=intent.kind,
        status=status,
        symbol=intent.symbol,
        base=intent.base,
        quote=intent.quote,
        quantity=intent.quantity,
        legs=legs_dump(intent.legs),
        home=sorted(intent.homes),
        expected_net=round(intent.expected_net, 18),
        expected_profit=round(intent.expected_profit, 18),
        max_unwind_loss=intent.max_unwind_loss,
        fencing_token=asked.fencing_token,
        book_received_ns=intent.book_received_ns,
        engine_host=HOST,
        opened_at=now,
        valid_until=now + intent.valid_for,
        closed_at=now if denied else None,
        pnl=nothing,
        spread_captured=nothing,
        fees=nothing,
        slippage=nothing,
    )


def _reservations(plan: Plan, wanted: risk.Wanted, now: datetime) -> list[CapitalReservation]:
    return [
        CapitalReservation(
            workspace_id=plan.workspace_id,
            bot_id=plan.bot_id,
            plan=plan,
            connection_id=connection_id,
            asset=asset,
            amount=needed,
            at=now,
        )
        for (connection_id, asset), needed in wanted.spends.items()
    ]


def _events(plan: Plan, refusal: risk.Refusal, claimed: bool) -> list[Event]:
    """What the log says; PlanQueued is what starts a worker."""
    workspace_id, plan_id, bot_id = plan.workspace_id, plan.pk, plan.bot_id
    if not refusal.allowed:
        return [
            PlanDenied(workspace_id=workspace_id, plan_id=plan_id, bot_id=bot_id, rule=refusal.rule)
        ]
    opened = PlanOpened(workspace_id=workspace_id, plan_id=plan_id, bot_id=bot_id)
    if claimed:
        return [opened, PlanSubmitted(workspace_id=workspace_id, plan_id=plan_id)]
    return [opened, PlanQueued(workspace_id=workspace_id, plan_id=plan_id)]
