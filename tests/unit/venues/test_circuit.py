from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.venues import circuit
from apps.venues.circuit import Circuit, CircuitState
from apps.venues.domain.errors import (
    KeyRefused,
    NonceUnavailable,
    RefusalReason,
    VenueOutcomeUnknown,
    VenueRateLimited,
    VenueRejected,
    VenueUnavailable,
)
from apps.venues.domain.ports import RightsProof, VenueKind, VenueSpec
from apps.venues.pace import Bucket

SPEC = VenueSpec(
    code="nowhere",
    label="Nowhere",
    kind=VenueKind.EXCHANGE,
    ccxt_id="nowhere",
    capabilities=frozenset(),
    credential_fields=(),
    rights_proof=RightsProof.NONE,
    requests_per_second=1000.0,
)


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def breaker(clock) -> Circuit:
    return Circuit(lambda state, failures: None, clock)


def fail(breaker: Circuit, times: int) -> None:
    for _ in range(times):
        assert breaker.enter()
        breaker.leave(worked=False)


def test_four_failures_keep_it_closed_and_the_fifth_opens_it(breaker):
    fail(breaker, 4)
    assert breaker.state is CircuitState.CLOSED
    fail(breaker, 1)

    assert breaker.state is CircuitState.OPEN
    assert breaker.enter() is False


def test_a_success_forgets_earlier_failures(breaker):
    fail(breaker, 4)
    breaker.enter()
    breaker.leave(worked=True)
    fail(breaker, 4)

    assert breaker.state is CircuitState.CLOSED


def test_after_a_minute_one_probe_goes_out_and_no_second(breaker, clock):
    fail(breaker, 5)
    clock.now += 59.9
    assert breaker.enter() is False
    clock.now += 0.1

    assert (breaker.enter(), breaker.enter()) == (True, False)


def test_a_probe_that_works_closes_and_one_that_fails_waits_again(breaker, clock):
    fail(breaker, 5)
    clock.now += 60
    fail(breaker, 1)
    assert (breaker.state, breaker.enter()) == (CircuitState.OPEN, False)
    clock.now += 60
    breaker.enter()
    breaker.leave(worked=True)

    assert breaker.state is CircuitState.CLOSED


def test_a_probe_that_told_nothing_frees_its_place(breaker, clock):
    fail(breaker, 5)
    clock.now += 60
    breaker.enter()
    breaker.leave(worked=None)

    assert breaker.enter() is True


def test_the_bucket_gives_its_burst_then_makes_callers_wait_then_refuses(clock):
    bucket = Bucket(2.0, clock)  # two a second, four at once

    waits = [bucket.reserve() for _ in range(6)]

    assert waits == [0, 0, 0, 0, 0.5, None]
    clock.now += 1.0
    assert bucket.reserve() == 0


@given(rate=st.floats(0.5, 50), gaps=st.lists(st.floats(0, 2), max_size=60))
def test_the_bucket_never_exceeds_its_pace(rate, gaps):
    clock = Clock()
    bucket, start, given_out = Bucket(rate, clock), clock.now, 0
    for gap in gaps:
        clock.now += gap
        wait = bucket.reserve()
        if wait is not None:
            given_out += 1
            allowed = bucket.size + (clock.now + wait - start) * rate
            assert given_out <= allowed + 1e-6


@pytest.fixture
def counted(monkeypatch):
    """A fresh circuit for SPEC whose changes are not mirrored anywhere, at a pace of its own."""
    monkeypatch.setattr(circuit, "Pace", lambda venue, rate: Bucket(rate))
    monkeypatch.setattr(circuit, "_gates", {})
    monkeypatch.setattr(circuit, "_mirror", lambda venue, state, failures: None)
    return lambda: circuit._gate(SPEC)[0].failures


def run(problem: Exception | None) -> None:
    with circuit.guarded(SPEC):
        if problem is not None:
            raise problem


def caused(problem: Exception) -> Exception:
    problem.__cause__ = TimeoutError()
    return problem


@pytest.mark.parametrize(
    ("problem", "failures"),
    [
        (VenueUnavailable(venue="x"), 2),
        (caused(VenueOutcomeUnknown(venue="x")), 2),
        (VenueOutcomeUnknown(venue="x"), 1),  # the adapter's patience, not the venue's failure
        (VenueRateLimited(venue="x"), 1),
        (NonceUnavailable(venue="x"), 1),  # our own store
        (VenueRejected(venue="x", reason=RefusalReason.NOT_FILLABLE), 0),
        (KeyRefused(venue="x"), 0),
        (ZeroDivisionError(), 1),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_counts_as_a_failure_of_the_venue(counted, problem, failures):
    with pytest.raises(VenueUnavailable):
        run(VenueUnavailable(venue="x"))
    with pytest.raises(type(problem)):
        run(problem)

    assert counted() == failures


def test_an_open_circuit_refuses_without_calling(counted):
    for _ in range(5):
        with pytest.raises(VenueUnavailable):
            run(VenueUnavailable(venue="x"))

    with pytest.raises(VenueUnavailable):
        run(ZeroDivisionError())  # would be raised, were it run


def test_a_used_up_pace_is_refused_and_harms_no_circuit(monkeypatch, counted):
    slow = replace(SPEC, requests_per_second=0.1)
    with circuit.guarded(slow):
        pass
    with pytest.raises(VenueRateLimited), circuit.guarded(slow):
        pytest.fail("it was called")
    assert counted() == 0
