"""A manual venue's clock can be set forward, so that a campaign waits for no minute."""

from __future__ import annotations

import urllib.error

import pytest

from tests.fakes.practice import PracticeVenue

HOUR_MS = 3_600_000


def venue_time(venue: PracticeVenue) -> int:
    now: int = venue.control("GET", "alpha/model")["now"]
    return now


def test_the_venue_lives_an_hour_ahead_when_told_to(venue: PracticeVenue) -> None:
    before = venue_time(venue)

    venue.control("POST", "alpha/clock", {"ahead_ms": HOUR_MS})

    assert HOUR_MS <= venue_time(venue) - before < 2 * HOUR_MS


def test_the_clock_never_goes_back(venue: PracticeVenue) -> None:
    venue.control("POST", "alpha/clock", {"ahead_ms": HOUR_MS})

    with pytest.raises(urllib.error.HTTPError) as refused:
        venue.control("POST", "alpha/clock", {"ahead_ms": HOUR_MS - 1})

    assert refused.value.code == 422
