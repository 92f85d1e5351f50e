"""The kernel's tables: outbox and event log, audit trail with its seals, idempotency keys.

`workspace_id` is a plain number here: core stands below accounts, and a trail must outlive
what it speaks of.
"""

from __future__ import annotations

from django.db import models


class OutboxMessage(models.Model):
    """An event, stored with the change it announces; with `seq` also the workspace's log."""

    workspace_id = models.BigIntegerField()
    topic = models.CharField(max_length=80)
    payload = models.JSONField()
    created_at = models.DateTimeField()
    delivered_at = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    seq = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace_id", "seq"], name="core_outbox_seq_once")
        ]
        indexes = [
            models.Index(
                fields=["created_at"],
                name="core_outbox_undelivered",
                condition=models.Q(delivered_at=None),
            ),
            models.Index(
                fields=["id"], name="core_outbox_unnumbered", condition=models.Q(seq=None)
            ),
        ]


class AuditEntry(models.Model):
    """One thing that was done. Never changed: a trigger refuses UPDATE and DELETE."""

    workspace_id = models.BigIntegerField(null=True)
    actor_id = models.BigIntegerField(null=True)  # pseudonymous: the user's number, never a name
    action = models.CharField(max_length=80)
    data = models.JSONField()
    request_id = models.CharField(max_length=64, blank=True)
    at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["workspace_id", "-id"], name="core_audit_workspace_idx"),
            models.Index(fields=["at"], name="core_audit_at_idx"),
        ]


class AuditBatch(models.Model):
    """A sealed run of entries; its head is signed with a key outside the database."""

    head_seq = models.BigIntegerField(unique=True)
    head_hash = models.CharField(max_length=64)
    signature = models.CharField(max_length=64)
    sealed_at = models.DateTimeField()


class AuditSeal(models.Model):
    """The place and the hash of one entry in the chain, given after commit by one sealer."""

    entry = models.OneToOneField(AuditEntry, on_delete=models.PROTECT, primary_key=True)
    chain_seq = models.BigIntegerField(unique=True)
    hash = models.CharField(max_length=64)
    batch = models.ForeignKey(AuditBatch, on_delete=models.PROTECT, related_name="seals")


class IdempotencyKey(models.Model):
    """The first answer to a request that a client may repeat."""

    workspace_id = models.BigIntegerField()
    key = models.CharField(max_length=100)
    fingerprint = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(null=True)  # null: being handled
    answer = models.JSONField(null=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace_id", "key"], name="core_idempotency_key_once"
            )
        ]
        indexes = [models.Index(fields=["created_at"], name="core_idempotency_age_idx")]


class Beat(models.Model):
    """The last sign of life of a role (engine, worker ...), for health and the system card."""

    role = models.CharField(max_length=40)
    instance = models.CharField(max_length=80)
    seen_at = models.DateTimeField()
    details = models.JSONField(default=dict)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["role", "instance"], name="core_beat_once")]
