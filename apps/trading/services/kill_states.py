"""What may be traded at all, said for a bot, a workspace or the platform. At once, by a commit."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from apps.accounts.selectors import user_is_staff
from apps.core import audit, outbox
from apps.core.domain.events import Event
from apps.core.domain.people import Actor, Role
from apps.trading import locks
from apps.trading.domain.errors import BotMissing, PlatformNeedsStaff
from apps.trading.domain.events import TradingHalted, TradingResumed, TradingStateChanged
from apps.trading.domain.kill import KillScope
from apps.trading.domain.states import SEVERITY, TradingState
from apps.trading.models import Bot, PlatformTrading, TradingAccount
from apps.trading.services.account import account_open

PLATFORM_ID = 0  # the workspace number of what concerns everybody


def require_right(actor: Actor, scope: KillScope) -> None:
    """A trader for what is theirs, staff or the program itself for the platform."""
    if scope is not KillScope.PLATFORM:
        actor.require(Role.TRADER)
    elif actor.role < Role.PLATFORM and not user_is_staff(user_id=actor.user_id):
        raise PlatformNeedsStaff


def state_tighten(
    *,
    actor: Actor,
    scope: KillScope,
    bot_id: int | None,
    state: TradingState,
    reason: str,
    now: datetime,
) -> TradingState:
    """Make it at least as strict as `state`; return what it was. Never loosens anything.

    Inside the caller's transaction, which holds the scope's row locked from here on.
    """
    row, before = _locked(actor, scope, bot_id)
    if SEVERITY[before] < SEVERITY[state]:
        _store(row, state, reason, now)
        event = _changed(actor, scope, bot_id, state, reason[:200])
        audit.record(event, actor=actor, at=now, before=before.value)
        outbox.publish(event)
    return before


def state_release(*, actor: Actor, scope: KillScope, bot_id: int | None, now: datetime) -> None:
    """ACTIVE again, by a person who may. What is active already stays as it is."""
    require_right(actor, scope)
    row, before = _locked(actor, scope, bot_id)
    if before is not TradingState.ACTIVE:
        _store(row, TradingState.ACTIVE, "", now)
        event = _changed(actor, scope, bot_id, TradingState.ACTIVE, "")
        audit.record(event, actor=actor, at=now, before=before.value)
        outbox.publish(event)


@transaction.atomic
def state_release_now(*, actor: Actor, scope: KillScope, bot_id: int | None, now: datetime) -> None:
    """The same as a service of its own. Raises RoleTooLow, PlatformNeedsStaff, BotMissing."""
    state_release(actor=actor, scope=scope, bot_id=bot_id, now=now)


def _locked(
    actor: Actor, scope: KillScope, bot_id: int | None
) -> tuple[TradingAccount | PlatformTrading | Bot, TradingState]:
    """The row that holds the scope's state. A bot's change serialises on its account as well."""
    if scope is KillScope.PLATFORM:
        platform = locks.platform()
        return platform, TradingState(platform.state)
    account_open(actor.workspace_id)
    account = locks.trading_account(actor.workspace_id)
    if scope is KillScope.WORKSPACE:
        return account, TradingState(account.state)
    bot = None if bot_id is None else locks.bot(actor.workspace_id, bot_id)
    if bot is None:
        raise BotMissing
    return bot, TradingState(bot.trading_state)


def _store(
    row: TradingAccount | PlatformTrading | Bot, state: TradingState, reason: str, now: datetime
) -> None:
    prefix = "trading_state" if isinstance(row, Bot) else "state"
    values = {prefix: state, f"{prefix}_at": now, f"{prefix}_reason": reason[:200]}
    for name, value in values.items():
        setattr(row, name, value)
    row.save(update_fields=list(values))


def _changed(
    actor: Actor, scope: KillScope, bot_id: int | None, state: TradingState, reason: str
) -> Event:
    if scope is KillScope.WORKSPACE and state is TradingState.HALTED:
        return TradingHalted(workspace_id=actor.workspace_id, reason=reason)
    if scope is KillScope.WORKSPACE and state is TradingState.ACTIVE:
        return TradingResumed(workspace_id=actor.workspace_id)
    where = PLATFORM_ID if scope is KillScope.PLATFORM else actor.workspace_id
    return TradingStateChanged(
        workspace_id=where, scope=scope.value, bot_id=bot_id, state=state.value, reason=reason
    )
