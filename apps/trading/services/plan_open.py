"""The gate for plans: nothing multi-legged is traded without passing here."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction

from apps.core import audit, outbox
from apps.core.domain.events import Event
from apps.core.domain.money import ZERO, plain
from apps.core.domain.people import Actor, Role
from apps.trading import locks
from apps.trading.domain import risk
from apps.trading.domain.events import PlanDenied, PlanOpened
from apps.trading.domain.orders import OrderStatus, client_order_id_new
from apps.trading.domain.plans import LegSpec, PlanIntent, PlanKind, PlanStatus
from apps.trading.domain.plans import Role as OrderRole
from apps.trading.domain.records import legs_dump
from apps.trading.models import CapitalReservation, Order, Plan, RiskDecision
from apps.trading.services import gate
from apps.venues.domain.ports import OrderKind, Side, TimeInForce

HOST = socket.gethostname()


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
    actor.require(Role.TRADER)
    account = locks.trading_account(actor.workspace_id)
    wanted = gate.plan_wanted(intent)
    refusal = risk.decide(
        wanted, gate.plan_context(account, bot_id, fencing_token, caps, intent, now)
    )
    plan = _plan_store(actor.workspace_id, bot_id, fencing_token, intent, refusal.allowed, now)
    RiskDecision.objects.create(
        workspace_id=actor.workspace_id,
        plan=plan,
        rule=refusal.rule,
        code=refusal.code,
        params=dict(refusal.params),
        at=now,
    )
    if refusal.allowed:
        orders_store(plan, intent.legs[: _at_once(intent)], intent.quantity, now)
        _reserve(plan, wanted.spends, now)
    _announce(plan, refusal, actor, now)
    return plan


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
    """The legs' orders, PLANNED, with ids that the venue will know them by."""
    return Order.objects.bulk_create(
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
            quantity=quantity,
            limit_price=limit_price or leg.limit_price,
            time_in_force=TimeInForce.IOC,
            status=OrderStatus.PLANNED,
            placed_at=now,
            valid_until=valid_until or plan.valid_until,
        )
        for leg in legs
    )


def _at_once(intent: PlanIntent) -> int:
    return len(intent.legs) if intent.kind is PlanKind.PARALLEL else 1


def _plan_store(
    workspace_id: int,
    bot_id: int | None,
    fencing_token: int | None,
    intent: PlanIntent,
    allowed: bool,
    now: datetime,
) -> Plan:
    nothing = None if allowed else ZERO
    return Plan.objects.create(
        workspace_id=workspace_id,
        bot_id=bot_id,
        kind=intent.kind,
        status=PlanStatus.PLANNED if allowed else PlanStatus.DENIED,
        symbol=intent.symbol,
        base=intent.base,
        quote=intent.quote,
        quantity=intent.quantity,
        legs=legs_dump(intent.legs),
        expected_net=round(intent.expected_net, 18),
        expected_profit=round(intent.expected_profit, 18),
        max_unwind_loss=intent.max_unwind_loss,
        fencing_token=fencing_token,
        book_received_ns=intent.book_received_ns,
        engine_host=HOST,
        opened_at=now,
        valid_until=now + intent.valid_for,
        closed_at=None if allowed else now,
        pnl=nothing,
        spread_captured=nothing,
        fees=nothing,
        slippage=nothing,
    )


def _reserve(plan: Plan, spends: dict[risk.Claim, Decimal] | Any, now: datetime) -> None:
    CapitalReservation.objects.bulk_create(
        CapitalReservation(
            workspace_id=plan.workspace_id,
            bot_id=plan.bot_id,
            plan=plan,
            connection_id=connection_id,
            asset=asset,
            amount=needed,
            at=now,
        )
        for (connection_id, asset), needed in spends.items()
    )


def _announce(plan: Plan, refusal: risk.Refusal, actor: Actor, now: datetime) -> None:
    workspace_id, plan_id, bot_id = plan.workspace_id, plan.pk, plan.bot_id
    event: Event = PlanOpened(workspace_id=workspace_id, plan_id=plan_id, bot_id=bot_id)
    if not refusal.allowed:
        event = PlanDenied(
            workspace_id=workspace_id, plan_id=plan_id, bot_id=bot_id, rule=refusal.rule
        )
    audit.record(event, actor=actor, at=now, symbol=plan.symbol, quantity=plain(plan.quantity))
    outbox.publish(event)
