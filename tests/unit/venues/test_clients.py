from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from apps.venues import circuit
from apps.venues.clients import MOST, ClientPool, TradeClient, ViewClient
from apps.venues.domain.errors import VenueOutcomeUnknown, VenueUnavailable
from tests.unit.venues.test_circuit import SPEC


class RawVenue:
    """An adapter that notices two threads inside it at once."""

    spec = replace(SPEC, requests_per_second=100_000.0)
    made: list[RawVenue] = []
    warm_problem: Exception | None = None

    def __init__(self, credentials, options=None) -> None:
        self.busy, self.shared, self.closed = threading.Lock(), False, False
        self.made.append(self)

    def warm(self) -> None:
        if self.warm_problem is not None:
            raise self.warm_problem

    def balances(self) -> list:
        if not self.busy.acquire(blocking=False):
            self.shared = True
            return []
        threading.Event().wait(0.002)  # long enough for another thread to come in
        self.busy.release()
        return []

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def pool(monkeypatch):
    monkeypatch.setattr(circuit, "_gates", {})
    monkeypatch.setattr(circuit, "_mirror", lambda venue, state, failures: None)
    RawVenue.made, RawVenue.warm_problem = [], None
    return ClientPool(RawVenue, {"key": "k", "secret": "topsecret"})


def test_a_raw_client_serves_one_thread_at_a_time(pool):
    def work() -> None:
        for _ in range(20):
            ViewClient(pool).balances()

    threads = [threading.Thread(target=work) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert not any(raw.shared for raw in RawVenue.made)
    assert 1 < len(RawVenue.made) <= 12 * 20
    assert sum(not raw.closed for raw in RawVenue.made) <= MOST


def test_one_thread_uses_one_raw_client(pool):
    pool.warm()
    for _ in range(10):
        TradeClient(pool).balances()

    assert len(RawVenue.made) == 1


def test_a_warm_pool_answers_while_one_client_is_away(pool):
    pool.warm(clients=2)
    pool.ask(lambda _: TradeClient(pool).balances())

    assert len(RawVenue.made) == 2


def test_a_closed_pool_closes_its_clients_and_makes_no_new_one(pool):
    pool.warm()
    pool.close()

    assert [raw.closed for raw in RawVenue.made] == [True]
    with pytest.raises(VenueUnavailable):
        ViewClient(pool).balances()


def test_a_client_that_cannot_load_its_markets_has_sent_nothing(pool):
    RawVenue.warm_problem = VenueOutcomeUnknown(venue="Nowhere")

    with pytest.raises(VenueUnavailable):
        pool.warm()
    assert RawVenue.made[0].closed


def test_a_pool_shows_no_credential(pool):
    assert repr(pool) == "<ClientPool nowhere>"
    assert "topsecret" not in repr(TradeClient(pool))
