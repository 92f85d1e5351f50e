"""Paper accounts at the practice venue: opened, topped up and reset over its control address."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from django.db import IntegrityError, transaction

from apps.billing.selectors import require_room
from apps.core import audit, outbox
from apps.core.domain.errors import AmountInvalid, CryonelError
from apps.core.domain.people import Actor, Role
from apps.venues import practice_control as control
from apps.venues import registry, selectors
from apps.venues.domain.connections import Mode
from apps.venues.domain.errors import PaperOnly
from apps.venues.domain.events import ConnectionEvent, PaperReset, PaperToppedUp
from apps.venues.domain.ports import Need, VenueKind
from apps.venues.models import Connection
from apps.venues.services.connections import WHAT, balances_read, connection_add

START = {"USDT": Decimal(10_000)}  # what a new paper account holds unless asked otherwise
MOST = Decimal(10) ** 12
STEP = Decimal("0.00000001")


def practice_connection_open(
    *,
    actor: Actor,
    venue: str,
    balances: Mapping[str, Decimal],
    now: datetime,
    ref: str = "",
    label: str = "",
) -> Connection:
    """A paper account with these balances and a TRADE connection to it.

    The same `ref` in the same workspace gives the same connection back. Raises PaperOnly,
    PlanLimitReached, PracticeRefused, VenueUnavailable.
    """
    actor.require(Role.ADMIN)
    spec = registry.adapter_for(venue).spec
    if spec.kind is not VenueKind.PRACTICE:
        raise PaperOnly(venue=spec.label)
    known = selectors.connection_by_ref(reader=actor, ref=ref)
    if known is not None:
        return known
    require_room(
        actor.workspace_id,
        limit=WHAT,
        used=len(selectors.connection_list(reader=actor)),
        what=WHAT,
    )
    account = control.account_open(
        venue,
        ref=uuid.uuid4().hex,
        label=label or spec.label,
        balances=_amounts(balances or START),
    )
    try:
        return connection_add(
            actor=actor,
            venue=venue,
            label=label or spec.label,
            credentials={"key": account.key, "secret": account.secret},
            need=Need.TRADE,
            now=now,
            ref=ref,
            practice_account=account.account_id,
        )
    except Exception as e:
        with contextlib.suppress(CryonelError):  # best effort: an account without a user is idle
            control.account_revoke(venue, account.account_id)
        twin = selectors.connection_by_ref(reader=actor, ref=ref)
        if isinstance(e, IntegrityError) and twin is not None:
            return twin  # somebody else opened the same ref meanwhile
        raise


def practice_top_up(
    *, actor: Actor, connection_id: int, asset: str, amount: Decimal, now: datetime
) -> None:
    """Add paper money. Raises AmountInvalid, PaperOnly, PracticeRefused, ConnectionMissing."""
    actor.require(Role.TRADER)
    connection = _paper(actor, connection_id)
    asset = asset.strip().upper()
    amounts = _amounts({asset: amount})
    if not amount > 0:
        raise AmountInvalid(value=amount)
    control.account_deposit(connection.venue, connection.practice_account, amounts)
    event = PaperToppedUp(
        workspace_id=actor.workspace_id,
        connection_id=connection.pk,
        asset=asset,
        amount=f"{amount:f}",
    )
    _told(actor, event, now)
    balances_read(connection)


def practice_reset(
    *, actor: Actor, connection_id: int, balances: Mapping[str, Decimal], now: datetime
) -> None:
    """Cancel the account's open orders at the practice venue and set exactly these balances."""
    actor.require(Role.TRADER)
    connection = _paper(actor, connection_id)
    control.account_reset(
        connection.venue, connection.practice_account, _amounts(balances or START)
    )
    event = PaperReset(workspace_id=actor.workspace_id, connection_id=connection.pk)
    _told(actor, event, now)
    balances_read(connection)


def _paper(actor: Actor, connection_id: int) -> Connection:
    connection = selectors.connection_get(reader=actor, connection_id=connection_id)
    if connection.mode != Mode.PAPER or not connection.practice_account:
        raise PaperOnly(venue=registry.venue_label(connection.venue))
    return connection


def _amounts(balances: Mapping[str, Decimal]) -> dict[str, Decimal]:
    """What the practice venue can hold: finite, not negative, at most eight decimals."""
    for asset, amount in balances.items():
        if not asset.isalnum() or len(asset) > 20:
            raise AmountInvalid(value=asset[:20])
        if not amount.is_finite() or not 0 <= amount <= MOST or amount % STEP:
            raise AmountInvalid(value=amount)
    return dict(balances)


@transaction.atomic
def _told(actor: Actor, event: ConnectionEvent, now: datetime) -> None:
    audit.record(event, actor=actor, at=now)
    outbox.publish(event)
