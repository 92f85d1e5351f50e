"""Chores of the portfolio room."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from apps.portfolio import selectors, services


@shared_task(name="portfolio.equity_snapshot_all", ignore_result=True)
def equity_snapshot_all() -> None:
    """Every workspace that holds something, with prices asked once for all."""
    now = timezone.now()
    prices = selectors.prices_now(assets=selectors.assets_held(), now=now)
    for workspace_id in selectors.workspaces_with_balances():
        services.equity_snapshot(workspace_id=workspace_id, prices=prices, now=now)


@shared_task(name="portfolio.equity_purge", ignore_result=True)
def equity_purge() -> None:
    services.equity_purge(now=timezone.now())
