"""The vault's tables: wrapped data keys, sealed fields, who opened what, rotations in progress."""

from __future__ import annotations

import uuid

from django.db import models


class DataKey(models.Model):
    """A workspace's key, itself sealed by the key-encryption key of `kek_version`."""

    workspace = models.ForeignKey("accounts.Workspace", on_delete=models.PROTECT)
    version = models.PositiveSmallIntegerField()
    wrapped = models.BinaryField()
    kek_version = models.PositiveSmallIntegerField()
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "version"], name="vault_data_key_version_once"
            ),
            models.CheckConstraint(
                condition=models.Q(version__gte=1, version__lte=255),
                name="vault_data_key_version_byte",
            ),
        ]
        indexes = [models.Index(fields=["kek_version", "id"], name="vault_data_key_kek_idx")]


class SecretSet(models.Model):
    """The secrets of one record, such as a connection. `uid` is bound into each ciphertext."""

    workspace = models.ForeignKey("accounts.Workspace", on_delete=models.PROTECT)
    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    record = models.CharField(max_length=120)
    data_key = models.ForeignKey(DataKey, on_delete=models.PROTECT)
    created_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["workspace", "record"], name="vault_secret_set_record_idx")]


class SealedField(models.Model):
    secret_set = models.ForeignKey(SecretSet, on_delete=models.CASCADE, related_name="fields")
    name = models.CharField(max_length=40)
    sealed = models.BinaryField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["secret_set", "name"], name="vault_sealed_field_name_once"
            )
        ]


class SecretAccess(models.Model):
    """One opening, refusal or destruction: who, what, why, when. Plain numbers: it outlives all."""

    workspace_id = models.BigIntegerField()
    user_id = models.BigIntegerField(null=True)  # null: the program itself
    set_id = models.BigIntegerField()
    record = models.CharField(max_length=120)
    purpose = models.CharField(max_length=80)
    outcome = models.CharField(max_length=20)  # OPENED, REFUSED, DESTROYED
    at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["workspace_id", "-id"], name="vault_access_workspace_idx"),
            models.Index(fields=["set_id", "-id"], name="vault_access_set_idx"),
        ]


class KeyRotation(models.Model):
    """How far a rotation has come; a killed one goes on from `position`."""

    kind = models.CharField(max_length=10)  # KEK or DATA_KEYS
    position = models.BigIntegerField(default=0)  # the last row done
    last = models.BigIntegerField()  # the last row when it began
    newest_key = models.BigIntegerField()  # the newest data key then: what is newer is its work
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["kind"],
                condition=models.Q(finished_at=None),
                name="vault_key_rotation_one_running",
            )
        ]
