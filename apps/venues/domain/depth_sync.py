"""From a diff stream and a REST snapshot to frames without a hole. Pure.

The rule of Binance's dialect: diffs that end before the snapshot are dropped, the first one used
must reach over the snapshot's last update, and each later one must follow its predecessor.
Quantities are absolute, so a diff that overlaps what is known does no harm; one that leaves a
hole does, and everything about that book is then doubtful.
"""

from __future__ import annotations

from apps.venues.domain.ports import BookFrame
from apps.venues.domain.wire import DepthDelta, DepthSnapshot

MOST_WAITING = 10_000  # diffs kept while the snapshot is on its way


class SequenceGap(Exception):
    """A diff is missing: the book is unusable until the next snapshot."""


class DepthSync:
    """The place of one symbol in its stream."""

    def __init__(self, symbol: str) -> None:
        self.symbol = symbol
        self._last: int | None = None  # last update id given out; None before the snapshot
        self._waiting: list[tuple[DepthDelta, int]] = []

    @property
    def synced(self) -> bool:
        return self._last is not None

    def reset(self) -> None:
        """Forget the place; what comes now waits for the next snapshot."""
        self._last = None
        self._waiting.clear()

    def delta(self, delta: DepthDelta, received_ns: int) -> BookFrame | None:
        """The frame to give out, or None where there is nothing to say yet. Raises SequenceGap."""
        if self._last is None:
            if len(self._waiting) >= MOST_WAITING:
                raise SequenceGap
            self._waiting.append((delta, received_ns))
            return None
        if delta.final <= self._last:
            return None
        if delta.first > self._last + 1:
            raise SequenceGap
        self._last = delta.final
        return BookFrame(
            symbol=self.symbol,
            snapshot=False,
            bids=delta.bids,
            asks=delta.asks,
            first_seq=delta.first,
            last_seq=delta.final,
            venue_ms=delta.event_ms,
            received_ns=received_ns,
        )

    def snapshot(self, snapshot: DepthSnapshot, received_ns: int) -> list[BookFrame] | None:
        """The snapshot and the diffs that waited for it; None: it is too old, fetch another.

        Raises SequenceGap where the waiting diffs themselves have a hole.
        """
        if self._last is not None and snapshot.final <= self._last:
            return []  # asked for twice; the book is already past it
        later = [(d, ns) for d, ns in self._waiting if d.final > snapshot.final]
        if later and later[0][0].first > snapshot.final + 1:
            return None
        self._waiting.clear()
        self._last = snapshot.final
        frames = [
            BookFrame(
                symbol=self.symbol,
                snapshot=True,
                bids=snapshot.bids,
                asks=snapshot.asks,
                first_seq=None,
                last_seq=snapshot.final,
                venue_ms=None,
                received_ns=received_ns,
            )
        ]
        frames += [frame for d, ns in later if (frame := self.delta(d, ns)) is not None]
        return frames
