"""A plan on its way: claimed for sending, driven on by what came back, booked at its end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from django.db import transaction

from apps.core import audit, outbox
from apps.core.domain.people import Actor
from apps.trading import locks
from apps.trading.domain import plans, pnl
from apps.trading.domain.bots import BotStatus
from apps.trading.domain.events import PlanClosed, PlanContinued, PlanSubmitted
from apps.trading.domain.orders import LIVE, OrderStatus
from apps.trading.domain.plans import PlanStatus, Role
from apps.trading.domain.records import legs_load
from apps.trading.models import CapitalReservation, Fill, Order, Plan
from apps.trading.services.plan_open import orders_store
from apps.venues.domain.ports import Side

CLOSING_VALID_FOR = timedelta(seconds=30)  # to send a completion or an unwind


@transaction.atomic
def plan_claim(*, actor: Actor, plan_id: int, now: datetime) -> list[Order]:
    """PLANNED to SUBMITTING for all waiting orders of a plan: all for one caller, else none.

    Opening legs need: no halt, still valid, the bot running under the plan's fencing token.
    What brings a plan back into balance goes out even under a halt: it closes exposure.
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
    opening = all(order.role == Role.OPEN for order in waiting)
    if opening and (account.halted or not _holds(plan)):
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
    orders = list(Order.objects.filter(plan=plan).order_by("pk"))
    if plan.status == PlanStatus.DENIED or not orders:
        return plans.Wait()
    facts = facts_of(plan, orders)
    step = plans.next_step(facts, now)
    if isinstance(step, plans.Place):
        _continue(plan, facts, step, actor, now)
    elif isinstance(step, plans.Finish):
        _finish(plan, step, prices or {}, actor, now)
    return step


def facts_of(plan: Plan, orders: Sequence[Order]) -> plans.PlanFacts:
    return plans.PlanFacts(
        kind=plans.PlanKind(plan.kind),
        quantity=plan.quantity,
        legs=legs_load(plan.legs),
        orders=tuple(
            plans.OrderFact(
                leg_no=order.leg_no,
                role=Role(order.role),
                side=Side(order.side),
                in_flight=OrderStatus(order.status) in LIVE,
                filled=order.filled,
            )
            for order in orders
        ),
        valid_until=plan.valid_until,
        last_order_at=max(order.placed_at for order in orders),
        max_unwind_loss=plan.max_unwind_loss,
    )


def _continue(
    plan: Plan, facts: plans.PlanFacts, step: plans.Place, actor: Actor, now: datetime
) -> None:
    leg = next(each for each in facts.legs if each.leg_no == step.leg_no)
    opening = step.role is Role.OPEN
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
    if not opening:
        Plan.objects.filter(pk=plan.pk).update(status=PlanStatus.COMPLETING, closed_at=None)
    event = PlanContinued(workspace_id=plan.workspace_id, plan_id=plan.pk, role=step.role.value)
    audit.record(event, actor=actor, at=now, quantity=str(step.quantity))
    outbox.publish(event)


def _finish(
    plan: Plan,
    step: plans.Finish,
    prices: Mapping[str, Decimal],
    actor: Actor,
    now: datetime,
) -> None:
    earned = pnl_of(plan, prices)
    before = (plan.status, plan.pnl, plan.residual)
    plan.status, plan.reason, plan.residual = step.status, step.reason, step.residual
    plan.pnl, plan.spread_captured = earned.pnl, earned.spread_captured
    plan.fees, plan.slippage, plan.pnl_note = earned.fees, earned.slippage, earned.note
    if (plan.status, plan.pnl, plan.residual) == before:
        return  # told again, nothing new
    plan.closed_at = now
    plan.save(
        update_fields=[
            "status", "reason", "residual", "pnl", "spread_captured", "fees", "slippage",
            "pnl_note", "closed_at",
        ]
    )  # fmt: skip
    CapitalReservation.objects.filter(plan=plan, released_at=None).update(released_at=now)
    event = PlanClosed(
        workspace_id=plan.workspace_id, plan_id=plan.pk, bot_id=plan.bot_id, status=step.status
    )
    audit.record(event, actor=actor, at=now, pnl=str(earned.pnl), residual=str(step.residual))
    outbox.publish(event)


def pnl_of(plan: Plan, prices: Mapping[str, Decimal]) -> pnl.PlanPnl:
    """What the plan's booked fills earned."""
    legs = legs_load(plan.legs)
    rates = {leg.leg_no: leg.fee_rate for leg in legs}
    references = {leg.side: leg.reference_price for leg in legs}
    fills = Fill.objects.filter(order__plan=plan).select_related("order").order_by("pk")
    return pnl.plan_pnl(
        [
            pnl.FillFact(
                side=Side(fill.side),
                unwinding=fill.order.role == Role.UNWIND,
                quantity=fill.quantity,
                price=fill.price,
                limit_price=fill.order.limit_price or references[Side(fill.side)],
                fee=fill.fee,
                fee_asset=fill.fee_asset,
                fee_rate=rates[fill.order.leg_no],
            )
            for fill in fills
        ],
        base=plan.base,
        quote=plan.quote,
        buy_reference=references[Side.BUY],
        sell_reference=references[Side.SELL],
        prices=prices,
    )
