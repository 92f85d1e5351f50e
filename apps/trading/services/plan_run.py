"""A plan on its way: claimed for sending, driven on by what came back, booked at its end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from django.db import transaction

from apps.core import audit, outbox
from apps.core.domain.money import booked, plain
from apps.core.domain.people import Actor
from apps.trading import locks
from apps.trading.domain import plans
from apps.trading.domain.bots import BotStatus
from apps.trading.domain.events import (
    OrderCancelRequested,
    PlanClosed,
    PlanContinued,
    PlanHoldingAsked,
    PlanSubmitted,
)
from apps.trading.domain.orders import LIVE, OrderStatus
from apps.trading.domain.plans import PlanStatus, Role
from apps.trading.domain.states import TradingState, strictest
from apps.trading.models import CapitalReservation, Order, Plan, TradingAccount
from apps.trading.selectors import exposure
from apps.trading.services import plan_books, tallies
from apps.trading.services.plan_open import orders_store

CLOSING_VALID_FOR = timedelta(seconds=30)  # to send a completion or an unwind


@transaction.atomic
def plan_claim(*, actor: Actor, plan_id: int, now: datetime) -> list[Order]:
    """PLANNED to SUBMITTING for all waiting orders of a plan: all for one caller, else none.

    What opens exposure needs: no halt, still valid, the bot running under the plan's token. What
    takes exposure off goes out even then: an unwind, and any leg that hedges what others filled.
    """
    account = locks.trading_account(actor.workspace_id)
    waiting = list(
        Order.objects.filter(
            workspace_id=actor.workspace_id, plan_id=plan_id, status=OrderStatus.PLANNED
        )
        .select_related("plan__bot")
        .order_by("leg_no", "pk")
    )
    if not waiting or any(order.valid_until <= now for order in waiting):
        return []
    plan = waiting[0].plan
    if not _may_go(account, plan, waiting):
        return []
    claimed = Order.objects.filter(
        pk__in=[order.pk for order in waiting],
        status=OrderStatus.PLANNED,
        valid_until__gt=now,
    ).update(status=OrderStatus.SUBMITTING, sent_at=now)
    if claimed != len(waiting):
        transaction.set_rollback(True)
        return []
    Plan.objects.filter(pk=plan_id, status=PlanStatus.PLANNED).update(status=PlanStatus.EXECUTING)
    for order in waiting:
        order.status, order.sent_at = OrderStatus.SUBMITTING, now
    event = PlanSubmitted(workspace_id=actor.workspace_id, plan_id=plan_id)
    audit.record(event, actor=actor, at=now, orders=[o.client_order_id for o in waiting])
    outbox.publish(event)
    return waiting


def _may_go(account: TradingAccount, plan: Plan, waiting: Sequence[Order]) -> bool:
    judged = [order for order in waiting if order.role != Role.UNWIND]
    if not judged or (_may_open(account, plan) and _holds(plan)):
        return True
    facts = plan_books.facts_of(plan, list(plan_books.orders_of(plan)), stopped=True)
    legs = {leg.leg_no: leg for leg in facts.legs}
    return all(plans.reduces(facts, legs[order.leg_no], order.quantity) for order in judged)


def _stopped(plan: Plan) -> bool:
    """Only a plan that could still open something asks: two legs at once were both sent."""
    if plan.kind == plans.PlanKind.PARALLEL and len(plan.legs) == 2:
        return False
    account = TradingAccount.objects.get(workspace_id=plan.workspace_id)
    return not (_may_open(account, plan) and _holds(plan))


def _may_open(account: TradingAccount, plan: Plan) -> bool:
    """Neither the platform nor the workspace nor the bot was stopped since the gate's yes."""
    states = [exposure.platform_state(), TradingState(account.state)]
    if plan.bot is not None:
        states.append(TradingState(plan.bot.trading_state))
    return strictest(states) is TradingState.ACTIVE


def _holds(plan: Plan) -> bool:
    """The plan's bot still runs under the token that the plan was opened with."""
    bot = plan.bot
    if bot is None:
        return True
    return (
        bot.status == BotStatus.RUNNING
        and bot.deleted_at is None
        and bot.fencing_token == plan.fencing_token
    )


@transaction.atomic
def plan_advance(
    *, actor: Actor, plan_id: int, prices: Mapping[str, Decimal] | None = None, now: datetime
) -> plans.Step:
    """Do the next thing a plan needs, now that its orders tell more. Safe to call any time.

    Places one completing or unwinding order (PLANNED; its event has it sent), or books and
    closes the plan. A late fill on a closed plan opens it again: facts win.
    """
    plan = locks.plan(actor.workspace_id, plan_id)
    orders = list(plan_books.orders_of(plan))
    if plan.status == PlanStatus.DENIED or not orders or plan_books.is_handled(plan):
        return plans.Wait()
    facts = plan_books.facts_of(plan, orders, stopped=_stopped(plan))
    step = plans.next_step(facts, now)
    if isinstance(step, plans.Place):
        _continue(plan, facts, step, actor, now)
    elif isinstance(step, plans.Cancel):
        _cancel(plan, step, actor, now)
    elif isinstance(step, plans.Finish):
        _finish(plan, step, prices or {}, actor, now)
    elif plan.status in plans.FINAL and any(order.in_flight for order in facts.orders):
        plan_books.reopen(plan)
    return step


@transaction.atomic
def plan_held_note(
    *, actor: Actor, plan_id: int, order_id: int, held: Decimal, now: datetime
) -> None:
    """What the venue said it holds of an asset, after it refused to close for want of funds.

    Only a refused closing order takes the note, and only once: it is a fact of that moment.
    """
    locks.plan(actor.workspace_id, plan_id)
    noted = Order.objects.filter(
        workspace_id=actor.workspace_id,
        plan_id=plan_id,
        pk=order_id,
        role=Role.UNWIND,
        status=OrderStatus.REJECTED,
        held_after=None,
    ).update(held_after=held)
    if noted:
        event = PlanHoldingAsked(
            workspace_id=actor.workspace_id, plan_id=plan_id, order_id=order_id, held=str(held)
        )
        audit.record(event, actor=actor, at=now)
        outbox.publish(event)


def _continue(
    plan: Plan, facts: plans.PlanFacts, step: plans.Place, actor: Actor, now: datetime
) -> None:
    leg = next(each for each in facts.legs if each.leg_no == step.leg_no)
    opening = step.role is Role.OPEN and now < plan.valid_until
    orders_store(
        plan,
        [leg],
        step.quantity,
        now,
        role=step.role,
        side=step.side,
        limit_price=step.limit_price,
        valid_until=None if opening else now + CLOSING_VALID_FOR,
    )
    if step.role is not Role.OPEN or plan.status in plans.FINAL:
        plan_books.reopen(plan)
    event = PlanContinued(workspace_id=plan.workspace_id, plan_id=plan.pk, role=step.role.value)
    audit.record(event, actor=actor, at=now, quantity=str(step.quantity))
    outbox.publish(event)


def _cancel(plan: Plan, step: plans.Cancel, actor: Actor, now: datetime) -> None:
    """Ask for the resting orders of a leg back; who sends cancels does so until they are final."""
    resting = Order.objects.filter(
        plan=plan, leg_no=step.leg_no, status__in=sorted(LIVE), cancel_requested_at=None
    )
    for order in resting.exclude(time_in_force__in=["IOC", "FOK"]).order_by("pk"):
        order.cancel_requested_at, order.cancel_reason = now, "VALIDITY_OVER"
        order.save(update_fields=["cancel_requested_at", "cancel_reason"])
        event = OrderCancelRequested(
            workspace_id=plan.workspace_id, order_id=order.pk, reason=order.cancel_reason
        )
        audit.record(event, actor=actor, at=now)
        outbox.publish(event)


def _finish(
    plan: Plan,
    step: plans.Finish,
    prices: Mapping[str, Decimal],
    actor: Actor,
    now: datetime,
) -> None:
    earned = plan_books.pnl_of(plan, prices)
    before = (plan.status, plan.pnl, plan.residual)
    plan.status, plan.reason, plan.residual = step.status, step.reason, booked(step.residual)
    plan.residuals = {asset: plain(amount) for asset, amount in step.residuals.items()}
    plan.pnl, plan.spread_captured = earned.pnl, earned.spread_captured
    plan.fees, plan.slippage, plan.pnl_note = earned.fees, earned.slippage, earned.note
    if (plan.status, plan.pnl, plan.residual) == before:
        return  # told again, nothing new
    plan.closed_at = now
    plan.save(
        update_fields=[
            "status", "reason", "residual", "residuals", "pnl", "spread_captured", "fees",
            "slippage", "pnl_note", "closed_at",
        ]
    )  # fmt: skip
    tallies.plan_closed(plan, before[1])
    CapitalReservation.objects.filter(plan=plan, released_at=None).update(released_at=now)
    event = PlanClosed(
        workspace_id=plan.workspace_id, plan_id=plan.pk, bot_id=plan.bot_id, status=step.status
    )
    audit.record(event, actor=actor, at=now, pnl=str(earned.pnl), residual=str(step.residual))
    outbox.publish(event)
