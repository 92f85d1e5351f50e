"""The only place of the vault that spells select_for_update."""

from __future__ import annotations

from apps.core import locks
from apps.vault.models import DataKey, SecretSet


def current_data_key(workspace_id: int) -> DataKey | None:
    """The newest data key, held until the transaction ends: nobody retires it meanwhile."""
    locks.alone(f"vault.data_key.{workspace_id}")
    rows = DataKey.objects.select_for_update(of=("self",)).filter(workspace_id=workspace_id)
    return rows.order_by("-version").first()


def data_keys_between(after: int, last: int, *, size: int) -> list[DataKey]:
    """The next data keys of a rotation, by pk."""
    rows = DataKey.objects.select_for_update(of=("self",)).filter(pk__gt=after, pk__lte=last)
    return list(rows.order_by("pk")[:size])


def secret_sets_not_under(fresh: DataKey, *, size: int) -> list[SecretSet]:
    """Some of the workspace's sets that an older data key seals."""
    rows = SecretSet.objects.select_for_update(of=("self",)).select_related("data_key")
    rows = rows.filter(workspace_id=fresh.workspace_id).exclude(data_key=fresh)
    return list(rows.order_by("pk")[:size])
