"""Reactions to events, run after commit. Each one starts work; none of them does it."""

from __future__ import annotations

from apps.core.outbox import subscribe
from apps.trading.domain.events import PlanContinued, PlanOpened


@subscribe(PlanOpened, PlanContinued)
def plan_send(*, workspace_id: int, plan_id: int, **_ids: object) -> None:
    from apps.trading.tasks import plan_submit  # venues and their clients: only where needed

    plan_submit.delay(workspace_id=workspace_id, plan_id=plan_id)
