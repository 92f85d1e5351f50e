"""Celery entry points of comparing connections with their venues."""

from __future__ import annotations

from datetime import timedelta

import structlog
from celery import shared_task
from django.core.cache import cache
from django.utils import timezone

from apps.trading.selectors.alignment import connections_due
from apps.trading.services import reconcile
from apps.venues.domain.errors import ConnectionMissing
from cryonel.celery import app as celery_app

celery_app.set_default()  # also where no worker runs: delay() speaks through this app
logger = structlog.get_logger(__name__)
AGAIN_AFTER = timedelta(seconds=10)  # the shortest time between two comparisons of a connection


@shared_task(name="trading.connection_reconcile", ignore_result=True)
def connection_reconcile(*, workspace_id: int, connection_id: int, **_newer: object) -> None:
    """Compare now. Safe to repeat and to run twice at once."""
    try:
        report = reconcile.connection_reconcile(
            workspace_id=workspace_id, connection_id=connection_id, now=timezone.now()
        )
    except ConnectionMissing:
        return  # removed meanwhile
    if report.findings or report.failed:
        logger.info(
            "connection.compared",
            connection_id=connection_id,
            status=report.status,
            findings=[finding.code for finding in report.findings],
            failed=report.failed,
        )


@shared_task(name="trading.connection_compare_due", ignore_result=True)
def connection_compare_due() -> None:
    """Every connection that trades is compared in turn; each when its own time has come."""
    for workspace_id, connection_id in connections_due(now=timezone.now()):
        if cache.add(f"trading.compare.{connection_id}", 1, AGAIN_AFTER.total_seconds()):
            connection_reconcile.delay(workspace_id=workspace_id, connection_id=connection_id)
