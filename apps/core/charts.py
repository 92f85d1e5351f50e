"""Points of a time series as charts read them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal


def dots(points: Iterable[tuple[datetime, Decimal | None]]) -> list[list[int | str | None]]:
    """[[UTC seconds, amount as text], ...] in order, one point a second: the last one wins.

    A chart refuses two points of one second altogether. None stays None: a gap is not zero.
    """
    kept = {int(at.timestamp()): None if y is None else str(y) for at, y in points}
    return [[at, y] for at, y in sorted(kept.items())]
