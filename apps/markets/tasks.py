"""Chores of the markets room: what venues list, partitions ahead of time, old samples."""

from __future__ import annotations

import structlog
from celery import shared_task
from django.utils import timezone

from apps.core.domain.errors import VenueFailed
from apps.markets import services
from apps.venues import selectors as venues

logger = structlog.get_logger(__name__)


@shared_task(name="markets.instruments_refresh", ignore_result=True)
def instruments_refresh(venue: str) -> None:
    services.instruments_refresh(venue=venue, now=timezone.now())


@shared_task(name="markets.instruments_refresh_all", ignore_result=True)
def instruments_refresh_all() -> None:
    """Every venue that somebody is connected to; one that is down is left for the next round."""
    for venue in sorted({row[2] for row in venues.connection_keys_active()}):
        try:
            services.instruments_refresh(venue=venue, now=timezone.now())
        except VenueFailed as e:
            logger.warning("instruments.venue_down", venue=venue, code=e.code)


@shared_task(name="markets.partitions_ensure", ignore_result=True)
def partitions_ensure() -> None:
    services.partitions_ensure(now=timezone.now())


@shared_task(name="markets.samples_purge", ignore_result=True)
def samples_purge() -> None:
    services.spread_samples_purge(now=timezone.now())
