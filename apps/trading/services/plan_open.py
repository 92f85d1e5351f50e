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
from apps.trading.models import CapitalReservation, Order, Plan, RiskDecision, TradingAccount
from apps.trading.selectors import exposure
from apps.trading.selectors.exposure import GateBot
from apps.trading.strategies.parameters import params_parse
from apps.trading.strategies.registry import strategy_type
from apps.venues.domain.ports import OrderKind, Side, TimeInForce
from apps.venues.selectors import connection_list

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
    bot = None if bot_id is None else exposure.gate_bot(actor.workspace_id, bot_id)
    wanted = _wanted(intent)
    context = _context(account, bot, bot_id, fencing_token, caps, intent, now)
    refusal = risk.decide(wanted, context)
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


def _wanted(intent: PlanIntent) -> risk.Wanted:
    spends: dict[risk.Claim, Decimal] = {}
    for leg in intent.legs:
        claim, needed = _spend(leg, intent)
        spends[claim] = spends.get(claim, ZERO) + needed
    sides = sorted(leg.side for leg in intent.legs)
    return risk.Wanted(
        symbol=intent.symbol,
        notional=intent.notional,
        sizes=tuple((intent.quantity, leg.limit_price, leg.rules) for leg in intent.legs),
        spends=spends,
        equal_legs=sides == [Side.BUY, Side.SELL]
        and {leg.symbol for leg in intent.legs} == {intent.symbol},
        book_ages=intent.book_ages,
    )


def _spend(leg: LegSpec, intent: PlanIntent) -> tuple[risk.Claim, Decimal]:
    """What a leg may use up at most: quote with its fee for a buy, base for a sale."""
    if leg.side is Side.BUY:
        worst = intent.quantity * leg.limit_price * (1 + max(leg.fee_rate, ZERO))
        return (leg.connection_id, intent.quote), worst
    return (leg.connection_id, intent.base), intent.quantity


def _context(
    account: TradingAccount,
    bot: GateBot | None,
    bot_id: int | None,
    fencing_token: int | None,
    caps: risk.Caps | None,
    intent: PlanIntent,
    now: datetime,
) -> risk.RiskContext:
    workspace_id = account.workspace_id
    counts = exposure.plan_counts(workspace_id, bot_id, intent.symbol, now)
    return risk.RiskContext(
        now=now,
        halted=account.halted,
        running=bot_id is None or (bot is not None and bot.status == "RUNNING"),
        fenced=bot is not None and bot.fencing_token != fencing_token,
        connections_fit=_fit(workspace_id, bot_id, bot, intent),
        account_max_notional=account.max_notional,
        account_daily_loss=account.daily_loss_limit,
        account_loss_today=exposure.loss(counts.pnl_all),
        caps=caps or _caps(bot),
        open_plans=counts.open_plans,
        plans_hour=counts.plans_hour,
        plans_day=counts.plans_day,
        loss_day=exposure.loss(counts.pnl_day),
        last_failure_at=counts.last_failure_at,
        failures_hour=counts.failures_hour,
        free=dict(exposure.free_capital(workspace_id)),
    )


def _caps(bot: GateBot | None) -> risk.Caps:
    if bot is None:
        return risk.Caps()
    kind = strategy_type(bot.strategy)
    return kind.caps(params_parse(kind.params_type, bot.params))


def _fit(workspace_id: int, bot_id: int | None, bot: GateBot | None, intent: PlanIntent) -> bool:
    """Every leg's connection is the workspace's, active, and the bot's own."""
    wanted = {leg.connection_id for leg in intent.legs}
    if bot_id is not None:
        return bot is not None and wanted <= bot.connections
    mine = connection_list(reader=Actor.platform(workspace_id))
    return wanted <= {each.pk for each in mine if each.status == "ACTIVE"}


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
