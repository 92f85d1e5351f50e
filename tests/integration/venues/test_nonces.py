"""One key, several processes: their nonces never repeat, and without the store nothing is sent."""

from __future__ import annotations

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import redis
from requests.adapters import HTTPAdapter

from apps.core import ratelimit
from apps.venues.domain.errors import NonceUnavailable
from apps.venues.nonces import nonce_next, nonce_place
from apps.venues.registry import adapter_for
from tests.contract.conftest import credentials_of
from tests.fakes.wire import Wire, payload

NUMBERED = ["kraken", "bitfinex", "gemini", "whitebit", "hyperliquid"]
COUNTING = """
import os, sys
import django
django.setup()
from django.conf import settings
settings.REDIS_URL = sys.argv[2]
from apps.venues.nonces import nonce_next
for _ in range(int(sys.argv[3])):
    print(nonce_next(sys.argv[1], venue="x"))
"""


def test_processes_with_one_key_never_use_a_nonce_twice() -> None:
    from django.conf import settings

    place, each = nonce_place("kraken", "processes"), 300
    command = [sys.executable, "-c", COUNTING, place, settings.REDIS_URL, str(each)]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    told = [
        [int(line) for line in process.communicate(timeout=60)[0].split()] for process in running
    ]

    assert [process.returncode for process in running] == [0, 0, 0]
    assert [sorted(set(nonces)) for nonces in told] == told
    assert len({nonce for nonces in told for nonce in nonces}) == 3 * each


def test_threads_get_nonces_that_rise_from_now() -> None:
    place, before = nonce_place("kraken", "threads"), int(time.time() * 1000)

    with ThreadPoolExecutor(8) as pool:
        nonces = list(pool.map(lambda _: nonce_next(place, venue="x"), range(400)))

    assert len(set(nonces)) == 400
    assert min(nonces) >= before


def test_a_clock_that_was_set_back_does_not_set_nonces_back(monkeypatch: Any) -> None:
    place = nonce_place("kraken", "clock")
    first = nonce_next(place, venue="x")

    monkeypatch.setattr(time, "time", lambda: 1_000_000_000.0)

    assert nonce_next(place, venue="x") == first + 1


def test_keys_and_venues_are_numbered_apart_and_not_told() -> None:
    places = {nonce_place(v, k) for v in ("kraken", "gemini") for k in ("one", "two")}

    assert len(places) == 4
    assert [place for place in places if "one" in place.removeprefix("venues:nonce:")] == []


@pytest.mark.parametrize("code", NUMBERED)
def test_without_the_store_nothing_is_sent(code: str, monkeypatch: Any) -> None:
    wire, adapter = Wire(payload(code), "x"), adapter_for(code)
    monkeypatch.setattr(HTTPAdapter, "send", lambda self, *a, **named: wire.send(self, *a, **named))
    venue = adapter(credentials_of(adapter))
    venue.warm()
    wire.heard.clear()
    gone = redis.Redis.from_url("redis://127.0.0.1:1/0", socket_connect_timeout=1)
    monkeypatch.setattr(ratelimit, "store", lambda: gone)

    with pytest.raises(NonceUnavailable):
        venue.cancel_order("", "7", wire.payload["ticket"]["symbol"])

    assert wire.heard == []


@pytest.mark.parametrize("code", NUMBERED)
def test_a_client_numbers_its_requests_above_those_of_others(code: str) -> None:
    adapter = adapter_for(code)
    venues = [adapter(credentials_of(adapter)) for _ in range(2)]

    nonces = [venue._client.incrementing_nonce() for _ in range(20) for venue in venues]

    assert nonces == sorted(set(nonces))
