"""The task that renews open pages."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from apps.trading import live
from cryonel.celery import app as celery_app

celery_app.set_default()  # also where no worker runs: delay() speaks through this app


@shared_task(name="trading.page_push", ignore_result=True)
def page_push(*, workspace_id: int, delayed: bool = False, **_newer_arguments: object) -> None:
    """Push what changed to those members of the workspace who look at it now."""
    live.changes_push(workspace_id=workspace_id, delayed=delayed, now=timezone.now())
