"""The order book of one symbol at one venue, in memory, and whether it may be believed.

A book is usable only while it is whole: after a full snapshot, with every later update in
sequence, not crossed, and recent. A gap never heals by itself: the book says so until a new
snapshot arrives. What came between the gap and the snapshot is kept and applied after it.

Levels are float64 (see `apps.venues.domain.wire`); `exact_bids` and `exact_asks` give Decimal.
Times are UTC seconds since the epoch, as time.time() gives them. Not thread-safe: one owner.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import IntEnum, StrEnum
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

from apps.core.domain.errors import gettext_noop
from apps.markets.domain.errors import (
    BookAwaited,
    BookCrossed,
    BookGapped,
    BookOneSided,
    BookStale,
    BookUnusable,
    ChecksumMismatch,
    LevelsInvalid,
)
from apps.venues.domain import wire
from apps.venues.domain.wire_errors import WireMalformed, WireUnknown

Floats = NDArray[np.float64]
START_ROOM = 512
PENDING_LIMIT = 10_000  # messages kept while a snapshot is awaited; older ones are dropped


class Sequencing(IntEnum):
    """How the venue proves that no update is missing."""

    RANGE = 0  # Binance spot: U..u; the first spans the snapshot's id, then U is the last u + 1
    CHAINED = 1  # Binance futures: each update names the one before it
    CONSECUTIVE = 2  # one number per update, rising by one
    RISING = 3  # numbers rise, but may skip: a gap cannot be seen


class BookState(StrEnum):
    AWAITED = "AWAITED"  # no snapshot yet
    LIVE = "LIVE"
    GAPPED = "GAPPED"  # updates are missing
    CORRUPT = "CORRUPT"  # the venue's checksum differs


class Applied(IntEnum):
    """What became of a message. Only APPLIED changed the book."""

    APPLIED = 0
    OLD = 3  # the book holds it already
    GAP = 4  # updates before it are missing: the book is now GAPPED
    AWAITED = 5  # kept until a snapshot arrives


@dataclass(frozen=True, slots=True)
class BatchOutcome:
    """What became of many messages, by position."""

    outcomes: NDArray[np.int64]  # values of Applied
    spreads: Floats  # (ask - bid) / mid after the message; NaN where it did not change the book

    def count(self, outcome: Applied) -> int:
        return int(np.count_nonzero(self.outcomes == outcome))


def kernels() -> ModuleType:
    """The compiled half. Imported at first use: it costs half a second."""
    from apps.markets.domain import book_kernels

    return book_kernels


class Book:
    """See the module. `wire_symbol` is the venue's own spelling, checked in each message."""

    def __init__(
        self,
        venue: str,
        symbol: str,
        *,
        wire_symbol: str | None = None,
        sequencing: Sequencing = Sequencing.RANGE,
    ) -> None:
        self.venue = venue
        self.symbol = symbol
        self.wire_symbol = (wire_symbol or symbol.replace("/", "")).upper()
        self.state = BookState.AWAITED
        self.received_at = float("-inf")  # of the last message that proved the book current
        self._k = kernels()
        self._levels: Floats = np.zeros((3, 2, START_ROOM))
        self._state = np.zeros(self._k.STATE, dtype=np.int64)
        self._top: Floats = np.full(self._k.TOP, np.nan)
        self._state[self._k.RULE] = sequencing
        name = np.frombuffer(self.wire_symbol.encode(), dtype=np.uint8)
        self._state[self._k.NAME] = self._k.name_hash(name, 0, name.size)
        self._pending: deque[tuple[bytes | wire.DepthDelta, float]] = deque(maxlen=PENDING_LIMIT)

    # --- writing

    def apply_text(self, text: bytes, received_at: float) -> Applied:
        """Apply one raw Binance depth message (diff or partial depth).

        Raises WireMalformed or WireUnknown, the book then unchanged.
        """
        code: int = self._k.apply_text(
            np.frombuffer(text, dtype=np.uint8), self._levels, self._state, self._top
        )
        if code == Applied.APPLIED:
            self.received_at = received_at
            return Applied.APPLIED
        return self._exceptional(code, text, received_at)

    def apply_texts(self, texts: Sequence[bytes], received_at: float) -> BatchOutcome:
        """Apply many raw messages in order, in one compiled call.

        A message that cannot be read raises as in apply_text; those before it stay applied.
        """
        joined = np.frombuffer(b"".join(texts), dtype=np.uint8)
        ends = np.cumsum(np.fromiter(map(len, texts), dtype=np.int64, count=len(texts)))
        outcomes = np.empty(len(texts), dtype=np.int64)
        spreads: Floats = np.full(len(texts), np.nan)
        done = 0
        while done < len(texts):
            start = done
            done, code = self._k.apply_texts(
                joined, ends, done, self._levels, self._state, self._top, outcomes, spreads
            )
            if (outcomes[start:done] == Applied.APPLIED).any():
                self.received_at = received_at
            if done < len(texts):
                outcomes[done] = self._exceptional(code, texts[done], received_at)
                if outcomes[done] == Applied.APPLIED:
                    spreads[done] = self._top[self._k.SPREAD]
                done += 1
        return BatchOutcome(outcomes=outcomes, spreads=spreads)

    def apply_delta(self, delta: wire.DepthDelta, received_at: float) -> Applied:
        """Apply decoded changes. Raises WireMalformed, the book then unchanged."""
        self._require_symbol(delta.symbol)
        if delta.previous is None and self._state[self._k.RULE] == Sequencing.CHAINED:
            raise WireMalformed(problem="it does not name the update before it")
        changes = delta.bids + delta.asks
        while len(changes) > self._levels.shape[2]:
            self._grow()
        if changes:
            self._levels[self._k.DRAFT, :, : len(changes)] = np.array(changes).T
        header = (delta.event_ms, 0, delta.first, delta.final, len(delta.bids), len(delta.asks))
        self._state[: self._k.HEADER] = header
        previous = delta.first - 1 if delta.previous is None else delta.previous
        while True:
            code = self._k.apply_draft(self._levels, self._state, self._top, previous)
            if code != self._k.NO_ROOM:
                return self._conclude(Applied(code), delta, received_at)
            self._grow()

    def apply_snapshot(self, snapshot: wire.DepthSnapshot, received_at: float) -> Applied:
        """Replace all levels, then apply what was kept while waiting.

        Returns OLD where a live book is already past it, GAP where the kept updates do not reach
        back to it (ask for a newer one), else APPLIED. Raises LevelsInvalid, nothing changed.
        """
        if snapshot.symbol is not None:
            self._require_symbol(snapshot.symbol)
        if self.state is BookState.LIVE and snapshot.final < self._state[self._k.LAST]:
            return Applied.OLD
        sides = (_keyed(snapshot.bids, 1.0), _keyed(snapshot.asks, -1.0))
        while max(map(len, sides)) > self._levels.shape[2]:
            self._grow()
        for side, rows in zip((self._k.BUYS, self._k.SELLS), sides, strict=True):
            self._levels[side, :, : len(rows)] = rows.T
        self._state[self._k.BID_COUNT], self._state[self._k.ASK_COUNT] = map(len, sides)
        self._state[self._k.LAST] = snapshot.final
        self._state[self._k.FRESH] = self._state[self._k.LIVE] = 1
        self._k.refresh_top(self._levels, self._state, self._top)
        self.state, self.received_at = BookState.LIVE, received_at
        return self._replay()

    def confirm(self, received_at: float) -> None:
        """The stream proved alive without a change of this book (a quiet market is not stale)."""
        if self.state is BookState.LIVE:
            self.received_at = received_at

    def forget(self) -> None:
        """The connection was lost: unusable until a new snapshot."""
        self._state[self._k.LIVE] = 0
        self.state = BookState.AWAITED
        self._pending.clear()

    def verify_checksum(self, expected: int, digest: Callable[[Floats, Floats], int]) -> bool:
        """Compare with the venue's checksum over (bids, asks), best first; else be CORRUPT."""
        if digest(self.bids(), self.asks()) == expected:
            return True
        self._state[self._k.LIVE] = 0
        self.state = BookState.CORRUPT
        return False

    # --- reading

    @property
    def sequence(self) -> int:
        """Id of the last update inside."""
        return int(self._state[self._k.LAST])

    @property
    def best_bid(self) -> wire.Level | None:
        return self._best(self._k.BID)

    @property
    def best_ask(self) -> wire.Level | None:
        return self._best(self._k.ASK)

    @property
    def spread(self) -> float:
        """(ask - bid) / mid; NaN where a side is empty, negative where the book is crossed."""
        return float(self._top[self._k.SPREAD])

    def bids(self, depth: int | None = None) -> Floats:
        """Rows of (price, quantity), best first, shape (up to depth, 2); a copy."""
        return self._rows(self._k.BUYS, self._k.BID_COUNT, 1.0, depth)

    def asks(self, depth: int | None = None) -> Floats:
        """As `bids`."""
        return self._rows(self._k.SELLS, self._k.ASK_COUNT, -1.0, depth)

    def exact_bids(self, depth: int | None = None) -> list[tuple[Decimal, Decimal]]:
        """Levels as the decimals the venue wrote, best first: what `exact_spread` takes."""
        return _exact(self.bids(depth))

    def exact_asks(self, depth: int | None = None) -> list[tuple[Decimal, Decimal]]:
        """As `exact_bids`."""
        return _exact(self.asks(depth))

    def age(self, now: float) -> float:
        """Seconds since the book was last proved current; infinite before the first snapshot."""
        return max(0.0, now - self.received_at)

    @property
    def flaw(self) -> type[BookUnusable] | None:
        """What is wrong with the book apart from its age."""
        kind = UNUSABLE.get(self.state)
        if kind is not None:
            return kind
        spread = self._top[self._k.SPREAD]
        if spread > 0:
            return None
        return BookOneSided if np.isnan(spread) else BookCrossed

    def problem(self, now: float, max_age: float) -> BookUnusable | None:
        """Why the book must not be traded on, or None. `max_age` in seconds."""
        kind, age = self.flaw, self.age(now)
        if kind is not None:
            return kind(venue=self.venue, symbol=self.symbol)
        if age > max_age:
            return BookStale(
                venue=self.venue, symbol=self.symbol, age=round(age, 1), max_age=max_age
            )
        return None

    def require_usable(self, now: float, max_age: float) -> None:
        """Raise what `problem` finds."""
        found = self.problem(now, max_age)
        if found is not None:
            raise found

    def copy_best(self, bids: Floats, asks: Floats) -> tuple[int, int]:
        """Fill two arrays of shape (depth, 2), best first; how many rows of each are real."""
        counts: tuple[int, int] = self._k.copy_best(self._levels, self._state, bids, asks)
        return counts

    # --- inside

    def _exceptional(self, code: int, text: bytes, received_at: float) -> Applied:
        """What the fast path did not settle by itself."""
        if code == self._k.NO_ROOM:
            self._grow()
            return self.apply_text(text, received_at)
        if code == self._k.OTHER_SYMBOL:
            raise WireMalformed(problem=f"it is not of {self.wire_symbol}")
        if code != self._k.UNUSUAL:
            return self._conclude(Applied(code), text, received_at)
        message = wire.decode(text, symbol=self.wire_symbol)
        if isinstance(message, wire.DepthDelta):
            return self.apply_delta(message, received_at)
        if isinstance(message, wire.DepthSnapshot):
            return self.apply_snapshot(message, received_at)
        raise WireUnknown(kind=type(message).__name__)

    def _conclude(
        self, code: Applied, message: bytes | wire.DepthDelta, received_at: float
    ) -> Applied:
        if code is Applied.APPLIED:
            self.received_at = received_at
        elif code is Applied.GAP:
            self.state = BookState.GAPPED
            self._pending.append((message, received_at))
        elif code is Applied.AWAITED:
            self._pending.append((message, received_at))
        return code

    def _replay(self) -> Applied:
        kept, self._pending = self._pending, deque(maxlen=PENDING_LIMIT)
        for message, received_at in kept:
            if isinstance(message, bytes):
                self.apply_text(message, received_at)
            else:
                self.apply_delta(message, received_at)
        return Applied.APPLIED if self.state is BookState.LIVE else Applied.GAP

    def _grow(self) -> None:
        room = self._levels.shape[2]
        self._levels = np.concatenate([self._levels, np.zeros((3, 2, room))], axis=2)

    def _rows(self, side: int, counter: int, sign: float, depth: int | None) -> Floats:
        count = int(self._state[counter])
        out = np.empty((count if depth is None else min(depth, count), 2))
        found = self._k.best_rows(self._levels[side], count, sign, out)
        return out[:found]

    def _best(self, at: int) -> wire.Level | None:
        price = float(self._top[at])
        return None if price != price else (price, float(self._top[at + 1]))

    def _require_symbol(self, name: str) -> None:
        if name.upper() != self.wire_symbol:
            raise WireMalformed(problem=f"it is not of {self.wire_symbol}")


UNUSABLE: dict[BookState, type[BookUnusable]] = {
    BookState.AWAITED: BookAwaited,
    BookState.GAPPED: BookGapped,
    BookState.CORRUPT: ChecksumMismatch,
}


def _keyed(levels: Iterable[wire.Level], sign: float) -> Floats:
    """Rows of (key, quantity) by rising key, the worst price first, without empty levels."""
    rows = np.array([level for level in levels if level[1] != 0], dtype=np.float64).reshape(-1, 2)
    if not (np.isfinite(rows).all() and (rows > 0).all()):
        raise LevelsInvalid(problem=gettext_noop("a price or quantity is not a positive number"))
    rows[:, 0] *= sign
    rows = rows[np.argsort(rows[:, 0], kind="stable")]
    if (np.diff(rows[:, 0]) == 0).any():
        raise LevelsInvalid(problem=gettext_noop("a price stands there twice"))
    return rows


def _exact(rows: Floats) -> list[tuple[Decimal, Decimal]]:
    return [(wire.exact(price), wire.exact(quantity)) for price, quantity in rows.tolist()]
