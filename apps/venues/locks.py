"""The only place of venues that spells select_for_update."""

from __future__ import annotations

from apps.core import locks
from apps.venues.domain.errors import ConnectionMissing
from apps.venues.models import Connection


def connection(workspace_id: int, connection_id: int) -> Connection:
    """The workspace's connection, held until the transaction ends. Raises ConnectionMissing."""
    rows = Connection.objects.select_for_update(of=("self",))
    found = rows.filter(workspace_id=workspace_id, removed_at=None, pk=connection_id).first()
    if found is None:
        raise ConnectionMissing
    return found


def connections_of(workspace_id: int) -> None:
    """Two additions at once cannot both take the plan's last place."""
    locks.alone(f"venues.connections.{workspace_id}")
