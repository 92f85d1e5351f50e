"""Reactions to events, run after commit. Each one starts work; none of them does it.

Tasks are imported inside: only who sends pays for Celery and the venues.
"""

from __future__ import annotations

from apps.accounts.selectors import member_ids
from apps.core import live
from apps.core.domain.people import Actor
from apps.core.outbox import subscribe
from apps.trading import selectors
from apps.trading.domain.events import (
    ArbJobCreated,
    OrderUpdated,
    PlanClosed,
    PlanContinued,
    PlanQueued,
)
from apps.trading.frames import order_frame, plan_frame
from apps.venues.domain.events import (
    ConnectionBroken,
    ConnectionMended,
    ConnectionPaused,
    ConnectionResumed,
)


@subscribe(PlanQueued, PlanContinued)
def plan_send(*, workspace_id: int, plan_id: int, **_ids: object) -> None:
    from apps.trading.tasks import plan_submit

    plan_submit.delay(workspace_id=workspace_id, plan_id=plan_id)


@subscribe(PlanClosed)
def plan_tell(*, workspace_id: int, plan_id: int, **_ids: object) -> None:
    """Tell the browsers, and ask for balances: what was traded is free only when they are new."""
    from apps.trading.tasks import connection_refresh

    plan = selectors.plan_get(reader=Actor.platform(workspace_id), plan_id=plan_id)
    for connection_id in sorted({leg["connection_id"] for leg in plan.legs}):
        connection_refresh.delay(workspace_id=workspace_id, connection_id=connection_id)
    _tell(workspace_id, plan_frame(plan))


@subscribe(OrderUpdated)
def fills_tell(*, workspace_id: int, order_id: int, fills: int, **_facts: object) -> None:
    if fills:
        order = selectors.order_get(reader=Actor.platform(workspace_id), order_id=order_id)
        _tell(workspace_id, order_frame(order))


@subscribe(ConnectionBroken, ConnectionMended, ConnectionPaused, ConnectionResumed)
def connection_ask(*, workspace_id: int, connection_id: int, **_reason: object) -> None:
    """Its bots wait, with its reason, or go on: now, not when the engine asks next."""
    from apps.trading.tasks import connection_refresh

    connection_refresh.delay(workspace_id=workspace_id, connection_id=connection_id)


@subscribe(ArbJobCreated)
def arb_job_start(*, workspace_id: int, job_id: int) -> None:
    from apps.trading.tasks import arb_job_run

    arb_job_run.delay(workspace_id=workspace_id, job_id=job_id)


def _tell(workspace_id: int, data: dict[str, object]) -> None:
    """One frame for each member, on the channel that only this member may listen to."""
    for user_id in member_ids(workspace_id=workspace_id):
        live.push(live.group("trades", workspace_id, user_id), f"trades:{user_id}", data)
