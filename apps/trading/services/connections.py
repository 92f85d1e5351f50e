"""What a connection's state means for the bots on it, and what its venue told of the account."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction

from apps.core.domain.errors import CryonelError
from apps.core.domain.people import Actor
from apps.trading.models import AccountFee
from apps.trading.selectors.engine import bots_on
from apps.trading.services.bots import bot_pause, bot_wake
from apps.venues import held
from apps.venues.domain.errors import (
    BalanceTooLow,
    ConnectionUnusable,
    OrderTooLate,
    QuantityTooSmall,
    RefusalReason,
    SymbolUnknown,
    VenueRateLimited,
    VenueRejected,
    VenueUnavailable,
)
from apps.venues.domain.ports import Fees
from apps.venues.selectors import connection_get

OF_THE_ACCOUNT = {
    RefusalReason.INSUFFICIENT_FUNDS,
    RefusalReason.KEY_REFUSED,
    RefusalReason.KEY_CANNOT_TRADE,
    RefusalReason.CLOCK_SKEWED,
}
OF_THE_ORDER = (QuantityTooSmall, SymbolUnknown, OrderTooLate)
PASSING: dict[type[CryonelError], timedelta] = {
    VenueUnavailable: timedelta(seconds=15),
    VenueRateLimited: timedelta(seconds=30),
    BalanceTooLow: timedelta(seconds=60),
}


def lasting_problem(refusal: CryonelError) -> CryonelError | None:
    """What would fail the next order too, so that bots had better wait; None: only this one."""
    if isinstance(refusal, VenueRejected):
        lasts = refusal.reason in OF_THE_ACCOUNT
        return (refusal.problem or refusal) if lasts else None
    return None if isinstance(refusal, OF_THE_ORDER) else refusal


@transaction.atomic
def account_fees_record(*, connection_id: int, fees: Sequence[Fees], now: datetime) -> None:
    """The account's own tier, as the venue just told it."""
    AccountFee.objects.bulk_create(
        [
            AccountFee(
                connection_id=connection_id,
                symbol=fee.symbol,
                maker=fee.maker,
                taker=fee.taker,
                at=now,
            )
            for fee in fees
        ],
        update_conflicts=True,
        unique_fields=["connection", "symbol"],
        update_fields=["maker", "taker", "at"],
    )
    held.fees_keep(connection_id, fees)


def bots_pause_for(*, connection_id: int, problem: CryonelError, now: datetime) -> None:
    """Bots on this connection wait, each with the reason that its owner sees.

    What passes by itself has an end; the rest ends when the connection works again.
    """
    lasts = PASSING.get(type(problem))
    for workspace_id, bots in bots_on(connection_id=connection_id).items():
        code, params = _reason(workspace_id, connection_id, problem)
        for bot_id, status, _ in bots:
            if status == "RUNNING":
                bot_pause(
                    actor=Actor.platform(workspace_id),
                    bot_id=bot_id,
                    code=code,
                    params=params | {"connection_id": str(connection_id)},
                    until=None if lasts is None else now + lasts,
                    now=now,
                )


def _reason(
    workspace_id: int, connection_id: int, problem: CryonelError
) -> tuple[str, dict[str, str]]:
    """The code and its words. A broken connection has found out why; that is the reason."""
    told = {name: str(value) for name, value in problem.context.items()}
    if isinstance(problem, ConnectionUnusable):
        actor = Actor.platform(workspace_id)
        connection = connection_get(reader=actor, connection_id=connection_id)
        if connection.status_reason:
            return connection.status_reason, dict(connection.status_context)
    return problem.code, told


def bots_wake_for(*, connection_id: int, now: datetime) -> None:
    """The connection works: whoever waited for it goes on."""
    for workspace_id, bots in bots_on(connection_id=connection_id).items():
        for bot_id, status, code in bots:
            if status == "PAUSED" and code:
                bot_wake(
                    actor=Actor.platform(workspace_id),
                    bot_id=bot_id,
                    now=now,
                    waited_for=connection_id,
                )
