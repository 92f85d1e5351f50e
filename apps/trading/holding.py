"""A venue refused to close because funds are wanting: ask it what it holds, and note the answer.

Only an answer counts. A failed question leaves the plan as it was: it tries again, and in the end
asks for a person. What rests in other orders is held too.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import structlog
from django.utils import timezone

from apps.core.domain.errors import CryonelError
from apps.core.domain.people import Actor
from apps.trading import sending
from apps.trading.domain.legs import assets_of
from apps.trading.domain.plans import Role
from apps.trading.services import plan_run
from apps.venues.domain.errors import RefusalReason, VenueRejected
from apps.venues.domain.ports import Need, Side

logger = structlog.get_logger(__name__)


def holding_ask(*, actor: Actor, order: Any, refusal: CryonelError | None) -> None:
    """For an unwinding order that was refused for want of funds; anything else is left alone."""
    if order.role != Role.UNWIND or not isinstance(refusal, VenueRejected):
        return
    if refusal.reason is not RefusalReason.INSUFFICIENT_FUNDS:
        return
    base, quote = assets_of(order.symbol)
    asset = quote if order.side == Side.BUY else base
    try:
        balances = sending.client_of(order.connection_id, need=Need.VIEW).balances()
    except CryonelError as e:
        logger.info("plan.holding_unknown", order_id=order.pk, code=e.code)
        return
    held = sum((each.total for each in balances if each.asset == asset), Decimal(0))
    plan_run.plan_held_note(
        actor=actor, plan_id=order.plan_id, order_id=order.pk, held=held, now=timezone.now()
    )
