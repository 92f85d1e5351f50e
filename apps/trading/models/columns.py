"""What every table of this app is made with."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models


def amount(**options: Any) -> models.DecimalField[Any, Any]:
    return models.DecimalField(max_digits=38, decimal_places=18, **options)


class OwnedQuerySet(models.QuerySet[Any]):
    def within(self, workspace_id: int) -> OwnedQuerySet:
        return self.filter(workspace_id=workspace_id)


class Owned(models.Model):
    """A row that belongs to a workspace; readers start at `objects.within(workspace_id)`."""

    workspace = models.ForeignKey("accounts.Workspace", on_delete=models.PROTECT, related_name="+")

    objects: ClassVar[models.Manager[Any]] = OwnedQuerySet.as_manager()

    class Meta:
        abstract = True
