from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import ClassVar

import pytest
from django.db import connection
from django.db.utils import ProgrammingError

from apps.core import audit, keyring
from apps.core.domain.events import Event
from apps.core.domain.people import Actor
from apps.core.models import AuditBatch, AuditEntry, AuditSeal

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
ACTOR = Actor.platform(7)


@dataclass(frozen=True, slots=True, kw_only=True)
class ThingHappened(Event):
    topic: ClassVar[str] = "tests.thing.happened"
    thing_id: int


@pytest.fixture(autouse=True)
def own_keyring(settings, tmp_path):
    settings.KEYRING_DIR = tmp_path / "keyring"


def write(count: int) -> None:
    for number in range(count):
        audit.record(ThingHappened(workspace_id=7, thing_id=number), actor=ACTOR, at=NOW, n=number)


def tamper(sql: str, *params: object) -> None:
    """What an intruder with the database in hand would do."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(sql, params)
        cursor.execute("SET LOCAL session_replication_role = DEFAULT")


def test_a_sealed_trail_holds():
    write(3)
    assert audit.seal(now=NOW) == 3
    write(2)
    assert audit.seal(now=NOW) == 2

    assert audit.verify(now=NOW) == (5, None)


def test_sealing_twice_seals_nothing_again():
    write(1)
    audit.seal(now=NOW)

    assert audit.seal(now=NOW) == 0
    assert AuditBatch.objects.count() == 1


def test_a_changed_entry_is_named():
    write(4)
    audit.seal(now=NOW)
    second = AuditEntry.objects.order_by("pk")[1]
    tamper("UPDATE core_auditentry SET actor_id = 99 WHERE id = %s", second.pk)

    held, finding = audit.verify(now=NOW)

    assert (held, finding.chain_seq, finding.entry_id) == (1, 2, second.pk)


def test_a_chain_rewritten_without_the_key_is_found():
    write(2)
    audit.seal(now=NOW)
    AuditEntry.objects.first()
    tamper("UPDATE core_auditbatch SET signature = %s", "0" * 64)

    assert "signature" in audit.verify(now=NOW)[1].problem


def test_a_removed_middle_is_found(django_capture_on_commit_callbacks):
    write(3)
    audit.seal(now=NOW)
    tamper("DELETE FROM core_auditseal WHERE chain_seq = 2")

    held, finding = audit.verify(now=NOW)

    assert (held, finding.chain_seq, finding.problem) == (
        1,
        2,
        "an entry is missing from the chain",
    )


def test_a_cut_tail_is_found_by_the_head_kept_outside(django_capture_on_commit_callbacks):
    for _ in range(2):
        write(2)
        with django_capture_on_commit_callbacks(execute=True):
            audit.seal(now=NOW)
    assert keyring.recall("audit_head") == "4"
    last = AuditBatch.objects.latest("head_seq").pk
    tamper("DELETE FROM core_auditseal WHERE batch_id = %s", last)
    tamper("DELETE FROM core_auditbatch WHERE id = %s", last)

    assert audit.verify(now=NOW)[1].problem == "the trail ends early: 4 entries were sealed"


def test_an_old_entry_without_a_seal_is_a_finding():
    write(1)
    audit.seal(now=NOW)
    write(1)

    _, finding = audit.verify(now=NOW + timedelta(hours=2))

    assert finding.problem == "an old entry was never sealed"


@pytest.mark.parametrize("model", [AuditEntry, AuditSeal, AuditBatch])
def test_the_database_refuses_changes(model):
    write(1)
    audit.seal(now=NOW)

    with pytest.raises(ProgrammingError, match="append-only"), connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {model._meta.db_table}")  # noqa: S608 a constant of ours


def test_another_key_does_not_verify(settings, tmp_path):
    write(1)
    audit.seal(now=NOW)
    settings.KEYRING_DIR = tmp_path / "other"

    assert "signature" in audit.verify(now=NOW)[1].problem
