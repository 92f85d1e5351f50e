"""Celery entry points. A task decides nothing; it claims, calls out, records."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from celery import shared_task
from django.utils import timezone

from apps.core.domain.errors import CryonelError, VenueFailed
from apps.core.domain.people import Actor
from apps.trading import crash_points, selectors
from apps.trading.domain.plans import Place, Wait
from apps.trading.services import order_record, plan_run
from apps.venues.domain.errors import VenueOutcomeUnknown
from apps.venues.domain.ports import (
    Need,
    OrderKind,
    OrderReceipt,
    OrderTicket,
    Side,
    TimeInForce,
    TradingVenue,
)
from cryonel.celery import app as celery_app

celery_app.set_default()  # also where no worker runs: delay() speaks through this app
logger = structlog.get_logger(__name__)

FORGOTTEN_AFTER = timedelta(seconds=5)  # a PLANNED order this old was lost on its way
SILENT_AFTER = timedelta(seconds=3)  # an order sent this long ago is asked about
NEVER_LEFT = "NOT_SENT"
NEVER_ARRIVED = "NEVER_ARRIVED"
_senders = ThreadPoolExecutor(max_workers=16, thread_name_prefix="send")


def client_of(connection_id: int, *, need: Need) -> TradingVenue:
    """The connection's client. Imported at first use: who only enqueues pays for no venue."""
    from apps.venues.services import client_for

    return client_for(connection_id, need=need)


@dataclass(frozen=True, slots=True)
class Sent:
    """What came of one order: a receipt, a proven refusal, or neither (unknown)."""

    order_id: int
    receipt: OrderReceipt | None
    refusal: str
    sent_ns: int
    answered_ns: int


@shared_task(name="trading.plan_submit", acks_late=True, ignore_result=True)
def plan_submit(*, workspace_id: int, plan_id: int, **_newer_arguments: object) -> None:
    """Send a plan's waiting orders at most once, at the same time, however often delivered.

    A crash after the claim leaves SUBMITTING behind on purpose: order_reconcile asks the venue
    about the client order id. Nothing here ever sends twice.
    """
    actor = Actor.platform(workspace_id)
    crash_points.passing(crash_points.BEFORE_CLAIM)
    orders = plan_run.plan_claim(actor=actor, plan_id=plan_id, now=timezone.now())
    if not orders:
        return
    crash_points.passing(crash_points.AFTER_CLAIM)
    book_ns = orders[0].plan.book_received_ns
    outcomes = _send_all([(order.pk, order.connection_id, _ticket(order)) for order in orders])
    crash_points.passing(crash_points.AFTER_SEND)
    for outcome in outcomes:
        _record(actor, outcome, book_ns)
        crash_points.passing(crash_points.AFTER_ONE_RECORD)
    crash_points.passing(crash_points.BEFORE_ADVANCE)
    _advance(actor, plan_id)


@shared_task(name="trading.order_reconcile", ignore_result=True)
def order_reconcile(*, workspace_id: int, order_id: int) -> None:
    """Ask the venue what became of an order we sent. Asking is always safe to repeat."""
    actor = Actor.platform(workspace_id)
    order = selectors.order_get(reader=actor, order_id=order_id)
    now = timezone.now()
    try:
        receipt = client_of(order.connection_id, need=Need.VIEW).find_order(
            order.client_order_id, order.symbol, sent_for=now - (order.sent_at or now)
        )
    except CryonelError as e:
        logger.info("order.still_unknown", order_id=order_id, code=e.code)
        return  # the next round asks again
    now = timezone.now()
    if receipt is None:
        order_record.order_reject(actor=actor, order_id=order_id, reason=NEVER_ARRIVED, now=now)
    else:
        order_record.order_record_receipt(actor=actor, order_id=order_id, receipt=receipt, now=now)
    if order.plan_id is not None:
        _advance(actor, order.plan_id)


@shared_task(name="trading.order_sweep", ignore_result=True)
def order_sweep() -> None:
    """No order is forgotten, whatever the outbox says about its message."""
    now = timezone.now()
    plans_waiting = set()
    for workspace_id, order_id, plan_id, valid_until in selectors.order_keys_waiting(
        placed_before=now - FORGOTTEN_AFTER
    ):
        if valid_until <= now:
            actor = Actor.platform(workspace_id)
            order_record.order_expire(actor=actor, order_id=order_id, now=now)
        elif plan_id is not None:
            plans_waiting.add((workspace_id, plan_id))
    for workspace_id, plan_id in sorted(plans_waiting):
        plan_submit.delay(workspace_id=workspace_id, plan_id=plan_id)
    for workspace_id, order_id in selectors.order_keys_unsettled(sent_before=now - SILENT_AFTER):
        order_reconcile.delay(workspace_id=workspace_id, order_id=order_id)


@shared_task(name="trading.plan_sweep", ignore_result=True)
def plan_sweep() -> None:
    """Drive on every plan whose worker died between its orders and its end."""
    now = timezone.now()
    for workspace_id, plan_id in selectors.plan_keys_alive(opened_before=now - SILENT_AFTER):
        _advance(Actor.platform(workspace_id), plan_id)


def _advance(actor: Actor, plan_id: int) -> Place | Wait | object:
    return plan_run.plan_advance(actor=actor, plan_id=plan_id, now=timezone.now())


def _ticket(order: object) -> OrderTicket:
    return OrderTicket(
        client_order_id=order.client_order_id,
        symbol=order.symbol,
        side=Side(order.side),
        kind=OrderKind(order.kind),
        quantity=order.quantity,
        limit_price=order.limit_price,
        time_in_force=TimeInForce(order.time_in_force),
    )


def _send_all(jobs: Sequence[tuple[int, int, OrderTicket]]) -> list[Sent]:
    """Every leg at the same moment. Clients are made ready first: their making may be slow."""
    ready: list[tuple[int, TradingVenue | None, OrderTicket, str]] = []
    for order_id, connection_id, ticket in jobs:
        try:
            client: TradingVenue | None = client_of(connection_id, need=Need.TRADE)
            problem = ""
        except CryonelError as e:
            client, problem = None, f"{NEVER_LEFT}:{e.code}"
        ready.append((order_id, client, ticket, problem))
    if any(client is None for _, client, _, _ in ready):  # one leg cannot go: let none go
        reason = next(problem for _, _, _, problem in ready if problem)
        return [Sent(order_id, None, reason, 0, 0) for order_id, _, _, _ in ready]
    futures = [
        _senders.submit(_send, order_id, client, ticket)
        for order_id, client, ticket, _ in ready[1:]
        if client is not None
    ]
    first = ready[0]
    assert first[1] is not None
    return [_send(first[0], first[1], first[2]), *(future.result() for future in futures)]


def _send(order_id: int, client: TradingVenue, ticket: OrderTicket) -> Sent:
    """Network: no transaction is open here. Raises nothing that was foreseen."""
    started = time.monotonic_ns()
    receipt, refusal = None, ""
    try:
        receipt = client.place_order(ticket)
    except VenueOutcomeUnknown as e:
        logger.warning("order.outcome_unknown", order_id=order_id, code=e.code)
    except VenueFailed as e:
        refusal = f"{e.code}:{e}" if e.outcome_known else ""
    except CryonelError as e:
        refusal = f"{e.code}:{e}"
    return Sent(order_id, receipt, refusal, started, time.monotonic_ns())


def _record(actor: Actor, sent: Sent, book_ns: int | None) -> None:
    now: datetime = timezone.now()
    if sent.refusal:
        order_record.order_reject(actor=actor, order_id=sent.order_id, reason=sent.refusal, now=now)
    elif sent.receipt is not None:
        order_record.order_record_receipt(
            actor=actor,
            order_id=sent.order_id,
            receipt=sent.receipt,
            now=now,
            round_trip_us=(sent.answered_ns - sent.sent_ns) // 1000,
            tick_to_order_us=None if book_ns is None else (sent.sent_ns - book_ns) // 1000,
        )
