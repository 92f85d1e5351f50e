"""What happened is shown on open pages soon after. A lost push loses no fact: pages read again."""

from __future__ import annotations

import structlog
from kombu.exceptions import OperationalError
from redis import RedisError

from apps.core import live
from apps.core.outbox import subscribe
from apps.trading import live_marks
from apps.trading.domain.events import (
    BotPaused,
    BotResumed,
    BotStarted,
    BotStopped,
    OrderUpdated,
    PlanClosed,
)

logger = structlog.get_logger(__name__)


@subscribe(BotStarted, BotStopped, BotPaused, BotResumed)
def bot_show(*, workspace_id: int, bot_id: int, **_facts: object) -> None:
    page_touch(workspace_id, f"moved:{bot_id}")


@subscribe(PlanClosed)
def plan_show(*, workspace_id: int, plan_id: int, bot_id: int | None, **_facts: object) -> None:
    bots = [] if bot_id is None else [f"bot:{bot_id}"]
    page_touch(workspace_id, f"plan:{plan_id}", *bots)


@subscribe(OrderUpdated)
def fills_show(*, workspace_id: int, order_id: int, fills: int, **_facts: object) -> None:
    if fills:
        page_touch(workspace_id, f"order:{order_id}")


def decisions_show(bot_ids: set[int]) -> None:
    """The engine wrote to these bots' decision logs: push to those who read them now."""
    try:
        watched = live.listened_of("decisions")
    except RedisError:
        logger.warning("live.not_asked")
        return
    for group in sorted(watched):
        _, workspace_id, _, bot_id = group.split(".")
        if int(bot_id) in bot_ids:
            page_touch(int(workspace_id), f"decided:{bot_id}")


def page_touch(workspace_id: int, *marks: str) -> None:
    """Queue a push of what the marks name: order:, plan:, bot: (figures), moved: (state),
    decided: (log)."""
    from apps.trading.tasks_live import page_push

    try:
        wait = live_marks.add(workspace_id, *marks)
        if wait is not None:
            page_push.apply_async(
                kwargs={"workspace_id": workspace_id, "delayed": wait > 0}, countdown=wait
            )
    except (RedisError, OperationalError):
        logger.warning("live.not_queued", workspace_id=workspace_id)
