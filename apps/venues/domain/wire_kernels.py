"""Read the venue's text as bytes, compiled: the fast path of `wire`.

A kernel here accepts only the exact form the venue is known to send. At the first byte that is
different it gives up with UNUSUAL and has changed nothing that counts; the general decoder in
`wire` then says what the message is, or refuses it. So speed never decides what is valid.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from apps.venues.domain.compiled import compiled

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

OK, UNUSUAL, NO_ROOM = 0, 1, 2

# Slots of the header that `depth_update` fills.
EVENT_MS, SYMBOL, FIRST, FINAL, BIDS, ASKS = 0, 1, 2, 3, 4, 5
HEADER = 6

# Rows of `out`.
PRICES, QUANTITIES = 0, 1

MAX_DIGITS = 18  # fits an int64
EXACT = 2**53  # below it every integer is a float64 of its own
PRICE_EXACT = 10**15  # so a price has at most 15 digits and its float gives its text back
POWERS = 10.0 ** np.arange(MAX_DIGITS + 1)


def _text(literal: str) -> Bytes:
    return np.frombuffer(literal.encode(), dtype=np.uint8).copy()


STREAM = _text('{"stream":"')
DATA = _text('","data":')
EVENT = _text('{"e":"depthUpdate","E":')
NAME = _text(',"s":"')
FROM = _text('","U":')
TO = _text(',"u":')
BUYS = _text(',"b":[')
SELLS = _text('],"a":[')
END = _text("]}")
QUOTE, DOT, COMMA, CLOSE, OPEN = 34, 46, 44, 93, 91
ZEROS = np.uint64(0x3030303030303030)
TO_TOP = np.uint64(0x4646464646464646)  # lifts whatever is above a nine into the top bit
TOPS = np.uint64(0x8080808080808080)
BRACE, BACKSLASH, SPACE, TILDE = 125, 92, 32, 126
ZERO, NINE = 48, 57


@compiled
def _matches(text: Bytes, at: int, end: int, literal: Bytes) -> int:
    """Position after the literal, or -1."""
    if at < 0 or at + literal.size > end:
        return -1
    for i in range(literal.size):
        if text[at + i] != literal[i]:
            return -1
    return at + literal.size


@compiled
def _integer(text: Bytes, at: int, end: int) -> tuple[int, int]:
    """(value, position after it); position -1 where no number stands or it is too long."""
    value, start = 0, at
    if at < 0:
        return 0, -1
    while at < end and ZERO <= text[at] <= NINE:
        value = value * 10 + (int(text[at]) - ZERO)
        at += 1
    digits = at - start
    if digits == 0 or digits > MAX_DIGITS or (digits > 1 and text[start] == ZERO):
        return 0, -1
    return value, at


@compiled
def _eight_digits(text: Bytes, at: int) -> int:
    """The number that text[at:at + 8] spells, or -1 if not all are digits.

    All eight are read and checked as one word, then added in pairs, fours and eight.
    """
    word = np.uint64(0)
    for i in range(8):
        word |= np.uint64(text[at + i]) << np.uint64(8 * i)
    low, high = word - ZEROS, word + TO_TOP
    if (low | high | word) & TOPS:
        return -1
    word = low * np.uint64(10) + (low >> np.uint64(8))
    pairs = (word & np.uint64(0x000000FF000000FF)) * np.uint64(100 + (1000000 << 32))
    fours = ((word >> np.uint64(16)) & np.uint64(0x000000FF000000FF)) * np.uint64(1 + (10000 << 32))
    return int(np.int64((pairs + fours) >> np.uint64(32)))


@compiled
def _digits(text: Bytes, at: int, end: int, value: int) -> tuple[int, int]:
    """Continue value by the digits that follow; (value, position after the last)."""
    while at < end and ZERO <= text[at] <= NINE:
        value = value * 10 + (int(text[at]) - ZERO)
        at += 1
    return value, at


@compiled
def _decimal(text: Bytes, at: int, end: int, limit: int) -> tuple[float, int]:
    """(value, position after the closing quote) of `123.4500"`; position -1 where it is not that.

    The value is the float64 nearest to the text: both the digits and the power of ten are exact,
    so their quotient is rounded once, as float() does. More digits than `limit` allows give up.
    """
    start = at
    mantissa, at = _digits(text, at, end, 0)
    digits, decimals = at - start, 0
    if digits > 0 and at < end and text[at] == DOT:
        start = at + 1
        fraction = (
            _eight_digits(text, start) if start + 8 < end and text[start + 8] == QUOTE else -1
        )
        if fraction >= 0 and digits <= MAX_DIGITS - 8:
            mantissa, at = mantissa * 100_000_000 + fraction, start + 8
        else:
            mantissa, at = _digits(text, start, end, mantissa)
        decimals = at - start
        digits = digits + decimals if decimals > 0 else 0
    if at >= end or text[at] != QUOTE or digits == 0 or digits > MAX_DIGITS:
        return 0.0, -1
    while mantissa >= limit and decimals > 0 and mantissa % 10 == 0:
        mantissa //= 10
        decimals -= 1
    if mantissa >= limit:
        return 0.0, -1
    return mantissa / POWERS[decimals], at + 1


@compiled
def _level(text: Bytes, at: int, end: int, out: Floats, row: int) -> int:
    """Read `["price","quantity"]` into out[:, row]; the position after it, or -1."""
    if at + 2 > end or text[at] != OPEN or text[at + 1] != QUOTE:
        return -1
    price, at = _decimal(text, at + 2, end, PRICE_EXACT)
    if at < 0 or price <= 0.0 or at + 2 > end or text[at] != COMMA or text[at + 1] != QUOTE:
        return -1
    quantity, at = _decimal(text, at + 2, end, EXACT)
    if at < 0 or at >= end or text[at] != CLOSE:
        return -1
    out[PRICES, row] = price
    out[QUANTITIES, row] = quantity
    return at + 1


@compiled
def _levels(text: Bytes, at: int, end: int, out: Floats, used: int) -> tuple[int, int]:
    """Read levels up to the closing bracket; (rows used, position; -1, or -2: no room)."""
    if at < 0 or at >= end:
        return used, -1
    if text[at] == CLOSE:
        return used, at
    while True:
        if used >= out.shape[1]:
            return used, -2
        at = _level(text, at, end, out, used)
        if at < 0 or at >= end:
            return used, -1
        used += 1
        if text[at] == CLOSE:
            return used, at
        if text[at] != COMMA:
            return used, -1
        at += 1


@compiled
def name_hash(text: Bytes, start: int, end: int) -> int:
    """64-bit FNV-1a of a symbol's bytes, letter case ignored."""
    value = np.uint64(14695981039346656037)
    for i in range(start, end):
        letter = text[i]
        if 97 <= letter <= 122:
            letter -= 32
        value = (value ^ np.uint64(letter)) * np.uint64(1099511628211)
    return int(np.int64(value))


@compiled
def _until_quote(text: Bytes, at: int, end: int) -> int:
    """Position of the next quote; -1 where there is none, or the text is not plain ASCII."""
    while 0 <= at < end and text[at] != QUOTE:
        if text[at] == BACKSLASH or not SPACE <= text[at] <= TILDE:
            return -1
        at += 1
    return at if 0 <= at < end else -1


@compiled
def _ids(text: Bytes, at: int, end: int, header: Ints) -> int:
    """Read from the event name to the bids' opening bracket; the position after it, or -1."""
    header[EVENT_MS], at = _integer(text, _matches(text, at, end, EVENT), end)
    name = _matches(text, at, end, NAME)
    at = _until_quote(text, name, end)
    if at < 0:
        return -1
    header[SYMBOL] = name_hash(text, name, at)
    header[FIRST], at = _integer(text, _matches(text, at, end, FROM), end)
    header[FINAL], at = _integer(text, _matches(text, at, end, TO), end)
    return _matches(text, at, end, BUYS)


@compiled
def depth_update(text: Bytes, start: int, end: int, out: Floats, header: Ints) -> int:
    """Read one Binance spot `depthUpdate`, bare or in the combined-stream envelope.

    text[start:end] is the message; out, shape (2, room), receives prices and quantities of the
    bids, then of the asks, in the message's order; header their counts and the ids. Returns OK,
    UNUSUAL or NO_ROOM.
    """
    at = _matches(text, start, end, STREAM)
    wrapped = at >= 0
    at = _matches(text, _until_quote(text, at, end), end, DATA) if wrapped else start
    at = _ids(text, at, end, header)
    bids, at = _levels(text, at, end, out, 0)
    if at >= 0:
        at = _matches(text, at, end, SELLS)
        rows, at = _levels(text, at, end, out, bids)
        header[BIDS], header[ASKS] = bids, rows - bids
    if at == -2:
        return NO_ROOM
    at = _matches(text, at, end, END)
    if wrapped and at >= 0:
        if at >= end or text[at] != BRACE:
            return UNUSUAL
        at += 1
    return OK if at == end and header[FINAL] >= header[FIRST] else UNUSUAL
