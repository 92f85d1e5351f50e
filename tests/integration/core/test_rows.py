"""Several tables in one statement, with every constraint in force."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from apps.core import rows
from apps.core.models import AuditEntry, Beat, OutboxMessage

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


def message(topic: str = "a.b.done", **more: object) -> OutboxMessage:
    boring = {"workspace_id": 7, "topic": topic, "payload": {"id": 1}, "created_at": NOON}
    return OutboxMessage(**(boring | more))


def entry() -> AuditEntry:
    return AuditEntry(workspace_id=7, action="a.b.done", data={"so": "ürgent"}, at=NOON)


def test_rows_of_several_tables_are_one_statement():
    with CaptureQueriesContext(
        connection,
    ) as asked:
        rows.insert(
            message(), entry(), message("a.b.left"), Beat(role="x", instance="y", seen_at=NOON)
        )

    assert len(asked) == 1
    assert list(OutboxMessage.objects.order_by("pk").values_list("topic", flat=True)) == [
        "a.b.done", "a.b.left",
    ]  # fmt: skip
    assert AuditEntry.objects.get().data == {"so": "ürgent"}
    assert Beat.objects.get().details == {}


def test_a_row_reads_back_as_the_orm_would_have_stored_it():
    rows.insert(message(attempts=3, delivered_at=NOON))
    message(attempts=3, delivered_at=NOON).save()

    one, other = OutboxMessage.objects.order_by("pk").values()
    assert {**one, "id": 0} == {**other, "id": 0}


def test_a_column_that_only_some_rows_fill_is_empty_in_the_others():
    rows.insert(message("a.b.one", delivered_at=NOON), message("a.b.two"))

    told = OutboxMessage.objects.order_by("pk").values_list("topic", "delivered_at")
    assert list(told) == [("a.b.one", NOON), ("a.b.two", None)]


def test_a_broken_constraint_leaves_nothing_of_any_table():
    with pytest.raises(IntegrityError), transaction.atomic():
        rows.insert(message(seq=1), entry(), message(seq=1))

    assert (OutboxMessage.objects.count(), AuditEntry.objects.count()) == (0, 0)


def test_a_primary_key_that_is_brought_is_kept():
    rows.insert(message(pk=4711))

    assert OutboxMessage.objects.get().pk == 4711
