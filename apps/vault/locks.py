"""The only place of the vault that spells select_for_update."""

from __future__ import annotations

from apps.core import locks
from apps.vault.models import DataKey


def current_data_key(workspace_id: int) -> DataKey | None:
    """The newest data key, held until the transaction ends: nobody retires it meanwhile."""
    locks.alone(f"vault.data_key.{workspace_id}")
    rows = DataKey.objects.select_for_update(of=("self",)).filter(workspace_id=workspace_id)
    return rows.order_by("-version").first()
