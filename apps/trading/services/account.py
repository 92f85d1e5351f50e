"""A workspace's trading as a whole: opened once, halted, resumed."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from apps.core import audit, outbox
from apps.core.domain.people import Actor, Role
from apps.trading import locks
from apps.trading.domain.events import TradingHalted, TradingResumed
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
    account.halted, account.halted_at, account.halt_reason = True, now, reason[:200]
    account.save(update_fields=["halted", "halted_at", "halt_reason"])
    event = TradingHalted(workspace_id=actor.workspace_id, reason=account.halt_reason)
    audit.record(event, actor=actor, at=now)
    outbox.publish(event)
    return account


@transaction.atomic
def trading_resume(*, actor: Actor, now: datetime) -> TradingAccount:
    actor.require(Role.TRADER)
    account_open(actor.workspace_id)
    account = locks.trading_account(actor.workspace_id)
    if not account.halted:
        return account
    account.halted, account.halted_at, account.halt_reason = False, None, ""
    account.save(update_fields=["halted", "halted_at", "halt_reason"])
    event = TradingResumed(workspace_id=actor.workspace_id)
    audit.record(event, actor=actor, at=now)
    outbox.publish(event)
    return account
