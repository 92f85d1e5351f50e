"""Weights and order counts: 429 at the limit, 418 for those who go on, new windows forgive."""

from __future__ import annotations

import pytest

from apps.practice.config import RateLimits
from apps.practice.domain.limits import Limiter
from apps.practice.domain.refusals import Refusal

NOON = 1_700_000_040_000  # a whole minute
LIMITS = RateLimits(
    weight_per_minute=10, orders_per_10s=2, orders_per_day=3, requests_after_429=2, ban_seconds=60
)


@pytest.fixture
def limiter() -> Limiter:
    return Limiter(LIMITS)


def refused(limiter: Limiter, now: int) -> Refusal:
    with pytest.raises(Refusal) as caught:
        limiter.spend("10.0.0.1", 1, now)
    return caught.value


def test_weight_adds_up_within_a_minute_and_starts_again(limiter: Limiter) -> None:
    assert [limiter.spend("10.0.0.1", 4, NOON), limiter.spend("10.0.0.1", 4, NOON)] == [4, 8]
    assert limiter.spend("10.0.0.1", 4, NOON + 60_000) == 4


def test_above_the_weight_it_is_429_until_the_minute_ends(limiter: Limiter) -> None:
    limiter.spend("10.0.0.1", 10, NOON)

    refusal = refused(limiter, NOON + 20_000)

    assert (refusal.status, refusal.code) == (429, -1003)
    assert refusal.headers == {"Retry-After": "40"}


def test_who_goes_on_after_429_is_banned_and_longer_the_next_time(limiter: Limiter) -> None:
    limiter.spend("10.0.0.1", 10, NOON)
    statuses = [refused(limiter, NOON).status for _ in range(3)]
    assert statuses == [429, 429, 418]
    assert refused(limiter, NOON + 59_000).status == 418

    limiter.spend("10.0.0.1", 10, NOON + 60_000)
    last = [refused(limiter, NOON + 60_000) for _ in range(3)][-1]

    assert last.headers == {"Retry-After": "120"}


def test_one_address_does_not_pay_for_another(limiter: Limiter) -> None:
    limiter.spend("10.0.0.1", 10, NOON)

    assert limiter.spend("10.0.0.2", 1, NOON) == 1


def test_orders_are_counted_by_ten_seconds_and_by_day(limiter: Limiter) -> None:
    assert [limiter.count_order(1, NOON), limiter.count_order(1, NOON)] == [(1, 1), (2, 2)]
    with pytest.raises(Refusal, match="2 orders per 10 SECOND"):
        limiter.count_order(1, NOON)
    with pytest.raises(Refusal, match="3 orders per 1 DAY"):
        limiter.count_order(1, NOON + 10_000)
