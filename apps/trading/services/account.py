"""A workspace's trading as a whole: opened once, halted, resumed."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from apps.core import audit, outbox
from apps.core.domain.people import Actor, Role
from apps.trading import locks
from apps.trading.domain.events import TradingHalted, TradingResumed
from apps.trading.domain.states import TradingState
from apps.trading.models import TradingAccount


def account_open(workspace_id: int) -> None:
    """Make sure that the row exists on which decisions serialise. Safe to repeat."""
    TradingAccount.objects.get_or_create(workspace_id=workspace_id)


@transaction.atomic
def trading_halt(*, actor: Actor, reason: str, now: datetime) -> TradingAccount:
    """From this commit on no opening order leaves. Halting twice is success."""
    actor.require(Role.TRADER)
    account_open(actor.workspace_id)
    account = locks.trading_account(actor.workspace_id)
    if account.halted:
        return account
    _state_store(account, TradingState.HALTED, reason, now)
    event = TradingHalted(workspace_id=actor.workspace_id, reason=account.state_reason)
    audit.record(event, actor=actor, at=now)
    outbox.publish(event)
    return account


@transaction.atomic
def trading_resume(*, actor: Actor, now: datetime) -> TradingAccount:
    actor.require(Role.TRADER)
    account_open(actor.workspace_id)
    account = locks.trading_account(actor.workspace_id)
    if account.state == TradingState.ACTIVE:
        return account
    _state_store(account, TradingState.ACTIVE, "", now)
    event = TradingResumed(workspace_id=actor.workspace_id)
    audit.record(event, actor=actor, at=now)
    outbox.publish(event)
    return account


def _state_store(account: TradingAccount, state: TradingState, reason: str, now: datetime) -> None:
    account.state, account.state_at, account.state_reason = state, now, reason[:200]
    account.save(update_fields=["state", "state_at", "state_reason"])
