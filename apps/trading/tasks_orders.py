"""Celery entry points of single orders and groups: claim, call out, record; sweep what is left."""

from __future__ import annotations

from datetime import timedelta

import structlog
from celery import shared_task
from django.utils import timezone

from apps.core.domain.errors import CryonelError
from apps.core.domain.people import Actor
from apps.trading import crash_points, selectors, sending
from apps.trading.domain.orders import SENT, OrderStatus
from apps.trading.selectors import working
from apps.trading.selectors.quotes import quote_now
from apps.trading.sending import Sent
from apps.trading.services import connections, order_groups, order_record, order_run, order_slices
from apps.venues.domain.errors import RefusalReason, VenueRejected
from apps.venues.domain.ports import Need, OrderReceipt
from cryonel.celery import app as celery_app

celery_app.set_default()  # also where no worker runs: delay() speaks through this app
logger = structlog.get_logger(__name__)

LOST_AFTER = timedelta(seconds=3)  # what was to be done this long ago was lost on its way


@shared_task(name="trading.order_submit", acks_late=True, ignore_result=True)
def order_submit(*, workspace_id: int, order_id: int, **_newer_arguments: object) -> None:
    """Send a single order at most once, however often delivered.

    A crash after the claim leaves SUBMITTING behind on purpose: order_reconcile asks the venue
    about the client order id. Nothing here ever sends twice.
    """
    actor = Actor.platform(workspace_id)
    crash_points.passing(crash_points.BEFORE_CLAIM)
    order = order_run.order_claim(actor=actor, order_id=order_id, now=timezone.now())
    if order is None:
        return
    crash_points.passing(crash_points.AFTER_CLAIM)
    outcome = sending.send_all([order])[0]
    crash_points.passing(crash_points.AFTER_SEND)
    _record(actor, outcome)
    crash_points.passing(crash_points.AFTER_ONE_RECORD)


@shared_task(name="trading.order_cancel_send", acks_late=True, ignore_result=True)
def order_cancel_send(*, workspace_id: int, order_id: int, **_newer_arguments: object) -> None:
    """Ask the venue to cancel what somebody wants gone, until it is final. Safe to repeat.

    Whatever it answers, the order's state is what a look at the order says: one that filled in
    the meantime comes back with its fills.
    """
    actor = Actor.platform(workspace_id)
    order = selectors.order_get(reader=actor, order_id=order_id)
    if order.cancel_requested_at is None or OrderStatus(order.status) not in SENT:
        return
    told: OrderReceipt | None = None
    try:
        client = sending.client_of(order.connection_id, need=Need.TRADE)
        told = client.cancel_order(order.client_order_id, order.venue_order_id, order.symbol)
    except VenueRejected as e:
        if e.reason is not RefusalReason.ORDER_MISSING:
            logger.warning("order.cancel_refused", order_id=order_id, reason=e.reason)
    except CryonelError as e:
        logger.info("order.cancel_unknown", order_id=order_id, code=e.code)
        return  # the next round asks again
    if told is not None:
        now = timezone.now()
        order = order_record.order_record_receipt(
            actor=actor, order_id=order_id, receipt=told, now=now
        )
    if OrderStatus(order.status) in SENT:  # only acknowledged, or its fills are not all here
        from apps.trading.tasks import order_reconcile

        order_reconcile(workspace_id=workspace_id, order_id=order_id)


@shared_task(name="trading.order_follow", ignore_result=True)
def order_follow(*, workspace_id: int, connection_id: int, **_newer_arguments: object) -> None:
    """One question for all resting orders of a connection; only what changed is looked at.

    Being absent from the list is no verdict: it makes the order be asked about by its id.
    """
    from apps.trading.tasks import order_reconcile

    known = working.orders_resting(workspace_id=workspace_id, connection_id=connection_id)
    if not known:
        return
    try:
        client = sending.client_of(connection_id, need=Need.VIEW)
        listed = {each.client_order_id: each for each in client.open_orders()}
    except CryonelError as e:
        logger.info("order.follow_failed", connection_id=connection_id, code=e.code)
        return
    for order in known:
        seen = listed.get(order.client_order_id)
        if seen is None or seen.filled is None or seen.filled != order.filled:
            order_reconcile(workspace_id=workspace_id, order_id=order.order_id)


@shared_task(name="trading.order_group_advance", ignore_result=True)
def order_group_advance(*, workspace_id: int, group_id: int, **_newer: object) -> None:
    """Drive a group on by what its orders tell now. Safe to repeat."""
    actor = Actor.platform(workspace_id)
    place = working.group_place(workspace_id=workspace_id, group_id=group_id)
    if place is not None:
        order_groups.order_group_advance(
            actor=actor, group_id=group_id, quote=quote_now(**place), now=timezone.now()
        )


@shared_task(name="trading.order_watch", ignore_result=True)
def order_watch() -> None:
    """Nothing that waits for a worker is forgotten, whatever became of its message."""
    now = timezone.now()
    for workspace_id, order_id in working.keys_unsent(placed_before=now - LOST_AFTER):
        order_submit.delay(workspace_id=workspace_id, order_id=order_id)
    for workspace_id, order_id in working.keys_cancelling(asked_before=now - LOST_AFTER):
        order_cancel_send.delay(workspace_id=workspace_id, order_id=order_id)
    for workspace_id, order_id in working.keys_timed_out(now=now):
        order_run.order_time_out(actor=Actor.platform(workspace_id), order_id=order_id, now=now)
    for workspace_id, connection_id in working.connections_resting():
        order_follow.delay(workspace_id=workspace_id, connection_id=connection_id)
    for workspace_id, group_id in working.groups_alive():
        order_group_advance.delay(workspace_id=workspace_id, group_id=group_id)


@shared_task(name="trading.order_slice", ignore_result=True)
def order_slice(*, workspace_id: int, group_id: int, **_newer: object) -> None:
    """The next slice of a group that trades over time, if it is due."""
    place = working.group_place(workspace_id=workspace_id, group_id=group_id)
    if place is not None:
        order_slices.order_slice_place(
            actor=Actor.platform(workspace_id),
            group_id=group_id,
            quote=quote_now(**place),
            now=timezone.now(),
        )


def _record(actor: Actor, sent: Sent) -> None:
    now = timezone.now()
    if sent.refusal is not None:
        reason = f"{sent.refusal.code}: {sent.refusal}"
        reached = isinstance(sent.refusal, VenueRejected) and sent.refusal.reached
        order_record.order_reject(
            actor=actor, order_id=sent.order_id, reason=reason, now=now, reached=reached
        )
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
        )
