from __future__ import annotations

import threading
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar

import pytest
from django.db import connection, transaction
from django.utils import timezone

from apps.core import outbox
from apps.core.domain.events import Event
from apps.core.models import OutboxMessage


@dataclass(frozen=True, slots=True, kw_only=True)
class BellRang(Event):
    topic: ClassVar[str] = "tests.bell.rang"
    bell_id: int


@pytest.fixture
def heard():
    seen: list[int] = []

    def listen(*, workspace_id: int, bell_id: int) -> None:
        if bell_id < 0:
            raise RuntimeError("deaf")
        seen.append(bell_id)

    outbox.subscribe(BellRang)(listen)
    yield seen
    outbox._handlers[BellRang.topic].remove(listen)


def ring(*bells: int, workspace_id: int = 1) -> None:
    outbox.publish(*(BellRang(workspace_id=workspace_id, bell_id=bell) for bell in bells))


@pytest.mark.django_db(transaction=True)
def test_nothing_is_heard_of_what_was_rolled_back(heard):
    with suppress(ZeroDivisionError), transaction.atomic():
        ring(1)
        raise ZeroDivisionError

    assert heard == []
    assert OutboxMessage.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_what_is_committed_is_delivered_once(heard):
    with transaction.atomic():
        ring(1, 2)
        assert heard == []

    assert heard == [1, 2]
    assert OutboxMessage.objects.filter(delivered_at=None).count() == 0
    assert outbox.sweep(older_than=timedelta(0)) == 0


@pytest.mark.django_db
def test_what_nobody_listens_to_is_logged_and_costs_no_second_commit(
    django_capture_on_commit_callbacks,
):
    with django_capture_on_commit_callbacks() as afterwards:
        ring(1)

    assert afterwards == []
    assert OutboxMessage.objects.get().delivered_at is not None


@pytest.mark.django_db(transaction=True)
def test_one_deaf_handler_keeps_only_its_own_message(heard):
    with transaction.atomic():
        ring(-1, 5)

    assert heard == [5]
    waiting = OutboxMessage.objects.get(delivered_at=None)
    assert (waiting.payload["bell_id"], waiting.attempts) == (-1, 1)


@pytest.mark.django_db
def test_the_sweeper_delivers_what_a_crash_left(heard):
    OutboxMessage.objects.create(
        workspace_id=1,
        topic=BellRang.topic,
        payload={"workspace_id": 1, "bell_id": 3},
        created_at=timezone.now() - timedelta(minutes=1),
    )

    assert outbox.sweep() == 1
    assert heard == [3]


@pytest.mark.django_db
def test_numbers_are_gap_free_per_workspace():
    ring(1, 2, workspace_id=1)
    ring(3, workspace_id=2)
    outbox.number()
    ring(4, workspace_id=1)
    outbox.number()

    assert [e["seq"] for e in outbox.events_after(workspace_id=1, seq=0)] == [1, 2, 3]
    assert [e["payload"]["bell_id"] for e in outbox.events_after(workspace_id=1, seq=2)] == [4]
    assert [e["seq"] for e in outbox.events_after(workspace_id=2, seq=0)] == [1]


@pytest.mark.django_db(transaction=True)
def test_two_relays_never_give_a_number_twice():
    for number in range(40):
        ring(number)
    barrier = threading.Barrier(3)

    def relay() -> None:
        barrier.wait()
        for _ in range(30):
            outbox.number(limit=3)
        connection.close()

    threads = [threading.Thread(target=relay) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    while outbox.number():
        pass

    assert sorted(OutboxMessage.objects.values_list("seq", flat=True)) == list(range(1, 41))
