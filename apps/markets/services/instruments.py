"""What a venue lists, asked for and kept."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from apps.markets.models import Instrument
from apps.venues.domain.ports import InstrumentInfo

FACTS = (
    "base",
    "quote",
    "active",
    "price_step",
    "quantity_step",
    "min_quantity",
    "max_quantity",
    "min_notional",
    "maker_fee",
    "taker_fee",
    "seen_at",
)


def instruments_refresh(*, venue: str, now: datetime) -> int:
    """Ask the venue what it lists and keep it; how many it listed.

    The venue is asked before the transaction opens. Raises what the venue's client raises
    (venues.domain.errors); nothing is changed then.
    """
    from apps.venues.services import market_data_for  # brings a venue client; only askers pay

    listed = market_data_for(venue).instruments()
    _instruments_store(venue=venue, listed=listed, now=now)
    return len(listed)


@transaction.atomic
def _instruments_store(*, venue: str, listed: Sequence[InstrumentInfo], now: datetime) -> None:
    """What is no longer listed stays, inactive: old orders still name it."""
    rows = [
        Instrument(
            venue=venue,
            symbol=info.symbol,
            base=info.base,
            quote=info.quote,
            active=info.active,
            price_step=info.price_step or None,  # a step of zero is a step not stated
            quantity_step=info.quantity_step or None,
            min_quantity=info.min_quantity,
            max_quantity=info.max_quantity,
            min_notional=info.min_notional,
            maker_fee=info.maker_fee,
            taker_fee=info.taker_fee,
            seen_at=now,
        )
        for info in listed
    ]
    Instrument.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["venue", "symbol"],
        update_fields=list(FACTS),
        batch_size=500,
    )
    gone = Instrument.objects.filter(venue=venue, active=True, seen_at__lt=now)
    gone.update(active=False)
