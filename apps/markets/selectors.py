"""Reads of the markets room. Market data belongs to nobody: no reader decides what is seen."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from django.db.models import Q

from apps.markets import mirror
from apps.markets.domain.board import SpreadRow
from apps.markets.domain.errors import InstrumentMissing
from apps.markets.models import Candle, Instrument

BOARD_STALE_MS = 5_000  # older than this the board tells yesterday's news, and says so


@dataclass(frozen=True, slots=True)
class Board:
    """The board as Redis has it. `problem` is a code: "" when it is live, else "never",
    "stopped" (nobody writes any more) or "store" (Redis does not answer)."""

    rows: list[SpreadRow]
    venues: list[dict[str, Any]]
    written_at: datetime | None
    age_ms: int | None
    problem: str

    @property
    def live(self) -> bool:
        return not self.problem

    @property
    def simulated(self) -> bool:
        return any(row.simulated for row in self.rows)


def board_get() -> Board:
    """Rows of a board that nobody refreshes any more are marked stale, with their real age."""
    found = mirror.read_board()
    if found.written_at_ms is None:
        return Board([], [], None, None, "never" if found.answered else "store")
    age = max(0, round(time.time() * 1000) - found.written_at_ms)
    rows, problem = found.rows, ""
    if age > BOARD_STALE_MS:
        problem, reason = "stopped", "the engine is not running"
        rows = [row.frozen_since(reason=reason, older_ms=age) for row in rows]
    written_at = datetime.fromtimestamp(found.written_at_ms / 1000, tz=UTC)
    return Board(rows, found.venues, written_at, age, problem)


def spread_board() -> list[SpreadRow]:
    """All rows, the best net first, rows without a net last."""
    return sorted(board_get().rows, key=_by_net)


def _by_net(row: SpreadRow) -> tuple[bool, Decimal, str]:
    net = row.net_fraction
    return (net is None, -(net or Decimal(0)), row.key)


def books_now(symbol: str) -> dict[str, Any] | None:
    """{"symbol", "venues": [the top of each venue's book]}; None where nobody follows it.

    Books of a mirror that is not refreshed any more say so instead of looking fresh.
    """
    written_at, books = mirror.read_books(symbol)
    book = books.get(symbol)
    if book is None or written_at is None:
        return None
    age = round(time.time() * 1000) - written_at
    if age > BOARD_STALE_MS:
        for face in book["venues"]:
            face["state"], face["reason"] = "stale", "the engine is not running"
            if face["age_ms"] is not None:
                face["age_ms"] += age
    return book


def mids_now() -> dict[str, Decimal]:
    """The price of each followed symbol: the median of its usable books' mids, quote units."""
    written_at, books = mirror.read_books()
    if written_at is None or time.time() * 1000 - written_at > BOARD_STALE_MS:
        return {}
    found: dict[str, Decimal] = {}
    for symbol, book in books.items():
        mids = sorted(
            (Decimal(face["bids"][0][0]) + Decimal(face["asks"][0][0])) / 2
            for face in book["venues"]
            if face["state"] == "ok"
        )
        if mids:
            middle = len(mids) // 2
            found[symbol] = mids[middle] if len(mids) % 2 else (mids[middle - 1] + mids[middle]) / 2
    return found


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
