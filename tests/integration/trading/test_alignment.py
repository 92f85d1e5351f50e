"""What the gate and the engine are told about a connection's alignment."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from apps.trading.domain.alignment import NEVER, STALE_AFTER, AlignmentStatus
from apps.trading.models import ConnectionAlignment
from apps.trading.selectors.alignment import alignment_of
from tests.factories.trading import aligned
from tests.factories.venues import connection


def test_a_connection_that_was_never_compared_is_unknown(desk):
    fresh = connection(desk.actor, "practice.gamma")

    assert alignment_of([fresh.pk]) == {fresh.pk: NEVER}


def test_a_comparison_of_just_now_is_told_as_aligned(desk):
    told = alignment_of([desk.cheap.pk, desk.dear.pk])

    assert {fact.status for fact in told.values()} == {AlignmentStatus.ALIGNED}


def test_an_old_comparison_proves_nothing_about_now(desk):
    checked = timezone.now()
    aligned(desk.cheap, at=checked)
    late = checked + STALE_AFTER + timedelta(microseconds=1)

    assert alignment_of([desk.cheap.pk], now=checked + STALE_AFTER)[desk.cheap.pk].aligned
    assert alignment_of([desk.cheap.pk], now=late)[desk.cheap.pk].status == "UNKNOWN"


def test_an_unaligned_connection_stays_so_however_old(desk):
    ConnectionAlignment.objects.filter(connection=desk.cheap).update(status="UNALIGNED")
    late = timezone.now() + 10 * STALE_AFTER

    assert alignment_of([desk.cheap.pk], now=late)[desk.cheap.pk].status == "UNALIGNED"


def test_asking_about_many_connections_is_one_query(desk, django_assert_num_queries):
    with django_assert_num_queries(1):
        alignment_of([desk.cheap.pk, desk.dear.pk])
