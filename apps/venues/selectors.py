"""Reads of connections. The reader is an argument; somebody else's connection is not there."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext

from apps.core.domain.errors import CryonelError
from apps.core.domain.people import Reader
from apps.venues.domain.connections import ConnectionStatus, rights_from_json
from apps.venues.domain.errors import ConnectionMissing
from apps.venues.domain.ports import KeyRights
from apps.venues.models import Connection


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a connection does not work: an error's code and its sentence, translated."""

    code: str
    message: str


def connection_get(*, reader: Reader, connection_id: int) -> Connection:
    """Raises ConnectionMissing."""
    found = Connection.objects.within(reader.workspace_id).filter(pk=connection_id).first()
    if found is None:
        raise ConnectionMissing
    return found


def connection_list(*, reader: Reader) -> list[Connection]:
    return list(Connection.objects.within(reader.workspace_id).order_by("venue", "label", "pk"))


def connection_by_ref(*, reader: Reader, ref: str) -> Connection | None:
    """The paper connection opened under this ref, if it is still there."""
    rows = Connection.objects.within(reader.workspace_id)
    return rows.filter(ref=ref).first() if ref else None


def connection_keys_active() -> list[tuple[int, int, str]]:
    """Platform-wide, so keys only: (workspace_id, connection_id, venue) of what may be used."""
    rows = Connection.objects.filter(status=ConnectionStatus.ACTIVE, removed_at=None)
    return list(rows.order_by("pk").values_list("workspace_id", "pk", "venue"))


def connection_keys_kept() -> list[tuple[int, int]]:
    """Platform-wide: (workspace_id, connection_id) of every connection that holds a key."""
    rows = Connection.objects.filter(removed_at=None)
    return list(rows.order_by("pk").values_list("workspace_id", "pk"))


def connection_rights(connection: Connection) -> KeyRights | None:
    return rights_from_json(connection.rights)


def connection_problem(connection: Connection) -> Problem | None:
    """What stands in `status_reason`, said in the active language."""
    kind = CryonelError.registry.get(connection.status_reason)
    if kind is None:
        return None
    try:
        message = gettext(kind.template).format(**connection.status_context)
    except (KeyError, IndexError):  # the sentence learned a new word since this row was written
        message = gettext("This connection does not work: {code}.").format(code=kind.code)
    return Problem(kind.code, message)
