"""One order book as sorted arrays, compiled. `books.Book` owns the arrays and the rules in words.

levels[side, KEYS] holds rising keys, the price for bids and its negative for asks, so that the
best level stands last and both sides are searched alike; levels[side, QUANTITIES] stands beside.
A removed level leaves a gap (quantity 0) that a later insertion nearby fills, so that few levels
move: without gaps, moving them was nine tenths of the time on a book of 2,000 levels.
levels[DRAFT] receives a message's changes before any of them is applied: a message is applied
whole or not at all.
"""

from __future__ import annotations

import numpy as np

from apps.venues.domain import wire_kernels
from apps.venues.domain.compiled import compiled, move
from apps.venues.domain.wire_kernels import Bytes, Floats, Ints

BUYS, SELLS, DRAFT = 0, 1, 2
KEYS, QUANTITIES = wire_kernels.PRICES, wire_kernels.QUANTITIES

STRIDE = 8  # levels looked at together when a gap is searched

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
def _place(keys: Floats, count: int, wanted: float) -> int:
    """Position of the first key not below wanted, in the rising keys[:count]; no branch inside."""
    if count == 0:
        return 0
    base, width = 0, count
    while width > 1:
        half = width >> 1
        base += half if keys[base + half - 1] < wanted else 0
        width -= half
    return base + 1 if keys[base] < wanted else base


@compiled
def _has_gap(quantities: Floats, at: int) -> bool:
    """True if one of the STRIDE levels from `at` on is removed; no branch inside."""
    found = False
    for i in range(STRIDE):
        found |= quantities[at + i] == 0.0
    return found


@compiled
def _nearest_gap(quantities: Floats, count: int, at: int) -> int:
    """A removed level near `at`, or count, the first free place, if that is about as near."""
    left, right = at, at
    while right + STRIDE <= count:
        if _has_gap(quantities, right):
            break
        right += STRIDE
        if left >= STRIDE:
            left -= STRIDE
            if _has_gap(quantities, left):
                left += STRIDE - 1
                while quantities[left] != 0.0:
                    left -= 1
                return left
    while right < count and quantities[right] != 0.0:
        right += 1
    return right


@compiled
def _insert(
    keys: Floats, quantities: Floats, count: int, at: int, key: float, quantity: float
) -> int:
    """Put a level before position `at`, moving those up to a near gap; the new count."""
    gap = _nearest_gap(quantities, count, at)
    if gap < at:
        at -= 1
        move(keys, gap, gap + 1, at - gap)
        move(quantities, gap, gap + 1, at - gap)
    else:
        move(keys, at + 1, at, gap - at)
        move(quantities, at + 1, at, gap - at)
    keys[at] = key
    quantities[at] = quantity
    return max(count, gap + 1)


@compiled
def _apply_side(
    keys: Floats,
    quantities: Floats,
    count: int,
    prices: Floats,
    wanted: Floats,
    first: int,
    last: int,
    sign: float,
) -> int:
    """Set, insert or (quantity 0) remove levels first..last-1 of a draft; the new count.

    There must be room. A removed level stays as a gap, except at the end: the last position is
    always a real level, the best.
    """
    for i in range(first, last):
        key, quantity = sign * prices[i], wanted[i]
        at = _place(keys, count, key)
        if at < count and keys[at] == key:
            quantities[at] = quantity
        elif quantity > 0.0:
            count = _insert(keys, quantities, count, at, key, quantity)
        while count > 0 and quantities[count - 1] == 0.0:
            count -= 1
    return count


@compiled
def _close_gaps(keys: Floats, quantities: Floats, count: int) -> int:
    """Drop the removed levels; the new count."""
    kept = 0
    for i in range(count):
        if quantities[i] > 0.0:
            keys[kept] = keys[i]
            quantities[kept] = quantities[i]
            kept += 1
    return kept


@compiled
def _make_room(levels: Floats, state: Ints) -> bool:
    """True if the drafted message fits, after closing gaps where that is needed."""
    room = levels.shape[2]
    bids, asks = state[wire_kernels.BIDS], state[wire_kernels.ASKS]
    if state[BID_COUNT] + bids <= room and state[ASK_COUNT] + asks <= room:
        return True
    for side, counter in ((BUYS, BID_COUNT), (SELLS, ASK_COUNT)):
        state[counter] = _close_gaps(levels[side, KEYS], levels[side, QUANTITIES], state[counter])
    return bool(state[BID_COUNT] + bids <= room and state[ASK_COUNT] + asks <= room)


@compiled
def best_rows(side: Floats, count: int, sign: float, out: Floats) -> int:
    """Copy the best levels, best first, into out's rows; how many, at most out's length."""
    found = 0
    while count > 0 and found < out.shape[0]:
        count -= 1
        if side[QUANTITIES, count] > 0.0:
            out[found, 0] = sign * side[KEYS, count]
            out[found, 1] = side[QUANTITIES, count]
            found += 1
    return found


@compiled
def copy_best(levels: Floats, state: Ints, bids: Floats, asks: Floats) -> tuple[int, int]:
    """`best_rows` of both sides."""
    return (
        best_rows(levels[BUYS], state[BID_COUNT], 1.0, bids),
        best_rows(levels[SELLS], state[ASK_COUNT], -1.0, asks),
    )


@compiled
def refresh_top(levels: Floats, state: Ints, top: Floats) -> None:
    """Write best prices, quantities and the spread over the mid; NaN where a side is empty."""
    top[:] = np.nan
    bids, asks = state[BID_COUNT], state[ASK_COUNT]
    if bids > 0:
        top[BID] = levels[BUYS, KEYS, bids - 1]
        top[BID_QUANTITY] = levels[BUYS, QUANTITIES, bids - 1]
    if asks > 0:
        top[ASK] = -levels[SELLS, KEYS, asks - 1]
        top[ASK_QUANTITY] = levels[SELLS, QUANTITIES, asks - 1]
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
    if not _make_room(levels, state):
        return NO_ROOM
    bids = state[wire_kernels.BIDS]
    prices, wanted = levels[DRAFT, KEYS], levels[DRAFT, QUANTITIES]
    state[BID_COUNT] = _apply_side(
        levels[BUYS, KEYS], levels[BUYS, QUANTITIES], state[BID_COUNT],
        prices, wanted, 0, bids, 1.0,
    )  # fmt: skip
    state[ASK_COUNT] = _apply_side(
        levels[SELLS, KEYS], levels[SELLS, QUANTITIES], state[ASK_COUNT],
        prices, wanted, bids, bids + state[wire_kernels.ASKS], -1.0,
    )  # fmt: skip
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
