"""Online, resumable key rotation, in batches with a saved position.

* New key-encryption key: every wrapped data key is unwrapped and wrapped again; secrets untouched.
* New data keys: each workspace gets its next version, its secrets are resealed under it one set at
  a time, and the old version is deleted once nothing is sealed under it.

Reads go on throughout: a reader that meets a row between two versions reads again
(`services._opened`). Killed anywhere, the next run goes on from the last finished row: each row's
change and the position are one transaction.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from django.db import transaction
from django.db.models import Max

from apps.accounts.selectors import workspace_last_id
from apps.core import audit, outbox
from apps.core.domain.people import Actor
from apps.vault import data_keys, locks
from apps.vault.domain import envelope
from apps.vault.domain.events import DataKeyRotated
from apps.vault.models import DataKey, KeyRotation, SealedField, SecretSet
from apps.vault.services import place

KEK, DATA_KEYS = "KEK", "DATA_KEYS"
Told = Callable[[int, int], None]  # (rows done in this run, position)


def running(kind: str) -> KeyRotation | None:
    """The rotation that a killed run left behind."""
    return KeyRotation.objects.filter(kind=kind, finished_at=None).first()


def rewrap(*, now: datetime, renew: bool, batch: int, told: Told) -> int:
    """Wrap every data key with the newest key-encryption key; return how many were rewrapped.

    `renew` makes a new one first, unless a rotation is unfinished: then that one is finished.
    """
    keeper = data_keys.key_encryption()
    rotation = running(KEK)
    if rotation is None:
        if renew:
            keeper.renew()
        rotation = _begun(KEK, _last_key(), now)
    version, done = keeper.current(), 0
    while count := _rewrap_batch(rotation, version, batch):
        done += count
        told(done, rotation.position)
    _finished(rotation, now)
    data_keys.forget_all()
    return done


def reseal(*, now: datetime, batch: int, told: Told) -> int:
    """Give every workspace with secrets a new data key; return how many workspaces were done."""
    rotation = running(DATA_KEYS) or _begun(DATA_KEYS, workspace_last_id(), now)
    done = 0
    while True:
        owners = DataKey.objects.filter(
            workspace_id__gt=rotation.position, workspace_id__lte=rotation.last
        )
        workspace_id = (
            owners.order_by("workspace_id").values_list("workspace_id", flat=True).first()
        )
        if workspace_id is None:
            break
        fresh = _fresh_key(workspace_id, rotation, now)
        while _reseal_batch(fresh, batch):
            told(done, rotation.position)
        _retire(fresh, rotation, now)
        done += 1
        told(done, rotation.position)
    _finished(rotation, now)
    data_keys.forget_all()
    return done


@transaction.atomic
def _rewrap_batch(rotation: KeyRotation, version: int, batch: int) -> int:
    """Rewrap the next rows; 0 when none is left. Keys made meanwhile are wrapped newly anyway."""
    keeper = data_keys.key_encryption()
    rows = locks.data_keys_between(rotation.position, rotation.last, size=batch)
    if not rows:
        return 0
    for row in rows:
        if row.kek_version == version:
            continue
        where = data_keys.place(row.workspace_id, row.version)
        clear = keeper.unwrap(bytes(row.wrapped), place=where)
        row.wrapped = keeper.wrap(clear, place=where)
        row.kek_version = keeper.version_of(row.wrapped)
        envelope.wipe(clear)
    DataKey.objects.bulk_update(rows, ["wrapped", "kek_version"])
    _moved(rotation, rows[-1].pk)
    return len(rows)


@transaction.atomic
def _fresh_key(workspace_id: int, rotation: KeyRotation, now: datetime) -> DataKey:
    """The workspace's new key, made once per rotation, however often the rotation is resumed."""
    newest = locks.current_data_key(workspace_id)
    if newest is not None and newest.pk > rotation.newest_key:
        return newest
    version = newest.version + 1 if newest else 1
    return data_keys.create(workspace_id, version=version, now=now)


@transaction.atomic
def _reseal_batch(fresh: DataKey, batch: int) -> int:
    """Reseal some sets that still stand under an older key; 0 when none does."""
    key = data_keys.clear_key(fresh)
    sets = locks.secret_sets_not_under(fresh, size=batch)
    for stored in sets:
        old_key, old_version = data_keys.clear_key(stored.data_key), stored.data_key.version
        for field in stored.fields.all():
            where = place(
                workspace_id=stored.workspace_id,
                uid=stored.uid,
                record=stored.record,
                field=field.name,
            )
            clear = envelope.unseal(
                bytes(field.sealed), key=old_key, version=old_version, place=where
            )
            sealed = envelope.seal(clear, key=key, version=fresh.version, place=where)
            SealedField.objects.filter(pk=field.pk).update(sealed=sealed)
            envelope.wipe(clear)
        SecretSet.objects.filter(pk=stored.pk).update(data_key=fresh)
    return len(sets)


@transaction.atomic
def _retire(fresh: DataKey, rotation: KeyRotation, now: datetime) -> None:
    """Delete the older versions. A set stored under one meanwhile keeps its key: PROTECT."""
    locks.current_data_key(fresh.workspace_id)
    in_use = SecretSet.objects.filter(workspace_id=fresh.workspace_id).values("data_key_id")
    older = DataKey.objects.filter(workspace_id=fresh.workspace_id, version__lt=fresh.version)
    older.exclude(pk__in=in_use).delete()
    event = DataKeyRotated(workspace_id=fresh.workspace_id, version=fresh.version)
    audit.record(event, actor=Actor.platform(fresh.workspace_id), at=now)
    outbox.publish(event)
    _moved(rotation, fresh.workspace_id)


def _last_key() -> int:
    return DataKey.objects.aggregate(last=Max("pk"))["last"] or 0


def _begun(kind: str, last: int, now: datetime) -> KeyRotation:
    return KeyRotation.objects.create(kind=kind, last=last, newest_key=_last_key(), started_at=now)


def _moved(rotation: KeyRotation, position: int) -> None:
    rotation.position = position
    rotation.save(update_fields=["position"])


def _finished(rotation: KeyRotation, now: datetime) -> None:
    rotation.finished_at = now
    rotation.save(update_fields=["finished_at"])
