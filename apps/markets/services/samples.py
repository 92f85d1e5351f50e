"""The history of spreads behind a pair's chart: written in bulk, kept for a while."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from django.db import transaction

from apps.core.retention import old_delete
from apps.markets.domain.board import SpreadRow
from apps.markets.models import SpreadSample

KEPT_FOR = timedelta(days=2)


@transaction.atomic
def spread_samples_record(*, rows: Sequence[SpreadRow], at: datetime) -> int:
    """Keep what the rows of one moment say, as fractions; rows without figures are no samples."""
    samples = [
        SpreadSample(
            symbol=row.symbol,
            buy_venue=row.buy_venue,
            sell_venue=row.sell_venue,
            at=at,
            gross=Decimal(row.gross),
            fees=Decimal(row.fees),
            slippage=Decimal(row.slippage),
            net=Decimal(row.net),
            notional=Decimal(row.notional),
        )
        for row in rows
        if row.gross and row.fees and row.slippage and row.net and row.notional
    ]
    SpreadSample.objects.bulk_create(samples, batch_size=1000)
    return len(samples)


@transaction.atomic
def spread_samples_purge(*, now: datetime) -> int:
    """Forget samples older than KEPT_FOR; how many."""
    return old_delete(SpreadSample.objects.all(), column="at", before=now - KEPT_FOR)
