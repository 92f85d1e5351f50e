"""Every way of listing gives every execution once, oldest first, or raises."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.venues.adapters._paging import Listing, Paging, all_since

SINCE, NOW = 1_000_000, 9_000_000
gaps = st.lists(st.integers(0, 400_000), max_size=12)


def history(gaps):
    """Executions at these distances; three at most share a millisecond."""
    at, rows = SINCE, []
    for number, gap in enumerate(gaps):
        at += gap if gap or number % 3 else 1
        rows.append({"id": f"t{number}", "timestamp": at})
    return rows


def venue(rows, listing, size, longest=None):
    """A venue with so many rows a page; it refuses a question over more than its longest time."""

    def fetch(since, params):
        until = params.get("until", NOW + 1)
        assert longest is None or until - since <= longest
        found = [row for row in rows if since <= row["timestamp"] <= until]
        if listing is not Listing.OLDEST_FIRST:
            found.reverse()
        offset = params.get("offset", 0)
        return found[offset : offset + size]

    return fetch


@given(gaps)
def test_oldest_first_loses_nothing(gaps):
    rows = history(gaps)

    found = all_since(venue(rows, Listing.OLDEST_FIRST, 4), SINCE, NOW, Paging())

    assert found == rows


@given(gaps)
def test_numbered_pages_lose_nothing(gaps):
    rows = history(gaps)

    fetch = venue(rows, Listing.NUMBERED, 2)

    found = all_since(fetch, SINCE, NOW, Paging(Listing.NUMBERED))
    assert sorted(found, key=str) == sorted(rows, key=str)
    assert [row["timestamp"] for row in found] == sorted(row["timestamp"] for row in rows)


@given(st.lists(st.integers(1001, 400_000), max_size=12), st.sampled_from([None, 700, 5_000]))
def test_newest_first_loses_nothing_in_any_window(gaps, window):
    rows = history(gaps)
    longest = None if window is None else window * 1000
    paging = Paging(
        Listing.NEWEST_FIRST, window=None if window is None else timedelta(seconds=window)
    )

    found = all_since(venue(rows, Listing.NEWEST_FIRST, 3, longest), SINCE, NOW, paging)

    assert found == rows


def test_a_crowd_that_a_page_cannot_hold_is_no_silent_loss():
    crowd = [{"id": f"t{n}", "timestamp": SINCE + 5} for n in range(4)]
    older = [{"id": "first", "timestamp": SINCE}, *crowd]
    fetch = venue(older, Listing.NEWEST_FIRST, 3)

    with pytest.raises(ValueError, match="crowd"):
        all_since(fetch, SINCE, NOW, Paging(Listing.NEWEST_FIRST, size=3))


def test_a_full_single_page_is_refused():
    rows = history([5] * 6)

    with pytest.raises(ValueError, match="full page"):
        all_since(venue(rows, Listing.ONE_PAGE, 3), SINCE, NOW, Paging(Listing.ONE_PAGE, size=3))


def test_a_time_of_too_many_windows_is_refused():
    paging = Paging(Listing.NEWEST_FIRST, window=timedelta(seconds=1))

    with pytest.raises(ValueError, match="too long"):
        all_since(venue([], Listing.NEWEST_FIRST, 3), SINCE, NOW, paging)


@pytest.mark.parametrize("listing", list(Listing))
def test_both_sides_of_a_trade_with_oneself_are_listed(listing):
    """One id, two orders: the second row is not the first one told again."""
    one = {"id": "t1", "timestamp": SINCE + 5}
    rows = [one | {"order": "1", "side": "buy"}, one | {"order": "2", "side": "sell"}]

    found = all_since(venue(rows, listing, 4), SINCE, NOW, Paging(listing))

    assert sorted(row["order"] for row in found) == ["1", "2"]
