"""Celery entry points. A task decides nothing; it claims, calls out, records."""

from __future__ import annotations

from datetime import timedelta

import structlog
from celery import shared_task
from django.utils import timezone

from apps.core.domain.errors import CryonelError
from apps.core.domain.people import Actor
from apps.portfolio.services import balances_record
from apps.trading import arb_check, crash_points, execution, selectors, sending
from apps.trading.domain.arb_jobs import ArbJobStatus
from apps.trading.domain.findings import CloseAbsent
from apps.trading.domain.orders import OrderOrigin
from apps.trading.domain.plans import PlanStatus
from apps.trading.selectors.alignment import is_unanswered
from apps.trading.services import (
    adoption,
    arb_jobs,
    connections,
    decisions,
    order_record,
    plan_run,
    plan_watch,
)
from apps.trading.services.plan_open import plan_open
from apps.trading.strategies.arbitrage import ArbitrageParams, caps
from apps.trading.strategies.parameters import params_parse
from apps.trading.tasks_sync import connection_reconcile
from apps.venues.domain.ports import Need
from cryonel.celery import app as celery_app

celery_app.set_default()  # also where no worker runs: delay() speaks through this app
logger = structlog.get_logger(__name__)

FORGOTTEN_AFTER = timedelta(seconds=5)  # a PLANNED order this old was lost on its way
SILENT_AFTER = timedelta(seconds=3)  # an order sent this long ago is asked about
GIVEN_UP_AFTER = timedelta(minutes=1)  # an arbitrage job whose worker died is over then


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
    execution.plan_execute(actor=actor, orders=orders)


@shared_task(name="trading.order_reconcile", ignore_result=True)
def order_reconcile(*, workspace_id: int, order_id: int) -> None:
    """Ask the venue what became of an order we sent. Asking is always safe to repeat."""
    actor = Actor.platform(workspace_id)
    order = selectors.order_get(reader=actor, order_id=order_id)
    if order.origin == OrderOrigin.EXTERNAL:
        return  # not under our id: comparisons follow it
    now = timezone.now()
    vanished = bool(order.venue_order_id or order.filled)
    try:
        client = sending.client_of(order.connection_id, need=Need.VIEW)
        receipt = client.find_order(
            order.client_order_id, order.symbol, sent_for=now - (order.sent_at or now)
        )
        if receipt is None and order.venue_order_id:
            receipt = client.order_by_venue_id(order.venue_order_id, order.symbol)
    except CryonelError as e:
        logger.info("order.still_unknown", order_id=order_id, code=e.code)
        return  # the next round asks again
    now = timezone.now()
    if receipt is None:
        absent = CloseAbsent(order_id, vanished)
        adoption.order_close_absent(actor=actor, absent=absent, now=now)
    else:
        order_record.order_record_receipt(actor=actor, order_id=order_id, receipt=receipt, now=now)
    if order.plan_id is not None:
        execution.plan_advance(actor=actor, plan_id=order.plan_id)


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
        execution.plan_advance(actor=Actor.platform(workspace_id), plan_id=plan_id)


@shared_task(name="trading.plan_watch", ignore_result=True)
def plan_watch_all() -> None:
    """Count every plan anew from its fills; what does not fit is said and driven on."""
    now = timezone.now()
    for workspace_id, plan_id in plan_watch.plans_suspect(now=now):
        actor = Actor.platform(workspace_id)
        if plan_watch.plan_check(actor=actor, plan_id=plan_id, now=timezone.now()):
            execution.plan_advance(actor=actor, plan_id=plan_id)
    plan_watch.orders_orphaned_note(now=now)


@shared_task(name="trading.connection_refresh", ignore_result=True)
def connection_refresh(*, workspace_id: int, connection_id: int) -> None:
    """Balances and the account's real fees, and with them whether the connection works at all.

    A venue that answers again after it did not answer a comparison is compared at once.
    """
    asked_at = timezone.now()
    symbols = selectors.connection_symbols(connection_id=connection_id)
    try:
        client = sending.client_of(connection_id, need=Need.VIEW)
        balances = client.balances()
        fees = client.fees(symbols) if symbols else []
    except CryonelError as e:
        logger.info("connection.refresh_failed", connection_id=connection_id, code=e.code)
        problem = sending.measured(e, connection_id)
        connections.bots_pause_for(connection_id=connection_id, problem=problem, now=timezone.now())
        return
    balances_record(
        workspace_id=workspace_id, connection_id=connection_id, balances=balances, now=asked_at
    )
    connections.account_fees_record(connection_id=connection_id, fees=fees, now=asked_at)
    connections.bots_wake_for(connection_id=connection_id, now=timezone.now())
    if is_unanswered(connection_id):
        connection_reconcile.delay(workspace_id=workspace_id, connection_id=connection_id)


@shared_task(name="trading.arb_job_run", ignore_result=True)
def arb_job_run(*, workspace_id: int, job_id: int) -> None:
    """Check once, trade once if it pays, and say what happened. Claimed by one worker."""
    actor = Actor.platform(workspace_id)
    job = arb_jobs.arb_job_claim(actor=actor, job_id=job_id, now=timezone.now())
    if job is None:
        return
    status, code, params, plan = ArbJobStatus.FAILED, "", {}, None
    try:
        wanted = params_parse(ArbitrageParams, job.params)
        linked = selectors.connections_of(workspace_id, job.connection_ids)
        books = arb_check.books_ask([venue for _, venue in linked], job.pair)
        intent, decision = arb_check.decide(
            wanted, workspace_id=workspace_id, connections=linked, books=books, now=timezone.now()
        )
        status, code, params = ArbJobStatus.NOTHING, decision.code, dict(decision.params)
        if intent is not None:
            plan = plan_open(
                actor=actor,
                bot_id=None,
                fencing_token=None,
                intent=intent,
                caps=caps(wanted),
                now=timezone.now(),
            )
            status = ArbJobStatus.EXECUTED
            if plan.status == PlanStatus.DENIED:
                status, code = ArbJobStatus.FAILED, plan.decision.code
                params = plan.decision.params
    except CryonelError as e:
        status, code = ArbJobStatus.FAILED, e.code
        params = {name: str(value) for name, value in e.context.items()}
    arb_jobs.arb_job_decide(
        actor=actor,
        job_id=job_id,
        status=status,
        code=code,
        params=params,
        plan=plan,
        now=timezone.now(),
    )


@shared_task(name="trading.arb_job_sweep", ignore_result=True)
def arb_job_sweep() -> None:
    """A job that nobody took is sent again; one whose worker died is over."""
    now = timezone.now()
    for workspace_id, job_id, queued in selectors.arb_job_keys_waiting(
        before=now - FORGOTTEN_AFTER
    ):
        if queued:
            arb_job_run.delay(workspace_id=workspace_id, job_id=job_id)
    for workspace_id, job_id, queued in selectors.arb_job_keys_waiting(before=now - GIVEN_UP_AFTER):
        if not queued:
            arb_jobs.arb_job_decide(
                actor=Actor.platform(workspace_id),
                job_id=job_id,
                status=ArbJobStatus.FAILED,
                code="WORKER_LOST",
                params={},
                plan=None,
                now=now,
            )


@shared_task(name="trading.decisions_purge", ignore_result=True)
def decisions_purge() -> None:
    decisions.decisions_purge(now=timezone.now())
