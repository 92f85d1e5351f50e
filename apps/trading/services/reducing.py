"""REDUCING: what brings exposure down still goes out, nothing else. For a workspace or a bot."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from apps.core.domain.errors import gettext_noop
from apps.core.domain.people import Actor
from apps.trading import locks
from apps.trading.domain.errors import TradingIsHalted
from apps.trading.domain.kill import KillScope
from apps.trading.domain.states import TradingState
from apps.trading.selectors.bots import bot_get
from apps.trading.services import kill_states
from apps.trading.services.account import account_open

REASON = gettext_noop("Reducing by hand")


@transaction.atomic
def reducing_set(*, actor: Actor, bot_id: int | None, on: bool, now: datetime) -> None:
    """Repeating it is success. A halt is never loosened by this: raises TradingIsHalted."""
    scope = KillScope.WORKSPACE if bot_id is None else KillScope.BOT
    kill_states.require_right(actor, scope)
    if on:
        kill_states.state_tighten(
            actor=actor,
            scope=scope,
            bot_id=bot_id,
            state=TradingState.REDUCING,
            reason=REASON,
            now=now,
        )
        return
    if _locked_state(actor, bot_id) is TradingState.HALTED:
        raise TradingIsHalted
    kill_states.state_release(actor=actor, scope=scope, bot_id=bot_id, now=now)


def _locked_state(actor: Actor, bot_id: int | None) -> TradingState:
    """The account is locked first: a halt at the same moment comes before this or after it."""
    account_open(actor.workspace_id)
    account = locks.trading_account(actor.workspace_id)
    if bot_id is None:
        return TradingState(account.state)
    return TradingState(bot_get(reader=actor, bot_id=bot_id).trading_state)
