"""A bot's settings tried on paper, now for real money; or the other way round."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from apps.core import audit, outbox
from apps.core.domain.people import Actor, Role
from apps.trading.domain.events import BotCopied
from apps.trading.domain.policies import SPECS, Scope
from apps.trading.models import Bot, RiskPolicy
from apps.trading.selectors.bots import bot_get
from apps.trading.services.bots import bot_create


@transaction.atomic
def bot_copy(
    *,
    actor: Actor,
    bot_id: int,
    name: str,
    mode: str,
    connection_ids: Sequence[int],
    now: datetime,
) -> Bot:
    """A stopped copy with the same strategy, settings and limits, on other connections.

    Raises BotMissing, and what bot_create raises: PairUntradable names a pair that the new venues
    do not trade. An unlock for real money is never copied.
    """
    actor.require(Role.TRADER)
    source = bot_get(reader=actor, bot_id=bot_id)
    settings = {name: value for name, value in source.params.items() if name != "venues"}
    made = bot_create(
        actor=actor,
        name=name,
        strategy=source.strategy,
        params=settings,
        connection_ids=connection_ids,
        mode=mode,
        on_restart=source.on_restart,
        capital=source.capital,
        now=now,
    )
    made.copied_from = source
    made.save(update_fields=["copied_from"])
    _limits_copy(source, made, actor, now)
    event = BotCopied(
        workspace_id=actor.workspace_id, bot_id=made.pk, source_id=source.pk, mode=mode
    )
    audit.record(event, actor=actor, at=now)
    outbox.publish(event)
    return made


def _limits_copy(source: Bot, made: Bot, actor: Actor, now: datetime) -> None:
    row = RiskPolicy.objects.filter(scope=Scope.BOT, bot=source).first()
    if row is not None:
        RiskPolicy.objects.create(
            scope=Scope.BOT,
            workspace_id=actor.workspace_id,
            bot=made,
            changed_at=now,
            changed_by=actor.user_id,
            **{name: getattr(row, name) for name in SPECS},
        )
