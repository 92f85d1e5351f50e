"""Reads of what venues list and of stored candles."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from django.db.models import Q

from apps.markets.domain.errors import InstrumentMissing
from apps.markets.models import Candle, Instrument


def last_closes(*, symbols: Sequence[str], since: datetime) -> dict[str, tuple[Decimal, datetime]]:
    """The newest one-minute close of each symbol at any venue, not older than `since`."""
    rows = (
        Candle.objects.filter(symbol__in=symbols, interval="1m", open_at__gte=since)
        .order_by("symbol", "-open_at")
        .distinct("symbol")
    )
    return {row.symbol: (row.close, row.open_at) for row in rows}


def instrument_get(*, venue: str, symbol: str) -> Instrument:
    """Raises InstrumentMissing."""
    found = Instrument.objects.filter(venue=venue, symbol=symbol).first()
    if found is None:
        raise InstrumentMissing(venue=venue, symbol=symbol)
    return found


def instrument_list(
    *, venue: str | None = None, symbol: str | None = None, active_only: bool = True
) -> list[Instrument]:
    rows = Instrument.objects.all()
    if venue:
        rows = rows.filter(venue=venue)
    if symbol:
        rows = rows.filter(symbol=symbol)
    if active_only:
        rows = rows.filter(active=True)
    return list(rows.order_by("symbol", "venue"))


def is_symbol_known(symbol: str) -> bool:
    return Instrument.objects.filter(symbol=symbol).exists()


def taker_fees(*, books: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Decimal | None]:
    """The list price of taking, as a fraction, by (venue, symbol); what is not listed is absent."""
    if not books:
        return {}
    venues, symbols = {venue for venue, _ in books}, {symbol for _, symbol in books}
    rows = Instrument.objects.filter(Q(venue__in=venues) & Q(symbol__in=symbols))
    wanted = set(books)
    return {
        (venue, symbol): fee
        for venue, symbol, fee in rows.values_list("venue", "symbol", "taker_fee")
        if (venue, symbol) in wanted
    }
