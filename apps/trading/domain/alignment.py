"""Whether our books and a venue's agree for one connection: what a bot needs before it trades."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

# A comparison older than this proves nothing about now. Comparisons run every 30 seconds, so
# several of them must fail or be late before trading waits.
STALE_AFTER = timedelta(seconds=150)


class AlignmentStatus(StrEnum):
    ALIGNED = "ALIGNED"  # compared lately; what differed was booked or explained
    CHECKING = "CHECKING"  # a comparison was asked for and its result is awaited
    UNALIGNED = "UNALIGNED"  # something differs that we may not settle by ourselves
    UNKNOWN = "UNKNOWN"  # never compared, not lately, or the venue could not be asked


@dataclass(frozen=True, slots=True)
class AlignmentFact:
    """checked_at: the last comparison that the venue answered in full; None: never."""

    status: AlignmentStatus
    checked_at: datetime | None

    @property
    def aligned(self) -> bool:
        return self.status is AlignmentStatus.ALIGNED


NEVER = AlignmentFact(AlignmentStatus.UNKNOWN, None)


def fact(status: str, checked_at: datetime | None, now: datetime) -> AlignmentFact:
    """ALIGNED ends by itself: silence of the comparison is not agreement."""
    known = AlignmentStatus(status)
    stale = checked_at is None or now - checked_at > STALE_AFTER
    if known is AlignmentStatus.ALIGNED and stale:
        known = AlignmentStatus.UNKNOWN
    return AlignmentFact(known, checked_at)


class RestartOutcome(StrEnum):
    """What came of a bot's restart after an unclean end."""

    WAITING = "WAITING"  # for its connections to be compared, or for its positions to be closed
    RESUMED = "RESUMED"
    FLATTENED = "FLATTENED"
    FAILED = "FAILED"  # something is left that could not be closed; the report says what
