"""Reads of the vault: when, by whom, for what; never a value."""

from __future__ import annotations

from datetime import datetime

from apps.core.domain.people import Reader
from apps.vault.models import SecretAccess


def last_opened_at(*, set_id: int) -> datetime | None:
    """When a set was last opened; callers have checked that the reader may know of the set."""
    rows = SecretAccess.objects.filter(set_id=set_id, outcome="OPENED").order_by("-pk")
    return rows.values_list("at", flat=True).first()


def access_list(*, reader: Reader, limit: int = 200) -> list[SecretAccess]:
    """The workspace's own access log, newest first."""
    rows = SecretAccess.objects.filter(workspace_id=reader.workspace_id)
    return list(rows.order_by("-pk")[:limit])
