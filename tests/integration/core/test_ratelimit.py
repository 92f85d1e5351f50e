from __future__ import annotations

import uuid

import pytest
import redis

from apps.core import ratelimit
from apps.core.domain.errors import BrokerDown, TooManyRequests

THREE = ratelimit.Limit("tests", 3, 60)
CLOSED = ratelimit.Limit("tests-closed", 3, 60, fail_closed=True)


@pytest.fixture
def who():
    return uuid.uuid4().hex


def test_the_fourth_in_a_window_of_three_waits(who):
    assert [ratelimit.take(THREE, who) for _ in range(3)] == [2, 1, 0]

    with pytest.raises(TooManyRequests) as refusal:
        ratelimit.take(THREE, who)
    assert 1 <= refusal.value.details["retry_after"] <= 60


def test_callers_do_not_share_a_window(who):
    for _ in range(3):
        ratelimit.take(THREE, who)

    assert ratelimit.take(THREE, who + "x") == 2


@pytest.fixture
def dead_store(monkeypatch):
    gone = redis.Redis(unix_socket_path="/nonexistent/valkey.sock")
    monkeypatch.setattr(ratelimit, "store", lambda: gone)


def test_sign_in_and_trading_are_refused_without_the_store(dead_store, who):
    with pytest.raises(BrokerDown):
        ratelimit.take(CLOSED, who)


def test_reading_goes_on_without_the_store(dead_store, who):
    assert ratelimit.take(THREE, who) == 3
