"""Real money is unlocked by a person, for one bot or for manual orders on one connection, and
locked again by anybody who may trade, by a change, or by the loss of the second factor."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from apps.accounts.second_factor import second_factor_check
from apps.core import audit, outbox
from apps.core.domain.people import Actor, Role
from apps.trading import locks
from apps.trading.domain import live
from apps.trading.domain.bots import BotStatus
from apps.trading.domain.errors import LiveConditionsUnmet, LiveNameWrong
from apps.trading.domain.events import LiveRelocked, LiveUnlocked
from apps.trading.models import LiveUnlock
from apps.trading.selectors.live import (
    Target,
    conditions_of,
    live_conditions,
    live_state,
    target_of,
    unlock_row,
    unlocks_active,
)
from apps.trading.selectors.policies import policies_of
from apps.trading.services.account import account_open
from apps.trading.services.bots import bot_stop

__all__ = ["live_conditions", "live_lock", "live_review", "live_unlock"]


def live_unlock(
    *,
    actor: Actor,
    bot_id: int | None = None,
    connection_id: int | None = None,
    code: str,
    typed_name: str,
    now: datetime,
) -> LiveUnlock:
    """Let real money be traded, by a bot or by hand on a connection: exactly one is named.

    Raises RoleTooLow, BotMissing, ConnectionMissing, LiveNameWrong, LiveConditionsUnmet, and what
    second_factor_check raises. The code is asked last: one that is not needed is not used up.
    """
    actor.require(Role.ADMIN)
    target = _target(actor, bot_id, connection_id)
    if " ".join(typed_name.split()) != target.name:
        raise LiveNameWrong(name=target.name)
    _require_conditions(actor, target)
    second_factor_check(actor=actor, code=code, now=now)  # outside: its refusal is kept
    return _unlocked(actor=actor, bot_id=bot_id, connection_id=connection_id, now=now)


@transaction.atomic
def _unlocked(
    *, actor: Actor, bot_id: int | None, connection_id: int | None, now: datetime
) -> LiveUnlock:
    """Under the account's lock, what was looked at is looked at again, and stored."""
    account_open(actor.workspace_id)
    locks.trading_account(actor.workspace_id)
    if bot_id is not None:
        locks.bot(actor.workspace_id, bot_id)
    target = _target(actor, bot_id, connection_id)
    _require_conditions(actor, target)
    _revoke(target, actor, "SETTINGS_CHANGED", now)  # an older one gives way to this
    row: LiveUnlock = LiveUnlock.objects.create(
        workspace_id=actor.workspace_id,
        bot=target.bot,
        connection_id=target.connection_id,
        created_by=actor.person,
        at=now,
        settings_hash=target.settings,
        limits=live.limits_own(policies_of(actor.workspace_id, target.bot_id)),
        keys={str(number): version for number, version in target.keys.items()},
    )
    event = LiveUnlocked(
        workspace_id=actor.workspace_id, bot_id=row.bot_id, connection_id=row.connection_id
    )
    audit.record(
        event, actor=actor, at=now, settings=row.settings_hash, limits=row.limits, keys=row.keys
    )
    outbox.publish(event)
    return row


@transaction.atomic
def live_lock(
    *,
    actor: Actor,
    bot_id: int | None = None,
    connection_id: int | None = None,
    reason: str = "LOCKED",
    now: datetime,
) -> bool:
    """No opening order of it leaves from this commit on; a running bot is stopped.

    reason: a code of domain/live.FAULTS. False: it was locked already, which is success.
    Raises RoleTooLow, BotMissing, ConnectionMissing.
    """
    actor.require(Role.TRADER)
    account_open(actor.workspace_id)
    locks.trading_account(actor.workspace_id)
    target = _target(actor, bot_id, connection_id)
    was_open = _revoke(target, actor, reason, now)
    if target.bot is not None and target.bot.status != BotStatus.STOPPED:
        bot_stop(actor=actor, bot_id=target.bot.pk, now=now)
    return was_open


def live_review(
    *, workspace_id: int | None = None, user_id: int | None = None, now: datetime
) -> int:
    """Lock every unlock that does not hold any more, of a workspace or given by a user; returns
    how many. The gate refuses them already: this stops their bots and says so."""
    ended = 0
    for owner, bot_id, connection_id in unlocks_active(workspace_id=workspace_id, user_id=user_id):
        actor = Actor.platform(owner)
        target = _target(actor, bot_id, connection_id)
        fault = live_state(target, owner).fault
        if fault and fault != "NEVER":
            ended += live_lock(
                actor=actor, bot_id=bot_id, connection_id=connection_id, reason=fault, now=now
            )
    return ended


def _target(actor: Actor, bot_id: int | None, connection_id: int | None) -> Target:
    if (bot_id is None) == (connection_id is None):
        raise ValueError("exactly one of bot_id and connection_id")
    return target_of(reader=actor, bot_id=bot_id, connection_id=connection_id)


def _require_conditions(actor: Actor, target: Target) -> None:
    missing = [each.code for each in conditions_of(actor, target) if not each.met]
    if missing:
        raise LiveConditionsUnmet(details={"missing": sorted(set(missing))})


def _revoke(target: Target, actor: Actor, reason: str, now: datetime) -> bool:
    row = unlock_row(target)
    if row is None:
        return False
    row.revoked_at, row.revoked_by, row.revoked_reason = now, actor.user_id, reason
    row.save(update_fields=["revoked_at", "revoked_by", "revoked_reason"])
    event = LiveRelocked(
        workspace_id=row.workspace_id,
        bot_id=row.bot_id,
        connection_id=row.connection_id,
        reason=reason,
    )
    audit.record(event, actor=actor, at=now)
    outbox.publish(event)
    return True
