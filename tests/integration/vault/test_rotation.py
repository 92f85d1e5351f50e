from __future__ import annotations

import io
import json
from datetime import UTC, datetime

import pytest
from cryptography.fernet import Fernet
from django.core.management import CommandError, call_command

from apps.vault import data_keys, rotation, services
from apps.vault.models import DataKey, KeyRotation, SealedField, SecretSet
from tests.factories.accounts import person

NOW = datetime(2026, 11, 1, tzinfo=UTC)


class Killed(BaseException):
    """What kill -9 looks like from inside: nothing after it runs."""


@pytest.fixture(autouse=True)
def own_keyring(settings, tmp_path):
    settings.KEYRING_DIR = tmp_path / "keyring"
    data_keys.forget_all()
    yield
    data_keys.forget_all()


@pytest.fixture
def owners(db):
    """Three workspaces with two sets each: [(actor, set id, record)]."""
    return [
        (
            cast.actor,
            services.secrets_store(actor=cast.actor, record=r, values={"v": r}, now=NOW),
            r,
        )
        for cast in (person(name) for name in ("alice", "bob", "carol"))
        for r in (f"a:{cast.actor.workspace_id}", f"b:{cast.actor.workspace_id}")
    ]


def all_open(owners) -> bool:
    return all(
        services.secrets_open(
            set_id=set_id, workspace_id=actor.workspace_id, record=record, purpose="test"
        )
        == {"v": record}
        for actor, set_id, record in owners
    )


def rotate(*flags: str) -> str:
    out = io.StringIO()
    call_command("vault_rotate", *flags, stdout=out)
    return out.getvalue()


def test_a_new_key_encryption_key_rewraps_every_data_key(owners):
    before = list(SealedField.objects.order_by("pk").values_list("sealed", flat=True))

    rotate("--new-kek", "--batch", "2")

    assert set(DataKey.objects.values_list("kek_version", flat=True)) == {2}
    assert list(SealedField.objects.order_by("pk").values_list("sealed", flat=True)) == before
    assert all_open(owners)


def test_the_old_key_encryption_key_is_not_needed_afterwards(owners, settings):
    rotate("--new-kek")
    (settings.KEYRING_DIR / "vault_kek_1.key").unlink()
    data_keys.forget_all()

    assert all_open(owners)


def test_new_data_keys_reseal_everything_and_retire_the_old(owners):
    rotate("--data-keys", "--batch", "1")

    assert set(DataKey.objects.values_list("version", flat=True)) == {2}
    assert {bytes(s)[1] for s in SealedField.objects.values_list("sealed", flat=True)} == {2}
    assert all_open(owners)


def test_rotation_is_readable_at_every_step(owners):
    seen = []

    def look(done: int, position: int) -> None:
        seen.append(all_open(owners))

    rotation.rewrap(now=NOW, renew=True, batch=1, told=look)
    rotation.reseal(now=NOW, batch=1, told=look)

    assert len(seen) == 12  # 3 data keys, then 6 sets and 3 workspaces
    assert set(seen) == {True}


@pytest.mark.parametrize("at", range(1, 10))
def test_a_killed_resealing_goes_on_where_it_stopped(owners, at):
    steps = []

    def die(done: int, position: int) -> None:
        steps.append(position)
        if len(steps) == at:
            raise Killed

    with pytest.raises(Killed):
        rotation.reseal(now=NOW, batch=1, told=die)
    assert all_open(owners)
    rotate()  # without a flag: what is unfinished is finished

    assert all_open(owners)
    assert set(DataKey.objects.values_list("version", flat=True)) == {2}
    assert KeyRotation.objects.filter(kind=rotation.DATA_KEYS).count() == 1


def test_a_killed_rewrapping_goes_on_under_the_same_new_key(owners):
    def die(done: int, position: int) -> None:
        raise Killed

    with pytest.raises(Killed):
        rotation.rewrap(now=NOW, renew=True, batch=1, told=die)
    mixed = sorted(DataKey.objects.values_list("kek_version", flat=True))
    rotate("--new-kek")

    assert mixed == [1, 1, 2]
    assert set(DataKey.objects.values_list("kek_version", flat=True)) == {2}
    assert all_open(owners)


def test_a_set_stored_while_data_keys_rotate_opens(owners):
    stored = []

    def store(done: int, position: int) -> None:
        actor = owners[0][0]
        record = f"late:{len(stored)}"
        set_id = services.secrets_store(actor=actor, record=record, values={"v": record}, now=NOW)
        stored.append((actor, set_id, record))

    rotation.reseal(now=NOW, batch=1, told=store)

    assert len(stored) == 9
    assert all_open(owners + stored)


def test_a_reader_between_two_versions_reads_again(owners, monkeypatch):
    """Everything is resealed after the reader fetched the rows and before it fetched the key."""
    actor, set_id, record = owners[0]
    fetch, raced = DataKey.objects.filter, []

    def rotate_then_fetch(*args, **named):
        if not raced:
            raced.append(True)
            rotation.reseal(now=NOW, batch=10, told=lambda done, position: None)
        return fetch(*args, **named)

    monkeypatch.setattr(DataKey.objects, "filter", rotate_then_fetch)

    opened = services.secrets_open(
        set_id=set_id, workspace_id=actor.workspace_id, record=record, purpose="test"
    )
    assert (opened, raced) == ({"v": record}, [True])


@pytest.fixture
def legacy(tmp_path):
    key = Fernet.generate_key()
    (tmp_path / "fernet.key").write_bytes(key)

    def write(*rows: tuple[str, str, str]):
        sealed = [
            {"category": c, "name": n, "value": Fernet(key).encrypt(v.encode()).decode()}
            for c, n, v in rows
        ]
        (tmp_path / "old.json").write_text(json.dumps(sealed))
        return [str(tmp_path / "old.json"), "--key-file", str(tmp_path / "fernet.key")]

    return write


def importing(alice, *arguments: str) -> str:
    out = io.StringIO()
    workspace = str(alice.actor.workspace_id)
    call_command("vault_import_fernet", *arguments, "--workspace", workspace, stdout=out)
    return out.getvalue()


def test_a_legacy_file_is_imported_without_showing_a_value(alice, legacy):
    said = importing(alice, *legacy(("exchange", "kraken", "topsecret"), ("rpc", "node", "url")))

    stored = SecretSet.objects.get(record="imported:exchange:kraken")
    assert services.secrets_open(
        set_id=stored.pk,
        workspace_id=alice.actor.workspace_id,
        record=stored.record,
        purpose="test",
    ) == {"value": "topsecret"}
    assert "topsecret" not in said


def test_a_dry_run_stores_nothing(alice, legacy):
    said = importing(alice, *legacy(("rpc", "node", "url")), "--dry-run")

    assert "1 credentials would be imported" in said
    assert not SecretSet.objects.exists()


def test_an_import_that_meets_a_known_record_stores_nothing(alice, legacy):
    importing(alice, *legacy(("rpc", "node", "url")))

    with pytest.raises(CommandError, match=r"VAL-0501.*imported:rpc:node"):
        importing(alice, *legacy(("rpc", "other", "url"), ("rpc", "node", "url")))
    assert SecretSet.objects.count() == 1
