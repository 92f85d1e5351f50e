"""What follows the claim of a plan's orders, for whoever claimed them: a worker or the engine.

The claim is committed, no transaction is open: send all at once, record each outcome, drive the
plan on. A crash anywhere in here leaves orders SUBMITTING on purpose: order_reconcile asks the
venue about their ids. Nothing here ever sends twice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.utils import timezone

from apps.core.domain.people import Actor
from apps.trading import crash_points, selectors, sending
from apps.trading.holding import holding_ask
from apps.trading.sending import Sent
from apps.trading.services import connections, order_record, plan_run
from apps.trading.services.plan_open import HOST
from apps.venues.domain.ports import TradingVenue


def plan_execute(
    *, actor: Actor, orders: Sequence[Any], clients: Mapping[int, TradingVenue] | None = None
) -> None:
    """Send claimed orders of one plan and book what came of them.

    `clients` by connection, where the caller has them ready; otherwise they are asked for.
    """
    plan = orders[0].plan
    crash_points.passing(crash_points.AFTER_CLAIM)
    outcomes = sending.send_all(orders, clients)
    crash_points.passing(crash_points.AFTER_SEND)
    book_ns = plan.book_received_ns if plan.engine_host == HOST else None
    for order, outcome in zip(orders, outcomes, strict=True):
        outcome_record(actor=actor, sent=outcome, book_ns=book_ns)
        holding_ask(actor=actor, order=order, refusal=outcome.refusal)
        crash_points.passing(crash_points.AFTER_ONE_RECORD)
    crash_points.passing(crash_points.BEFORE_ADVANCE)
    plan_advance(actor=actor, plan_id=plan.pk)


def plan_advance(*, actor: Actor, plan_id: int) -> None:
    """The next thing the plan needs, with the prices that its end is booked at."""
    prices = selectors.third_asset_prices(plan_id=plan_id)
    plan_run.plan_advance(actor=actor, plan_id=plan_id, prices=prices, now=timezone.now())


def outcome_record(*, actor: Actor, sent: Sent, book_ns: int | None) -> None:
    """Store what came of one order; a refusal that will last pauses the connection's bots.

    book_ns: this machine's monotonic clock when the deciding book arrived, if it was here.
    """
    now: datetime = timezone.now()
    if sent.refusal is not None:
        reason = f"{sent.refusal.code}: {sent.refusal}"
        order_record.order_reject(actor=actor, order_id=sent.order_id, reason=reason, now=now)
        if problem := connections.lasting_problem(sent.refusal):
            problem = sending.measured(problem, sent.connection_id)
            connections.bots_pause_for(connection_id=sent.connection_id, problem=problem, now=now)
    elif sent.receipt is not None:
        order_record.order_record_receipt(
            actor=actor,
            order_id=sent.order_id,
            receipt=sent.receipt,
            now=now,
            round_trip_us=(sent.answered_ns - sent.sent_ns) // 1000,
            tick_to_order_us=None if book_ns is None else (sent.sent_ns - book_ns) // 1000,
        )
