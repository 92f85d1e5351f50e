"""Reads of the live board and books, which the engine keeps in Redis."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from apps.markets import mirror
from apps.markets.domain.board import SpreadRow

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


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardFilter:
    """What of the board is wanted; search is part of a symbol, min_net a fraction."""

    symbol: str = ""
    search: str = ""
    venue: str = ""
    min_net: Decimal | None = None

    def takes(self, row: SpreadRow) -> bool:
        net = row.net_fraction
        return (
            self.symbol in {"", row.symbol}
            and self.search.upper() in row.symbol.upper()
            and self.venue in {"", row.buy_venue, row.sell_venue}
            and (self.min_net is None or (net is not None and net >= self.min_net))
        )


def spread_board(wanted: BoardFilter | None = None) -> list[SpreadRow]:
    """Rows, the best net first, rows without a net last."""
    return ranked(board_get().rows, wanted)


def ranked(rows: Iterable[SpreadRow], wanted: BoardFilter | None = None) -> list[SpreadRow]:
    taken = rows if wanted is None else filter(wanted.takes, rows)
    return sorted(taken, key=_by_net)


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
