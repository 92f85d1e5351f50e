"""Automatic stops: looked for every few seconds by one guard at a time, latched until a person
resumes, audited, and said to the owner in the run, the state's reason and the bots' logs."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from apps.core import locks as platform_locks
from apps.core.domain.people import Actor
from apps.trading.domain.anomalies import Stop, stops_of
from apps.trading.domain.bots import BotStatus
from apps.trading.domain.decisions import sentence
from apps.trading.domain.kill import KillOrigin
from apps.trading.domain.kill_texts import RULES
from apps.trading.models import Bot, KillRun
from apps.trading.selectors.anomalies import anomaly_facts, limits_now
from apps.trading.services.decisions import Folded, decisions_record
from apps.trading.services.kill import kill_request


@transaction.atomic
def kill_rules_apply(*, now: datetime, watched_since: datetime | None = None) -> list[KillRun]:
    """Stop what a rule says must stop. What is already as strict is left alone.

    watched_since: when whoever asks began to look; silence before it is nobody's fault.
    """
    if not platform_locks.alone_or_skip("trading.kill_rules"):
        return []
    facts = anomaly_facts(now, watched_since=watched_since)
    return [_fire(stop, now) for stop in stops_of(facts, limits_now())]


def _fire(stop: Stop, now: datetime) -> KillRun:
    run = kill_request(
        actor=Actor.platform(stop.workspace_id),
        scope=stop.scope,
        command=stop.command,
        bot_id=stop.bot_id,
        origin=KillOrigin.RULE,
        reason=sentence(RULES[stop.rule], stop.params),
        rule=stop.rule,
        rule_params=stop.params,
        now=now,
    )
    _say(stop, now)
    return run


def _say(stop: Stop, now: datetime) -> None:
    """In the decision log of every bot that it concerns."""
    rows = Bot.objects.filter(workspace_id=stop.workspace_id, deleted_at=None)
    rows = rows.exclude(status=BotStatus.STOPPED) if stop.bot_id is None else rows.filter(
        pk=stop.bot_id
    )  # fmt: skip
    decisions_record(
        [
            Folded(
                bot_id=number,
                symbol="",
                code=f"RULE_{stop.rule}",
                params=dict(stop.params),
                best=None,
                count=1,
                minute=now.replace(second=0, microsecond=0),
                last_at=now,
            )
            for number in rows.values_list("pk", flat=True)
        ]
    )
