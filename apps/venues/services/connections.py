"""Connections come, are tested, pause and go. A transaction never waits for a venue."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Mapping
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from apps.billing.selectors import require_room
from apps.core import audit, outbox
from apps.core.domain.errors import CryonelError, NotAllowed, VenueFailed, gettext_noop
from apps.core.domain.people import Actor, Role
from apps.core.registries import connection_users_of
from apps.vault import services as vault
from apps.vault.domain.errors import SealBroken, SecretMissing
from apps.venues import held, locks, practice_control, registry, selectors
from apps.venues.clients import ClientPool, ViewClient
from apps.venues.domain.connections import (
    ConnectionStatus,
    key_hint,
    mode_of,
    needs_proof,
    require_credentials,
    require_usable,
    rights_to_json,
)
from apps.venues.domain.errors import (
    ClockSkewed,
    ConnectionInUse,
    ConnectionMissing,
    KeyRefused,
    KeyRightsUnproven,
    KeyUntested,
)
from apps.venues.domain.events import (
    ConnectionAdded,
    ConnectionBroken,
    ConnectionEvent,
    ConnectionMended,
    ConnectionPaused,
    ConnectionRemoved,
    ConnectionResumed,
)
from apps.venues.domain.ports import KeyRights, Need
from apps.venues.models import Connection
from apps.venues.services.clients import pool_forget, pool_of

# These stay until a person acts; any other failure of a venue passes by itself.
BREAKING = (NotAllowed, KeyRefused, ClockSkewed, SealBroken, SecretMissing)
WHAT = gettext_noop("connections")


def connection_add(
    *,
    actor: Actor,
    venue: str,
    label: str,
    credentials: Mapping[str, str],
    need: Need = Need.VIEW,
    now: datetime,
    ref: str = "",
    practice_account: str = "",
) -> Connection:
    """Store the key sealed, ask the venue what it may do, and keep it only if that is right.

    Ends with a tested connection or with nothing: when the venue refuses the key, cannot be
    reached, or tells of rights that the need forbids, the sealed secret is destroyed and the
    problem raised. Raises VenueUnknown, CredentialMissing, KeyRightsUnproven, PlanLimitReached,
    KeyRefused, KeyCanWithdraw, KeyCannotTrade, ClockSkewed and the other classes of venues.
    """
    actor.require(Role.ADMIN)
    spec = registry.adapter_for(venue).spec
    values = require_credentials(spec, credentials)
    if needs_proof(spec, need, unproven_allowed=settings.UNPROVEN_KEYS):
        raise KeyRightsUnproven(venue=spec.label)
    connection = _stored(
        actor=actor,
        draft=Connection(
            venue=venue,
            label=label.strip()[:80] or spec.label,
            mode=mode_of(spec),
            need=need,
            ref=ref,
            practice_account=practice_account,
            key_hint=key_hint(values),
        ),
        credentials=values,
        now=now,
    )
    try:
        rights = rights_probe(connection)
        found = _found(actor=actor, connection=connection, rights=rights, now=now)
    except Exception:
        _discarded(actor=actor, connection=connection, now=now)
        raise
    balances_read(found)
    return found


def connection_test(*, actor: Actor, connection_id: int, now: datetime) -> Connection:
    """Ask the venue again about the key; the outcome stands on the returned connection.

    A key that fails is BROKEN with its reason (its bots hear of it); a venue that only does not
    answer leaves the status as it was. Raises ConnectionMissing.
    """
    actor.require(Role.TRADER)
    connection = selectors.connection_get(reader=actor, connection_id=connection_id)
    pool_forget(connection.pk)  # a test speaks of the key as it is stored now
    try:
        rights = rights_probe(connection)
    except (VenueFailed, *BREAKING) as e:
        return _failed(actor=actor, connection=connection, problem=e, now=now)
    found = _found(actor=actor, connection=connection, rights=rights, now=now)
    balances_read(found)
    return found


@transaction.atomic
def connection_pause(*, actor: Actor, connection_id: int, now: datetime) -> Connection:
    """No client is handed out until it is resumed. Pausing twice is success."""
    actor.require(Role.TRADER)
    connection = locks.connection(actor.workspace_id, connection_id)
    if connection.status == ConnectionStatus.ACTIVE:
        connection.status = ConnectionStatus.PAUSED
        connection.save(update_fields=["status"])
        _tell(actor, ConnectionPaused, connection, now)
        transaction.on_commit(lambda: pool_forget(connection_id), robust=True)
    return connection


@transaction.atomic
def connection_resume(*, actor: Actor, connection_id: int, now: datetime) -> Connection:
    actor.require(Role.TRADER)
    connection = locks.connection(actor.workspace_id, connection_id)
    if connection.status == ConnectionStatus.PAUSED:
        connection.status = ConnectionStatus.ACTIVE
        connection.save(update_fields=["status"])
        _tell(actor, ConnectionResumed, connection, now)
    return connection


def connection_remove(*, actor: Actor, connection_id: int, now: datetime) -> None:
    """Destroy the key and forget the connection. Raises ConnectionInUse, ConnectionMissing.

    The row stays, without its secret: orders and fills go on naming it.
    """
    actor.require(Role.ADMIN)
    connection = selectors.connection_get(reader=actor, connection_id=connection_id)
    using = connection_users_of(actor.workspace_id, connection_id)
    if using:
        bots = [{"id": bot_id, "name": name} for bot_id, name in using]
        names = ", ".join(name for _, name in using)
        raise ConnectionInUse(bots=names, details={"bots": bots})
    _discarded(actor=actor, connection=connection, now=now)
    if connection.practice_account:
        with contextlib.suppress(CryonelError):  # a revoked key is tidier; destroyed it is anyway
            practice_control.account_revoke(connection.venue, connection.practice_account)


def rights_probe(connection: Connection) -> KeyRights:
    """Ask the venue, outside any transaction. Raises what stands against this key's use."""
    pool: ClientPool = pool_of(connection, purpose="rights probe")
    client = ViewClient(pool)
    try:
        rights = client.rights()
    except ClockSkewed as e:  # measured, so that the sentence says by how much
        seconds = round(client.clock_skew().total_seconds(), 1)
        raise ClockSkewed(venue=pool.spec.label, seconds=seconds) from e
    require_usable(
        pool.spec, rights, Need(connection.need), unproven_allowed=settings.UNPROVEN_KEYS
    )
    return rights


def balances_read(connection: Connection) -> None:
    """Read what the account holds, for its page. A venue that does not answer changes nothing."""
    asked_at = timezone.now()
    with contextlib.suppress(VenueFailed):
        balances = ViewClient(pool_of(connection, purpose="balances")).balances()
        held.keep(connection.pk, balances, at=asked_at)


@transaction.atomic
def _stored(
    *, actor: Actor, draft: Connection, credentials: Mapping[str, str], now: datetime
) -> Connection:
    """The row and its sealed secret, not usable before it was tested."""
    locks.connections_of(actor.workspace_id)
    used = Connection.objects.within(actor.workspace_id).count()
    require_room(actor.workspace_id, limit=WHAT, used=used, what=WHAT)
    draft.workspace_id = actor.workspace_id
    draft.uid = uuid.uuid4()
    draft.status, draft.status_reason = ConnectionStatus.BROKEN, KeyUntested.code
    draft.created_at = now
    draft.sealed_set_id = vault.secrets_store(
        actor=actor, record=draft.record, values=credentials, now=now
    )
    draft.save()
    return draft


@transaction.atomic
def _found(*, actor: Actor, connection: Connection, rights: KeyRights, now: datetime) -> Connection:
    """The key is good: say so, unless it was removed or changed while the venue was asked."""
    row = locks.connection(connection.workspace_id, connection.pk)
    if row.key_version != connection.key_version:
        return row
    untested = row.status_reason == KeyUntested.code
    was_broken = row.status == ConnectionStatus.BROKEN
    row.rights, row.rights_checked_at = rights_to_json(rights), now
    row.status_reason, row.status_context = "", {}
    if was_broken:
        row.status = ConnectionStatus.ACTIVE
    row.save(
        update_fields=[
            "status", "status_reason", "status_context", "rights", "rights_checked_at",
        ]
    )  # fmt: skip
    if was_broken:
        _tell(actor, ConnectionAdded if untested else ConnectionMended, row, now)
    return row


@transaction.atomic
def _failed(
    *, actor: Actor, connection: Connection, problem: CryonelError, now: datetime
) -> Connection:
    row = locks.connection(connection.workspace_id, connection.pk)
    if row.key_version != connection.key_version:
        return row
    breaks = isinstance(problem, BREAKING)
    news = breaks and (row.status != ConnectionStatus.BROKEN or row.status_reason != problem.code)
    row.status_reason = problem.code
    row.status_context = {name: str(value) for name, value in problem.context.items()}
    if breaks:
        row.status, row.rights_checked_at = ConnectionStatus.BROKEN, now
    row.save(update_fields=["status", "status_reason", "status_context", "rights_checked_at"])
    if news:
        event = ConnectionBroken(
            workspace_id=row.workspace_id, connection_id=row.pk, reason=problem.code
        )
        audit.record(event, actor=actor, at=now, venue=row.venue)
        outbox.publish(event)
    return row


@transaction.atomic
def _discarded(*, actor: Actor, connection: Connection, now: datetime) -> None:
    """Destroy the secret and mark the row removed. Already gone is success."""
    try:
        row = locks.connection(connection.workspace_id, connection.pk)
    except ConnectionMissing:
        return
    untested = row.status_reason == KeyUntested.code
    vault.secrets_destroy(actor=actor, set_id=row.sealed_set_id, now=now)
    row.removed_at = now
    row.save(update_fields=["removed_at"])
    if not untested:  # one that never worked was never announced
        _tell(actor, ConnectionRemoved, row, now)
    transaction.on_commit(lambda: pool_forget(row.pk), robust=True)
    transaction.on_commit(lambda: held.forget(row.pk), robust=True)


def _tell(actor: Actor, kind: type[ConnectionEvent], connection: Connection, now: datetime) -> None:
    event = kind(workspace_id=connection.workspace_id, connection_id=connection.pk)
    audit.record(event, actor=actor, at=now, venue=connection.venue, need=connection.need)
    outbox.publish(event)
