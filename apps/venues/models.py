"""A workspace's account at a venue."""

from __future__ import annotations

import uuid

from django.db import models


class ConnectionQuerySet(models.QuerySet["Connection"]):
    def within(self, workspace_id: int) -> ConnectionQuerySet:
        """What a member of the workspace may see: theirs, and not removed."""
        return self.filter(workspace_id=workspace_id, removed_at=None)


class Connection(models.Model):
    """`venue`, `mode`, `need` and `status` are codes of the domain: no choices, no migration."""

    workspace = models.ForeignKey(
        "accounts.Workspace", on_delete=models.PROTECT, related_name="connections"
    )
    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    venue = models.CharField(max_length=60)
    label = models.CharField(max_length=80)
    mode = models.CharField(max_length=10)
    need = models.CharField(max_length=10)
    sealed_set_id = models.BigIntegerField()  # of the vault; no foreign key across the rooms
    key_version = models.PositiveIntegerField(default=1)  # grows when the credentials change
    status = models.CharField(max_length=10)
    status_reason = models.CharField(max_length=12, blank=True)  # an error code
    status_context = models.JSONField(default=dict)  # what that error's sentence speaks of
    rights = models.JSONField(default=dict)  # KeyRights; {} until the venue was asked
    rights_checked_at = models.DateTimeField(null=True)
    key_hint = models.CharField(max_length=4, blank=True)  # the key's end, to recognize it
    practice_account = models.CharField(max_length=80, blank=True)
    ref = models.CharField(max_length=80, blank=True)  # makes opening a paper account repeatable
    created_at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True)

    objects = ConnectionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "ref"],
                condition=models.Q(removed_at=None) & ~models.Q(ref=""),
                name="venues_connection_ref_once",
            ),
        ]
        indexes = [
            models.Index(fields=["workspace", "removed_at"], name="venues_connection_owner_idx"),
            models.Index(
                fields=["status", "id"],
                condition=models.Q(removed_at=None),
                name="venues_connection_status_idx",
            ),
        ]

    def __str__(self) -> str:
        return f"connection {self.pk}"

    @property
    def record(self) -> str:
        """Its name in the vault."""
        return f"connection:{self.uid}"
