"""Depth-walked spreads of all venue pairs, compiled. `spreads` has the formulas in words."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from apps.venues.domain.compiled import compiled
from apps.venues.domain.wire_kernels import Floats

Codes = NDArray[np.int8]
Counts = NDArray[np.int64]

# Columns of `figures`.
GROSS, FEES, SLIPPAGE, NET, QUANTITY, BUY_QUOTE, SELL_QUOTE, AGE, COMPLETE = range(9)
FIGURES = 9

USABLE, STALE = 0, 1  # book codes above STALE are the scanner's own


@compiled
def walk_both(
    asks: Floats, ask_count: int, bids: Floats, bid_count: int, notional: float
) -> tuple[float, float, float, bool]:
    """Buy from asks and sell into bids at once; (base, paid, got, whole notional spent)."""
    taken, paid, got = 0.0, 0.0, 0.0
    i, j = 0, 0
    offered, wanted = asks[0, 1], bids[0, 1]
    while True:
        price = asks[i, 0]
        part = min(offered, wanted)
        if paid + part * price >= notional:
            part = (notional - paid) / price
            return taken + part, notional, got + part * bids[j, 0], True
        taken += part
        paid += part * price
        got += part * bids[j, 0]
        offered -= part
        wanted -= part
        if offered <= 0.0:
            i += 1
            if i >= ask_count:
                return taken, paid, got, False
            offered = asks[i, 1]
        if wanted <= 0.0:
            j += 1
            if j >= bid_count:
                return taken, paid, got, False
            wanted = bids[j, 1]


@compiled
def _pair(
    asks: Floats,
    ask_count: int,
    bids: Floats,
    bid_count: int,
    notional: float,
    buy_fee: float,
    sell_fee: float,
    out: Floats,
) -> None:
    taken, paid, got, complete = walk_both(asks, ask_count, bids, bid_count, notional)
    tops = bids[0, 0] / asks[0, 0]
    out[GROSS] = (bids[0, 0] - asks[0, 0]) / asks[0, 0]
    out[FEES] = buy_fee + sell_fee * got / paid
    out[SLIPPAGE] = tops - got / paid
    out[NET] = out[GROSS] - out[FEES] - out[SLIPPAGE]
    out[QUANTITY], out[BUY_QUOTE], out[SELL_QUOTE] = taken, paid, got
    out[COMPLETE] = 1.0 if complete else 0.0


@compiled
def _code(flaw: int, received: float, now: float, max_age: float) -> int:
    if flaw != USABLE:
        return flaw
    return STALE if now - received > max_age else USABLE


@compiled
def scan(
    bids: Floats,
    asks: Floats,
    counts: Counts,
    flaws: Codes,
    received: Floats,
    fees: Floats,
    notionals: Floats,
    first: int,
    last: int,
    venue: int,
    now: float,
    max_age: float,
    figures: Floats,
    buy_codes: Codes,
    sell_codes: Codes,
) -> None:
    """Fill figures[symbol, buy venue, sell venue] for symbols first..last-1.

    With venue >= 0 only pairs that this venue is part of. A pair with an unusable book gets NaN
    figures and both books' codes; ages are of the older book, in seconds.
    """
    venues = bids.shape[1]
    for s in range(first, last):
        for b in range(venues):
            buy = _code(flaws[s, b], received[s, b], now, max_age)
            for v in range(venues):
                if v == b or (venue >= 0 and venue not in (b, v)):
                    continue
                sell = _code(flaws[s, v], received[s, v], now, max_age)
                buy_codes[s, b, v], sell_codes[s, b, v] = buy, sell
                out = figures[s, b, v]
                if buy != USABLE or sell != USABLE:
                    out[:] = np.nan
                    continue
                _pair(
                    asks[s, b], counts[s, b, 1], bids[s, v], counts[s, v, 0],
                    notionals[s], fees[s, b], fees[s, v], out,
                )  # fmt: skip
                out[AGE] = max(0.0, now - min(received[s, b], received[s, v]))
