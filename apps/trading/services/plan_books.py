"""A plan's rows as the facts that the machine decides on, and what its fills earned."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal

from django.db.models import QuerySet

from apps.trading.domain import plans, pnl
from apps.trading.domain.legs import RESTING
from apps.trading.domain.orders import LIVE, OrderStatus
from apps.trading.domain.plans import PlanStatus, Role
from apps.trading.domain.records import legs_load
from apps.trading.models import Fill, Order, Plan
from apps.venues.domain.ports import Side


def orders_of(plan: Plan) -> QuerySet[Order]:
    """Every order of a plan with its fills, in the order they were made."""
    return Order.objects.filter(plan=plan).prefetch_related("fills").order_by("pk")


def facts_of(plan: Plan, orders: Sequence[Order], *, stopped: bool = False) -> plans.PlanFacts:
    return plans.PlanFacts(
        kind=plans.PlanKind(plan.kind),
        quantity=plan.quantity,
        legs=legs_load(plan.legs),
        orders=tuple(_fact(order) for order in orders),
        valid_until=plan.valid_until,
        last_order_at=max(order.placed_at for order in orders),
        max_unwind_loss=plan.max_unwind_loss,
        home=frozenset(plan.home or (plan.quote,)),
        forgiven=plan.forgiven,
        stopped=stopped,
    )


def _fact(order: Order) -> plans.OrderFact:
    """value is what its fills say; where a venue named no price, the order's limit stands in."""
    fills = list(order.fills.all())
    fees: dict[str, Decimal] = defaultdict(Decimal)
    for fill in fills:
        if fill.fee:
            fees[fill.fee_asset] += fill.fee
    prices = [fill.price if fill.price is not None else order.limit_price for fill in fills]
    known = all(price is not None for price in prices)
    paid = (fill.quantity * (price or 0) for fill, price in zip(fills, prices, strict=True))
    return plans.OrderFact(
        leg_no=order.leg_no,
        role=Role(order.role),
        side=Side(order.side),
        in_flight=OrderStatus(order.status) in LIVE,
        filled=order.filled,
        quantity=order.quantity,
        value=sum(paid, Decimal(0)) if known and order.filled else None,
        fees=tuple(sorted(fees.items())),
        rests=order.time_in_force in RESTING,
        cancelling=order.cancel_requested_at is not None,
        held=order.held_after,
    )


def is_handled(plan: Plan) -> bool:
    """A person took care of what was left, and no fill was booked since."""
    if plan.handled_at is None:
        return False
    return not Fill.objects.filter(order__plan=plan, booked_at__gt=plan.handled_at).exists()


def reopen(plan: Plan) -> None:
    """It is on its way again: being completed or unwound."""
    plan.status, plan.closed_at = PlanStatus.COMPLETING, None
    plan.save(update_fields=["status", "closed_at"])


def pnl_of(plan: Plan, prices: Mapping[str, Decimal]) -> pnl.PlanPnl:
    """What the plan's booked fills earned."""
    legs = legs_load(plan.legs)
    specs = {leg.leg_no: leg for leg in legs}
    fills = Fill.objects.filter(order__plan=plan).select_related("order").order_by("pk")
    return pnl.plan_pnl(
        [
            pnl.FillFact(
                leg_no=fill.order.leg_no,
                side=Side(fill.side),
                unwinding=fill.order.role == Role.UNWIND,
                quantity=fill.quantity,
                price=fill.price,
                limit_price=fill.order.limit_price or specs[fill.order.leg_no].reference_price,
                fee=fill.fee,
                fee_asset=fill.fee_asset,
                fee_rate=specs[fill.order.leg_no].fee_rate,
            )
            for fill in fills
        ],
        legs=legs,
        quote=plan.quote,
        prices=prices,
        home=frozenset(plan.home or (plan.quote,)),
    )
