"""Celery entry points of venues."""

from __future__ import annotations

import structlog
from celery import shared_task
from django.utils import timezone

from apps.core.domain.errors import CryonelError
from apps.core.domain.people import Actor
from apps.venues import selectors, services
from cryonel.celery import app as celery_app

logger = structlog.get_logger(__name__)


celery_app.set_default()  # `.delay` from any process finds our broker


@shared_task(name="venues.rights_probe_all", ignore_result=True)
def rights_probe_all() -> None:
    """Daily: one small task per key, so that a slow venue delays nobody else's."""
    for workspace_id, connection_id in selectors.connection_keys_kept():
        rights_probe.delay(workspace_id=workspace_id, connection_id=connection_id)


@shared_task(name="venues.rights_probe", ignore_result=True)
def rights_probe(*, workspace_id: int, connection_id: int) -> None:
    """Ask the venue again what the key may do. Safe to deliver twice."""
    try:
        services.connection_test(
            actor=Actor.platform(workspace_id), connection_id=connection_id, now=timezone.now()
        )
    except CryonelError as e:  # removed meanwhile, or its secret cannot be opened
        logger.warning("venues.rights_probe_failed", connection_id=connection_id, code=e.code)
