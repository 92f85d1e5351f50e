"""What a workspace is worth, taken down again and again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from django.db import transaction

from apps.core.domain.money import booked, plain
from apps.core.retention import old_delete
from apps.portfolio import selectors
from apps.portfolio.domain.valuation import CURRENCY, Price, valued
from apps.portfolio.models import EquityPoint

KEPT_FOR = timedelta(days=400)


@transaction.atomic
def equity_snapshot(
    *, workspace_id: int, now: datetime, prices: Mapping[str, Price] | None = None
) -> EquityPoint:
    """One equity point from the recorded balances.

    `prices` by symbol, from selectors.prices_now when not given. Where a held asset has no price
    the point has no equity, says PRICE_MISSING and names the asset.
    """
    totals = selectors.balance_totals(workspace_id=workspace_id)
    if prices is None:
        prices = selectors.prices_now(assets=totals, now=now)
    value = valued(totals, prices)
    return EquityPoint.objects.create(
        workspace_id=workspace_id,
        at=now,
        equity=None if value.equity is None else booked(value.equity),
        unknown_because=value.unknown_because,
        currency=CURRENCY,
        detail={
            "unpriced": value.unpriced,
            "worth": {asset: plain(booked(worth)) for asset, worth in value.worth.items()},
        },
    )


@transaction.atomic
def equity_purge(*, now: datetime) -> int:
    """Forget points older than KEPT_FOR; how many."""
    return old_delete(EquityPoint.objects.all(), column="at", before=now - KEPT_FOR)
