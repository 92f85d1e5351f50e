"""The loop waits for a plan's commit and for nothing after it."""

from __future__ import annotations

import asyncio
import threading

import pytest

from apps.trading.engine.flights import Flights


class Killed(BaseException):
    """The thread ends here."""


def never(_orders: object) -> None:
    raise AssertionError("there was nothing to send")


async def test_the_plan_is_told_while_the_venue_is_still_silent():
    flights, answer, sent = Flights(threads=1), threading.Event(), []

    def send(orders):
        answer.wait(10)
        sent.extend(orders)

    plan = await flights.open(lambda: ("plan", ["leg"]), send)

    assert (plan, sent, flights.free) == ("plan", [], False)
    answer.set()
    await flights.close()
    assert sent == ["leg"]


async def test_the_loop_turns_while_every_thread_waits():
    flights, answer = Flights(threads=2), threading.Event()
    for _ in range(2):
        await flights.open(lambda: ("plan", ["leg"]), lambda _: answer.wait(10))
    turns = 0
    for _ in range(100):
        await asyncio.sleep(0)
        turns += 1

    assert (turns, flights.free, answer.is_set()) == (100, False, False)
    answer.set()
    await flights.close()


async def test_a_denied_plan_sends_nothing_and_its_thread_is_free_again():
    flights = Flights(threads=1)

    assert await flights.open(lambda: ("denied", []), never) == "denied"

    await flights.close()
    assert flights.free


async def test_what_the_gate_raises_reaches_the_loop():
    flights = Flights(threads=1)

    def ask():
        raise LookupError("no such account")

    with pytest.raises(LookupError):
        await flights.open(ask, never)
    await flights.close()
    assert flights.free


async def test_a_failed_sending_leaves_a_thread_that_flies_again():
    flights = Flights(threads=1)

    def fail(_orders):
        raise OSError("the database is away")

    assert await flights.open(lambda: ("one", ["leg"]), fail) == "one"
    await asyncio.gather(*flights._under_way)

    assert await flights.open(lambda: ("two", []), never) == "two"
    await flights.close()
