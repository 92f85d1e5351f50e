"""One pace for all processes, in the real store and without it."""

from __future__ import annotations

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from apps.core import ratelimit
from apps.venues import pace
from apps.venues.pace import Pace

OTHER = """
import django; django.setup()
from apps.venues.pace import Pace
turns = Pace("nowhere", 0.5)
print([turns.reserve() is not None for _ in range(3)].count(True))
"""


@pytest.fixture(autouse=True)
def fresh():
    pace.forget()
    ratelimit.store().delete("venues:pace:nowhere")
    yield
    pace.forget()


def taken(turns, times):
    return [turns.reserve() for _ in range(times)]


def given_out(answers):
    return sum(1 for wait in answers if wait is not None)


def test_two_that_share_a_venue_get_one_pace_between_them():
    one, other = Pace("nowhere", 10.0), Pace("nowhere", 10.0)

    first, second = taken(one, 15), taken(other, 20)

    # 20 at once, and 5 more that wait up to half a second
    assert given_out(first) == 15
    assert 10 <= given_out(second) <= 11
    assert set(first) == {0}
    assert second[-1] is None
    assert max(wait for wait in second if wait) <= 0.5


def test_a_burst_comes_back_at_the_venues_pace():
    turns = Pace("nowhere", 50.0)
    taken(turns, 200)
    deadline = time.monotonic() + 5

    while turns.reserve() is None:
        assert time.monotonic() < deadline


def test_what_is_refused_takes_no_turn():
    one, other = Pace("nowhere", 10.0), Pace("nowhere", 10.0)
    taken(one, 25)

    assert given_out(taken(other, 40)) <= 1
    left = float(ratelimit.store().pttl("venues:pace:nowhere"))
    assert left <= 2600  # milliseconds: two seconds of burst and half a second of waiting


def test_another_process_takes_from_the_same_turns():
    assert given_out(taken(Pace("nowhere", 0.5), 3)) == 1  # the next turn is two seconds away
    ratelimit.store().set("venues:pace:nowhere", int((time.time() + 60) * 1e6))

    told = subprocess.run([sys.executable, "-c", OTHER], capture_output=True, text=True, check=True)

    assert told.stdout.split() == ["0"]  # all turns of the next minute are gone; its own are not


def test_threads_of_all_processes_never_get_more_than_the_pace():
    pool = [Pace("nowhere", 20.0) for _ in range(4)]
    started = time.monotonic()

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda n: pool[n % 4].reserve(), range(160)))

    most = 20.0 * (2.0 + 0.5 + time.monotonic() - started) + 1
    assert 40 <= given_out(answers) <= most


def test_without_the_store_each_goes_on_alone_at_a_third(settings):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    pace.forget()
    turns = Pace("nowhere", 30.0)

    answers = taken(turns, 60)

    assert answers[0] == 0
    assert 20 <= given_out(answers) <= 27  # two seconds of ten a second, and half a second's wait


def test_a_store_that_is_away_is_not_waited_for_each_time(settings):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    pace.forget()
    now = [100.0]
    turns = Pace("nowhere", 1000.0, lambda: now[0])
    asked = []
    real, pace._turns = pace._turns, lambda: asked.append(1) or real()

    try:
        taken(turns, 10)
        now[0] += 1.1
        taken(turns, 10)
    finally:
        pace._turns = real

    assert len(asked) == 2


def test_who_is_patient_gets_through_while_others_take_all():
    others, guard = Pace("nowhere", 10.0), Pace("nowhere", 10.0)
    while others.reserve() is not None:
        pass
    assert Pace("nowhere", 10.0).reserve() is None

    pace.patient(2.0)

    wait = guard.reserve()
    assert wait is not None
    assert wait <= 0.7
