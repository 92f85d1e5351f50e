"""Have the compiled code ready before the first frame of a market is read with it."""

from __future__ import annotations

import time

from apps.markets.domain.board import VenueFace
from apps.markets.domain.books import Book
from apps.markets.hub.board import SpreadBoard
from apps.venues.domain.wire import DepthDelta, DepthSnapshot

SYMBOL = "BTC/USDT"


def kernels_prepare() -> None:
    """Go the whole way of a frame once: snapshot, change, exact levels, spreads of two venues.

    Takes seconds where nothing was compiled before (the result is kept in NUMBA_CACHE_DIR), and
    no time afterwards. Blocks: call it before there is an event loop to block.
    """
    now = time.time()
    books = [Book(venue, SYMBOL, wire_symbol=SYMBOL) for venue in ("one", "two")]
    for book in books:
        book.apply_snapshot(DepthSnapshot(None, 1, ((99.0, 1.0),), ((101.0, 1.0),)), now)
        delta = DepthDelta(SYMBOL, 2, 2, None, 0, ((99.5, 1.0), (99.0, 0.0)), ())
        book.apply_delta(delta, now)
        list(book.exact_bids(5))
        list(book.exact_asks(5))
    board = SpreadBoard(face=lambda venue: VenueFace(venue, venue, simulated=True), max_age=60.0)
    board.arrange(books)
    board.set_fees({(book.venue, SYMBOL): 0.001 for book in books})
    board.changed(board.rows(now), now)
    board.spreads(SYMBOL, now)
    board.snapshot(SYMBOL, now)
