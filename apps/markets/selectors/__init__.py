"""Reads of the markets room. Market data belongs to nobody: no reader decides what is seen."""

from __future__ import annotations

from apps.markets.selectors.board import (
    BOARD_STALE_MS,
    Board,
    BoardFilter,
    board_get,
    books_now,
    mids_now,
    ranked,
    spread_board,
)
from apps.markets.selectors.history import HistoryPoint, spread_history
from apps.markets.selectors.instruments import (
    instrument_get,
    instrument_list,
    is_symbol_known,
    last_closes,
    taker_fees,
)

__all__ = [
    "BOARD_STALE_MS",
    "Board",
    "BoardFilter",
    "HistoryPoint",
    "board_get",
    "books_now",
    "instrument_get",
    "instrument_list",
    "is_symbol_known",
    "last_closes",
    "mids_now",
    "ranked",
    "spread_board",
    "spread_history",
    "taker_fees",
]
