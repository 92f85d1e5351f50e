"""One order book as sorted arrays, compiled. `books.Book` owns the arrays and the rules in words.

levels[BUYS] holds bids by rising price, levels[SELLS] asks by falling price, so that the best
level is the last row and most changes, which are near it, move few rows. levels[DRAFT] receives a
message's changes before any of them is applied: a message is applied whole or not at all.
"""

from __future__ import annotations

import numpy as np

from apps.venues.domain import wire_kernels
from apps.venues.domain.compiled import compiled
from apps.venues.domain.wire_kernels import Bytes, Floats, Ints

BUYS, SELLS, DRAFT = 0, 1, 2

# Slots of `state`, which starts with the header of the message being read.
BID_COUNT = wire_kernels.HEADER
ASK_COUNT, LAST, RULE, LIVE, FRESH, NAME, PREVIOUS = range(BID_COUNT + 1, BID_COUNT + 8)
STATE = BID_COUNT + 8

# Slots of `top`.
BID, BID_QUANTITY, ASK, ASK_QUANTITY, SPREAD = range(5)
TOP = 5

APPLIED, UNUSUAL, NO_ROOM, OLD, GAP, AWAITED, OTHER_SYMBOL = range(7)

# How a venue numbers its updates; `books.Sequencing` says each in words.
RANGE, CHAINED, CONSECUTIVE, RISING = range(4)

depth_update = wire_kernels.depth_update


@compiled
def continuity(state: Ints, first: int, final: int, previous: int) -> int:
    """APPLIED if the update follows what the book holds, OLD if the book has it, else GAP."""
    last, fresh, rule = state[LAST], state[FRESH] == 1, state[RULE]
    if final < last or (final == last and not (fresh and rule == CHAINED)):
        return OLD
    if rule == RISING:
        return APPLIED
    if rule == CONSECUTIVE:
        return APPLIED if final == last + 1 else GAP
    if rule == CHAINED:
        follows = first <= last if fresh else previous == last
        return APPLIED if follows else GAP
    follows = first <= last + 1 if fresh else first == last + 1
    return APPLIED if follows else GAP


@compiled
def _place(rows: Floats, count: int, price: float, sign: float) -> int:
    """Row of the first level not worse than price, in rows[:count] ordered worst to best."""
    low, high = 0, count
    wanted = sign * price
    while low < high:
        middle = (low + high) >> 1
        if sign * rows[middle, 0] < wanted:
            low = middle + 1
        else:
            high = middle
    return low


@compiled
def _set(rows: Floats, count: int, price: float, quantity: float, sign: float) -> int:
    """Set, insert or (quantity 0) remove one level; the new count. There must be room."""
    at = _place(rows, count, price, sign)
    if at < count and rows[at, 0] == price:
        if quantity > 0.0:
            rows[at, 1] = quantity
            return count
        for i in range(at, count - 1):
            rows[i, 0] = rows[i + 1, 0]
            rows[i, 1] = rows[i + 1, 1]
        return count - 1
    if quantity <= 0.0:
        return count
    for i in range(count, at, -1):
        rows[i, 0] = rows[i - 1, 0]
        rows[i, 1] = rows[i - 1, 1]
    rows[at, 0] = price
    rows[at, 1] = quantity
    return count + 1


@compiled
def refresh_top(levels: Floats, state: Ints, top: Floats) -> None:
    """Write best prices, quantities and the spread over the mid; NaN where a side is empty."""
    top[:] = np.nan
    bids, asks = state[BID_COUNT], state[ASK_COUNT]
    if bids > 0:
        top[BID] = levels[BUYS, bids - 1, 0]
        top[BID_QUANTITY] = levels[BUYS, bids - 1, 1]
    if asks > 0:
        top[ASK] = levels[SELLS, asks - 1, 0]
        top[ASK_QUANTITY] = levels[SELLS, asks - 1, 1]
    top[SPREAD] = 2.0 * (top[ASK] - top[BID]) / (top[ASK] + top[BID])


@compiled
def apply_draft(levels: Floats, state: Ints, top: Floats, previous: int) -> int:
    """Apply the drafted message, whose header stands in state, if it follows; a code."""
    if state[LIVE] == 0:
        return AWAITED
    final = state[wire_kernels.FINAL]
    code = continuity(state, state[wire_kernels.FIRST], final, previous)
    if code == GAP:
        state[LIVE] = 0
    if code != APPLIED:
        return code
    bids, asks = state[wire_kernels.BIDS], state[wire_kernels.ASKS]
    room = levels.shape[1]
    if state[BID_COUNT] + bids > room or state[ASK_COUNT] + asks > room:
        return NO_ROOM
    for i in range(bids):
        state[BID_COUNT] = _set(
            levels[BUYS], state[BID_COUNT], levels[DRAFT, i, 0], levels[DRAFT, i, 1], 1.0
        )
    for i in range(bids, bids + asks):
        state[ASK_COUNT] = _set(
            levels[SELLS], state[ASK_COUNT], levels[DRAFT, i, 0], levels[DRAFT, i, 1], -1.0
        )
    state[LAST], state[FRESH] = final, 0
    refresh_top(levels, state, top)
    return APPLIED


@compiled
def _apply_range(
    text: Bytes, start: int, end: int, levels: Floats, state: Ints, top: Floats
) -> int:
    code = depth_update(text, start, end, levels[DRAFT], state)
    if code != APPLIED:
        return code
    if state[wire_kernels.SYMBOL] != state[NAME]:
        return OTHER_SYMBOL
    return apply_draft(levels, state, top, state[LAST])


@compiled
def apply_text(text: Bytes, levels: Floats, state: Ints, top: Floats) -> int:
    """Read one Binance spot `depthUpdate` and apply it; a code, APPLIED when the book changed."""
    return _apply_range(text, 0, text.size, levels, state, top)


@compiled
def apply_texts(
    text: Bytes, ends: Ints, done: int, levels: Floats, state: Ints, top: Floats, spreads: Floats
) -> tuple[int, int]:
    """Apply joined messages from number `done` on; (messages done, code of the last).

    ends[i] is where message i ends in text. spreads[i] receives the spread after message i. Stops
    after a message that is neither APPLIED nor OLD; `done` then counts the messages before it.
    """
    while done < ends.size:
        start = 0 if done == 0 else ends[done - 1]
        code = _apply_range(text, start, ends[done], levels, state, top)
        if code not in (APPLIED, OLD):
            return done, code
        spreads[done] = top[SPREAD]
        done += 1
    return done, APPLIED
