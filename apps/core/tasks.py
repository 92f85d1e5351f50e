"""The kernel's chores, all safe to run twice or at once."""

from __future__ import annotations

from datetime import timedelta

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from apps.core import audit, idempotency, outbox, retention


@shared_task(name="core.outbox_sweep", ignore_result=True)
def outbox_sweep() -> None:
    outbox.sweep()


@shared_task(name="core.event_number", ignore_result=True)
def event_number() -> None:
    while outbox.number():
        pass


@shared_task(name="core.audit_seal", ignore_result=True)
def audit_seal() -> None:
    while audit.seal(now=timezone.now()):
        pass


@shared_task(name="core.idempotency_purge", ignore_result=True)
def idempotency_purge() -> None:
    idempotency.purge(now=timezone.now())


@shared_task(name="core.events_purge", ignore_result=True)
def events_purge() -> None:
    retention.messages_delete(before=timezone.now() - timedelta(days=settings.KEEP_EVENTS_DAYS))
