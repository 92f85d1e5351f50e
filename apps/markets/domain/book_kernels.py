"""One order book as sorted arrays, compiled. `books.Book` owns the arrays and the rules in words.

levels[BUYS] holds bids by rising price, levels[SELLS] asks by falling price, so that the best
level is the last row. A removed level leaves a gap (a row of quantity 0) that a later insertion
nearby fills, so that few rows move: without gaps, moving rows was nine tenths of the time on a
book of 2,000 levels. levels[DRAFT] receives a
message's changes before any of them is applied: a message is applied whole or not at all.
"""

from __future__ import annotations

import numpy as np

from apps.venues.domain import wire_kernels
from apps.venues.domain.compiled import compiled
from apps.venues.domain.wire_kernels import Bytes, Floats, Ints

BUYS, SELLS, DRAFT = 0, 1, 2

# Slots of `state`, which starts with the header of the message being read.
HEADER = wire_kernels.HEADER
BID_COUNT = HEADER
ASK_COUNT, LAST, RULE, LIVE, FRESH, NAME, PREVIOUS = range(BID_COUNT + 1, BID_COUNT + 8)
STATE = BID_COUNT + 8

# Slots of `top`.
BID, BID_QUANTITY, ASK, ASK_QUANTITY, SPREAD = range(5)
TOP = 5

APPLIED, UNUSUAL, NO_ROOM, OLD, GAP, AWAITED, OTHER_SYMBOL = range(7)

# How a venue numbers its updates; `books.Sequencing` says each in words.
RANGE, CHAINED, CONSECUTIVE, RISING = range(4)

depth_update = wire_kernels.depth_update
name_hash = wire_kernels.name_hash


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
def _nearest_gap(rows: Floats, count: int, at: int) -> int:
    """The removed row nearest to `at`, or count (the first free one) where that is no farther."""
    left, right = at - 1, at
    while right < count:
        if rows[right, 1] == 0.0:
            return right
        if left >= 0:
            if rows[left, 1] == 0.0:
                return left
            left -= 1
        right += 1
    return count


@compiled
def _insert(rows: Floats, count: int, at: int, price: float, quantity: float) -> int:
    """Put a level before row `at`, moving only the rows up to the nearest gap; the new count."""
    gap = _nearest_gap(rows, count, at)
    if gap < at:
        at -= 1
        for i in range(gap, at):
            rows[i, 0] = rows[i + 1, 0]
            rows[i, 1] = rows[i + 1, 1]
    else:
        for i in range(gap, at, -1):
            rows[i, 0] = rows[i - 1, 0]
            rows[i, 1] = rows[i - 1, 1]
    rows[at, 0] = price
    rows[at, 1] = quantity
    return max(count, gap + 1)


@compiled
def _set(rows: Floats, count: int, price: float, quantity: float, sign: float) -> int:
    """Set, insert or (quantity 0) remove one level; the new count. There must be room.

    A removed level stays as a row of quantity 0, a gap for the next insertion near it, except at
    the end: the last row is always a real level, the best.
    """
    at = _place(rows, count, price, sign)
    if at < count and rows[at, 0] == price:
        rows[at, 1] = quantity
    elif quantity > 0.0:
        return _insert(rows, count, at, price, quantity)
    while count > 0 and rows[count - 1, 1] == 0.0:
        count -= 1
    return count


@compiled
def close_gaps(rows: Floats, count: int) -> int:
    """Drop the removed rows; the new count."""
    kept = 0
    for i in range(count):
        if rows[i, 1] > 0.0:
            rows[kept, 0] = rows[i, 0]
            rows[kept, 1] = rows[i, 1]
            kept += 1
    return kept


@compiled
def best_rows(rows: Floats, count: int, out: Floats) -> int:
    """Copy the best levels, best first, into out; how many there were, at most out's length."""
    found = 0
    while count > 0 and found < out.shape[0]:
        count -= 1
        if rows[count, 1] > 0.0:
            out[found, 0] = rows[count, 0]
            out[found, 1] = rows[count, 1]
            found += 1
    return found


@compiled
def copy_best(levels: Floats, state: Ints, bids: Floats, asks: Floats) -> tuple[int, int]:
    """`best_rows` of both sides."""
    return (
        best_rows(levels[BUYS], state[BID_COUNT], bids),
        best_rows(levels[SELLS], state[ASK_COUNT], asks),
    )


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
        state[BID_COUNT] = close_gaps(levels[BUYS], state[BID_COUNT])
        state[ASK_COUNT] = close_gaps(levels[SELLS], state[ASK_COUNT])
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
    if state[RULE] != RANGE:
        return UNUSUAL
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
    text: Bytes,
    ends: Ints,
    done: int,
    levels: Floats,
    state: Ints,
    top: Floats,
    outcomes: Ints,
    spreads: Floats,
) -> tuple[int, int]:
    """Apply joined messages from number `done` on; (number of the first not settled, its code).

    ends[i] is where message i ends in text; outcomes[i] receives its code, spreads[i] the spread
    after it. Stops before a message whose code is neither APPLIED nor OLD.
    """
    while done < ends.size:
        start = 0 if done == 0 else ends[done - 1]
        code = _apply_range(text, start, ends[done], levels, state, top)
        if code not in (APPLIED, OLD):
            return done, code
        outcomes[done] = code
        if code == APPLIED:
            spreads[done] = top[SPREAD]
        done += 1
    return done, APPLIED
