"""Seal, open, destroy. Values come in and go out here and nowhere else."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from apps.accounts.selectors import workspace_exists
from apps.core import audit, outbox
from apps.core.domain.people import Actor
from apps.vault import data_keys, locks
from apps.vault.domain import envelope
from apps.vault.domain.errors import ImportUnreadable, SealBroken, SecretMissing
from apps.vault.domain.events import SecretsDestroyed, SecretsStored
from apps.vault.domain.fernet_import import Credential
from apps.vault.models import DataKey, SealedField, SecretAccess, SecretSet


def place(*, workspace_id: int, uid: uuid.UUID, record: str, field: str) -> tuple[str, ...]:
    """Where a sealed field belongs: owner, row, record and field. The version is bound besides."""
    return ("secret", str(workspace_id), uid.hex, record, field)


@transaction.atomic
def secrets_store(*, actor: Actor, record: str, values: Mapping[str, str], now: datetime) -> int:
    """Seal the values under the workspace's newest data key; return the set's id.

    Raises KeyLost where the keyring is gone.
    """
    row = locks.current_data_key(actor.workspace_id) or data_keys.create(
        actor.workspace_id, version=1, now=now
    )
    stored = SecretSet.objects.create(
        workspace_id=actor.workspace_id, record=record, data_key=row, created_at=now
    )
    key = data_keys.clear_key(row)
    SealedField.objects.bulk_create(
        SealedField(
            secret_set=stored,
            name=name,
            sealed=envelope.seal(
                value.encode(),
                key=key,
                version=row.version,
                place=place(
                    workspace_id=actor.workspace_id, uid=stored.uid, record=record, field=name
                ),
            ),
        )
        for name, value in values.items()
    )
    event = SecretsStored(workspace_id=actor.workspace_id, set_id=stored.pk, record=record)
    audit.record(event, actor=actor, at=now, fields=sorted(values))
    outbox.publish(event)
    return stored.pk


def secrets_open(
    *, set_id: int, workspace_id: int, record: str, purpose: str, user_id: int | None = None
) -> dict[str, str]:
    """The clear values; the opening is logged before they are handed out.

    Raises SecretMissing for a set that is not this workspace's and record's, SealBroken for one
    that was tampered with, KeyLost without its key-encryption key. The last two are logged too.
    """
    entry = SecretAccess(
        workspace_id=workspace_id,
        user_id=user_id,
        set_id=set_id,
        record=record,
        purpose=purpose,
        outcome="OPENED",
        at=timezone.now(),
    )
    try:
        values = _opened(set_id=set_id, workspace_id=workspace_id, record=record)
    except Exception:
        entry.outcome = "REFUSED"
        entry.save()
        raise
    entry.save()
    return values


@transaction.atomic
def secrets_import(
    *, actor: Actor, credentials: Sequence[Credential], now: datetime, dry_run: bool
) -> list[int]:
    """Store every credential as a set of its own, or none. Raises ImportUnreadable where the
    workspace is unknown or already holds one of them."""
    if not workspace_exists(actor.workspace_id):
        raise ImportUnreadable(problem=f"there is no workspace {actor.workspace_id}")
    locks.current_data_key(actor.workspace_id)
    taken = SecretSet.objects.filter(
        workspace_id=actor.workspace_id, record__in=[each.record for each in credentials]
    ).values_list("record", flat=True)
    if taken:
        raise ImportUnreadable(problem=f"these are already here: {', '.join(sorted(taken))}")
    if dry_run:
        return []
    return [
        secrets_store(actor=actor, record=each.record, values={"value": each.value}, now=now)
        for each in credentials
    ]


@transaction.atomic
def secrets_destroy(*, actor: Actor, set_id: int, now: datetime) -> None:
    """Delete the ciphertexts for good. Destroying twice is success."""
    stored = SecretSet.objects.filter(pk=set_id, workspace_id=actor.workspace_id).first()
    if stored is None:
        return
    stored.delete()
    SecretAccess.objects.create(
        workspace_id=actor.workspace_id,
        user_id=actor.user_id,
        set_id=set_id,
        record=stored.record,
        purpose="destroy",
        outcome="DESTROYED",
        at=now,
    )
    event = SecretsDestroyed(workspace_id=actor.workspace_id, set_id=set_id, record=stored.record)
    audit.record(event, actor=actor, at=now)
    outbox.publish(event)


def _opened(*, set_id: int, workspace_id: int, record: str) -> dict[str, str]:
    for _ in range(3):  # a rotation may reseal the rows and retire their key between two reads
        stored = SecretSet.objects.filter(
            pk=set_id, workspace_id=workspace_id, record=record
        ).first()
        if stored is None:
            raise SecretMissing
        rows = {field.name: bytes(field.sealed) for field in stored.fields.all()}
        key_row = DataKey.objects.filter(pk=stored.data_key_id, workspace_id=workspace_id).first()
        if key_row is None:
            continue
        if any(envelope.version_of(row) != key_row.version for row in rows.values()):
            continue
        return _unsealed(stored, key_row, rows)
    raise SealBroken


def _unsealed(stored: SecretSet, key_row: DataKey, rows: Mapping[str, bytes]) -> dict[str, str]:
    key = data_keys.clear_key(key_row)
    values = {}
    for name, sealed in rows.items():
        where = place(
            workspace_id=stored.workspace_id, uid=stored.uid, record=stored.record, field=name
        )
        clear = envelope.unseal(sealed, key=key, version=key_row.version, place=where)
        values[name] = clear.decode()
        envelope.wipe(clear)
    return values
