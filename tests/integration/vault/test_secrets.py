from __future__ import annotations

from datetime import UTC, datetime

import pytest

from apps.core.models import AuditEntry, OutboxMessage
from apps.vault import data_keys, services
from apps.vault.domain.errors import KeyLost, SealBroken, SecretMissing
from apps.vault.models import DataKey, SealedField, SecretAccess, SecretSet

NOW = datetime(2026, 11, 1, tzinfo=UTC)
VALUES = {"key": "k-topsecret", "secret": "s-topsecret"}


@pytest.fixture(autouse=True)
def own_keyring(settings, tmp_path):
    settings.KEYRING_DIR = tmp_path / "keyring"
    data_keys.forget_all()
    yield
    data_keys.forget_all()


def store(person, record="connection:1", values=VALUES):
    return services.secrets_store(actor=person.actor, record=record, values=values, now=NOW)


def opened(person, set_id, record="connection:1"):
    return services.secrets_open(
        set_id=set_id, workspace_id=person.actor.workspace_id, record=record, purpose="test"
    )


def test_what_was_stored_opens_for_its_owner_and_record(alice):
    assert opened(alice, store(alice)) == VALUES


def test_no_table_holds_a_clear_value(alice):
    store(alice)

    rows = b"".join(bytes(field.sealed) for field in SealedField.objects.all())
    told = [*AuditEntry.objects.values_list("data"), *OutboxMessage.objects.values_list("payload")]
    assert b"topsecret" not in rows
    assert "topsecret" not in str(told)


def test_each_opening_is_logged_with_its_purpose(alice):
    opened(alice, store(alice))

    entry = SecretAccess.objects.get()
    assert (entry.record, entry.purpose, entry.outcome) == ("connection:1", "test", "OPENED")


def test_mallory_cannot_open_by_number(alice, mallory):
    set_id = store(alice)

    with pytest.raises(SecretMissing):
        opened(mallory, set_id)
    assert SecretAccess.objects.get().outcome == "REFUSED"


def test_another_record_does_not_open_it(alice):
    with pytest.raises(SecretMissing):
        opened(alice, store(alice), record="connection:2")


def moved_field(target: SealedField, source: SealedField) -> None:
    SealedField.objects.filter(pk=target.pk).update(sealed=bytes(source.sealed))


def test_a_ciphertext_moved_to_another_field_does_not_open(alice):
    set_id = store(alice)
    key, secret = SealedField.objects.order_by("name")
    moved_field(key, secret)

    with pytest.raises(SealBroken):
        opened(alice, set_id)


def test_a_ciphertext_moved_to_another_row_does_not_open(alice):
    first, second = store(alice), store(alice)
    moved_field(
        SealedField.objects.get(secret_set_id=first, name="key"),
        SealedField.objects.get(secret_set_id=second, name="key"),
    )

    with pytest.raises(SealBroken):
        opened(alice, first)


def test_a_row_given_to_another_owner_does_not_open(alice, mallory):
    set_id = store(alice)
    store(mallory)
    theirs = DataKey.objects.get(workspace_id=mallory.actor.workspace_id)
    SecretSet.objects.filter(pk=set_id).update(
        workspace_id=mallory.actor.workspace_id, data_key=theirs
    )

    with pytest.raises(SealBroken):
        opened(mallory, set_id)


def test_a_data_key_given_to_another_owner_does_not_unwrap(alice, mallory):
    set_id = store(alice)
    SecretSet.objects.filter(pk=set_id).update(workspace_id=mallory.actor.workspace_id)
    DataKey.objects.update(workspace_id=mallory.actor.workspace_id)
    data_keys.forget_all()

    with pytest.raises(SealBroken):
        opened(mallory, set_id)


def test_a_renamed_record_does_not_open(alice):
    set_id = store(alice)
    SecretSet.objects.update(record="connection:2")

    with pytest.raises(SealBroken):
        opened(alice, set_id, record="connection:2")


def test_a_lost_keyring_is_said_and_never_replaced(alice, settings, tmp_path):
    set_id = store(alice)
    data_keys.forget_all()
    settings.KEYRING_DIR = tmp_path / "empty"

    with pytest.raises(KeyLost):
        opened(alice, set_id)
    with pytest.raises(KeyLost):
        data_keys.key_encryption().current()


def test_destroying_leaves_no_ciphertext_and_is_repeatable(alice):
    set_id = store(alice)

    for _ in range(2):
        services.secrets_destroy(actor=alice.actor, set_id=set_id, now=NOW)

    assert not SealedField.objects.exists()
    assert SecretAccess.objects.get().outcome == "DESTROYED"
    with pytest.raises(SecretMissing):
        opened(alice, set_id)


def test_mallory_cannot_destroy(alice, mallory):
    set_id = store(alice)

    services.secrets_destroy(actor=mallory.actor, set_id=set_id, now=NOW)

    assert opened(alice, set_id) == VALUES


def test_kept_data_keys_are_wiped_when_they_go(alice):
    opened(alice, store(alice))
    (held,) = [key for _, key in data_keys._kept.values()]

    data_keys.forget_all()

    assert held == bytes(32)
    assert not data_keys._kept
