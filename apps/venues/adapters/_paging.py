"""All executions since an instant, whatever way a venue pages them. None is lost in silence."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum
from typing import Any

PAGES = 500  # of one window; what does not fit raises
WINDOWS = 400  # of one question
MARGIN = 1000  # ms: some venues end a page at whole seconds

Row = Mapping[str, Any]
Identity = tuple[str, str, str]
Fetch = Callable[[int, dict[str, Any]], Sequence[Row]]  # (since in ms, parameters) -> a page


class Listing(Enum):
    """How a venue lists what happened since an instant, when it is more than one page."""

    OLDEST_FIRST = "OLDEST_FIRST"  # asked again from the newest that came
    NEWEST_FIRST = "NEWEST_FIRST"  # asked again up to the oldest that came
    NUMBERED = "NUMBERED"  # asked again from the n-th
    ONE_PAGE = "ONE_PAGE"  # a full page may hide older ones: that raises


@dataclass(frozen=True, slots=True)
class Paging:
    listing: Listing = Listing.OLDEST_FIRST
    window: timedelta | None = None  # the longest time one question may cover
    size: int | None = None  # rows of a full page, asked for as `limit`
    params: Mapping[str, Any] = field(default_factory=dict)


def all_since(fetch: Fetch, since: int, now: int, paging: Paging) -> list[Row]:
    """Executions of unified form, oldest first. Raises ValueError where some may be missing."""
    seen: dict[Identity, Row] = {}
    for start, end in _windows(since, now, paging.window):
        for row in _READ[paging.listing](fetch, start, end, paging):
            seen.setdefault(_identity(row), row)
    rows = [row for row in seen.values() if (row["timestamp"] or since) >= since]
    return sorted(rows, key=lambda row: row["timestamp"] or 0)


def _identity(row: Row) -> Identity:
    """With its order and side: a trade with oneself is listed twice under one id."""
    return str(row["id"]), str(row.get("order") or ""), str(row.get("side") or "")


def _windows(since: int, now: int, window: timedelta | None) -> Iterator[tuple[int, int]]:
    if window is None:
        yield since, now
        return
    length = int(window.total_seconds() * 1000)
    if (now - since) // length >= WINDOWS:
        raise ValueError("the time asked about is too long for this venue")
    for start in range(since, max(now, since + 1), length):
        yield start, min(start + length, now)


def _forward(fetch: Fetch, start: int, end: int, paging: Paging) -> Iterator[Row]:
    seen: set[Identity] = set()
    for _ in range(PAGES):
        rows = fetch(start, dict(paging.params))
        fresh = [row for row in rows if _identity(row) not in seen]
        yield from fresh
        seen |= {_identity(row) for row in fresh}
        latest = max((row["timestamp"] or start for row in fresh), default=start)
        if not fresh or latest <= start:
            _require_room(rows, paging)
            return
        start = latest
    raise ValueError("more executions than pages")


def _backward(fetch: Fetch, start: int, end: int, paging: Paging) -> Iterator[Row]:
    seen: set[Identity] = set()
    until = end
    for _ in range(PAGES):
        rows = fetch(start, {**paging.params, "until": until})
        fresh = [row for row in rows if _identity(row) not in seen]
        yield from fresh
        seen |= {_identity(row) for row in fresh}
        if not fresh:
            _require_room(rows, paging)
            return
        oldest = min(row["timestamp"] or start for row in fresh)
        until = min(end, oldest + MARGIN)
    raise ValueError("more executions than pages")


def _require_room(rows: Sequence[Row], paging: Paging) -> None:
    """A full page in which nothing is new: a crowd of one instant hides what stands behind it."""
    if paging.size is not None and len(rows) >= paging.size:
        raise ValueError("a crowd of executions at one instant")


def _numbered(fetch: Fetch, start: int, end: int, paging: Paging) -> Iterator[Row]:
    seen: set[Identity] = set()
    for _ in range(PAGES):
        rows = fetch(start, {**paging.params, "offset": len(seen)})
        fresh = [row for row in rows if _identity(row) not in seen]
        yield from fresh
        seen |= {_identity(row) for row in fresh}
        if not fresh:
            _require_room(rows, paging)
            return
    raise ValueError("more executions than pages")


def _one(fetch: Fetch, start: int, end: int, paging: Paging) -> Iterator[Row]:
    rows = fetch(start, dict(paging.params))
    if paging.size is not None and len(rows) >= paging.size:
        raise ValueError("a full page: there may be older executions")
    yield from rows


_READ = {
    Listing.OLDEST_FIRST: _forward,
    Listing.NEWEST_FIRST: _backward,
    Listing.NUMBERED: _numbered,
    Listing.ONE_PAGE: _one,
}
