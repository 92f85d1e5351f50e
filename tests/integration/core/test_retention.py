from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from apps.core import idempotency, outbox, retention
from apps.core.models import IdempotencyKey, OutboxMessage
from apps.core.tasks import events_purge, idempotency_purge

NOW = timezone.now()
AGES = [100, 95, 91, 89, 1]  # days

pytestmark = pytest.mark.django_db


def message(days, *, workspace_id=1, seq=None, delivered=True):
    at = NOW - timedelta(days=days)
    return OutboxMessage.objects.create(
        workspace_id=workspace_id,
        topic="tests.bell.rang",
        payload={},
        created_at=at,
        delivered_at=at if delivered else None,
        seq=seq,
    )


def ages(**of):
    rows = OutboxMessage.objects.filter(**of).order_by("pk")
    return [round((NOW - row.created_at) / timedelta(days=1)) for row in rows]


def test_delivered_events_past_their_age_go_and_younger_ones_stay():
    for number, days in enumerate(AGES, start=1):
        message(days, seq=number)

    events_purge()

    assert ages() == [89, 1]


def test_a_log_counts_on_from_its_newest_event_however_old():
    for number in (1, 2, 3):
        message(200, seq=number)
    events_purge()
    message(0)
    outbox.number()

    assert list(OutboxMessage.objects.order_by("pk").values_list("seq", flat=True)) == [3, 4]


def test_what_was_never_delivered_waits_for_a_person():
    message(200, seq=1, delivered=False)
    message(200, seq=2)
    message(1, seq=3)

    events_purge()

    assert ages() == [200, 1]


def test_an_event_without_its_number_stays_until_it_has_one():
    message(200)
    message(1, seq=1)

    events_purge()

    assert ages() == [200, 1]


def test_a_round_goes_in_steps_and_ends_at_its_most():
    for number in range(1, 12):
        message(200, seq=number)

    before = NOW - timedelta(days=90)

    assert retention.messages_delete(before=before, step=3, most=6) == 6
    assert retention.messages_delete(before=before, step=3) == 4
    assert OutboxMessage.objects.get().seq == 11


def test_a_crowd_that_stays_does_not_hide_what_may_go():
    for number in range(1, 6):
        message(200, seq=number, delivered=False)
    message(200, seq=6)
    message(1, seq=7)

    assert retention.messages_delete(before=NOW - timedelta(days=90), step=2) == 1


def test_the_age_is_the_operators_choice(settings):
    settings.KEEP_EVENTS_DAYS = 92
    for number, days in enumerate(AGES, start=1):
        message(days, seq=number)

    events_purge()

    assert ages() == [91, 89, 1]


def test_idempotency_answers_go_after_their_hours_in_steps():
    for hours in (30, 25, 23):
        IdempotencyKey.objects.create(
            workspace_id=1, key=f"k{hours}", fingerprint="", created_at=NOW - timedelta(hours=hours)
        )

    idempotency_purge()

    assert list(IdempotencyKey.objects.values_list("key", flat=True)) == ["k23"]


def test_a_repeat_after_its_hours_is_a_new_request(settings):
    settings.KEEP_ANSWERS_HOURS = 2
    asked = {"workspace_id": 1, "key": "k", "print_": "p"}
    idempotency.begin(**asked, now=NOW)
    idempotency.finish(workspace_id=1, key="k", status=201, answer={"id": 1})

    assert idempotency.begin(**asked, now=NOW + timedelta(hours=1)) == (201, {"id": 1})
    assert idempotency.begin(**asked, now=NOW + timedelta(hours=3)) is None
