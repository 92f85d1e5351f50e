"""After an unclean end: resume or flatten, as each bot's owner chose; carried out, and said."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from datetime import datetime

from django.db import transaction

from apps.core import audit, outbox
from apps.core.domain.people import Actor
from apps.trading.domain.alignment import AlignmentFact, RestartOutcome
from apps.trading.domain.bots import RestartPolicy
from apps.trading.domain.events import BotRestarted
from apps.trading.domain.kill import ACTIVE, KillCommand, KillOrigin, KillScope, KillStatus
from apps.trading.domain.plans import ALIVE
from apps.trading.models import Bot, BotRestart, ConnectionAlignment, KillRun, Plan
from apps.trading.selectors.alignment import alignment_of
from apps.trading.services.bots import bot_stop
from apps.trading.services.kill import kill_request

REASON = "Restart: close what is open"


def restarts_note(*, bots: Collection[Bot], now: datetime) -> None:
    """These were taken from an engine that never gave them back. One that still waits is enough."""
    waiting = set(
        BotRestart.objects.filter(
            bot__in=bots, outcome=RestartOutcome.WAITING, done_at=None
        ).values_list("bot_id", flat=True)
    )
    BotRestart.objects.bulk_create(
        BotRestart(
            bot=bot,
            fencing_token=bot.fencing_token,
            policy=bot.on_restart,
            outcome=RestartOutcome.WAITING,
            at=now,
        )
        for bot in bots
        if bot.pk not in waiting
    )


def restarts_advance(*, owner: str, now: datetime) -> int:
    """The next step for each waiting bot of this engine; how many came to their end.

    It waits until every connection of the bot was compared after the restart.
    """
    rows = BotRestart.objects.filter(
        outcome=RestartOutcome.WAITING, bot__lease_owner=owner, bot__deleted_at=None
    )
    done = 0
    for restart in rows.select_related("bot").order_by("pk"):
        links = list(restart.bot.venues.order_by("pk").values_list("connection_id", flat=True))
        facts = alignment_of(links, now=now)
        if all(_compared(fact, restart.at) for fact in facts.values()):
            done += _advance(restart, links, now)
    return done


def _compared(fact: AlignmentFact, since: datetime) -> bool:
    return fact.aligned and fact.checked_at is not None and fact.checked_at >= since


@transaction.atomic
def _advance(restart: BotRestart, links: list[int], now: datetime) -> bool:
    bot, actor = restart.bot, Actor.platform(restart.bot.workspace_id)
    detail: dict[str, object] = {**restart.detail, **found_since(bot, links, restart.at)}
    if bot.started_at is not None and bot.started_at > restart.at:  # its owner decided since
        return _end(restart, RestartOutcome.RESUMED, detail, actor, now)
    if restart.policy != RestartPolicy.FLATTEN:
        return _end(restart, RestartOutcome.RESUMED, detail, actor, now)
    run = KillRun.objects.filter(pk=restart.detail.get("kill_run") or 0).first()
    if run is None:
        run = kill_request(
            actor=actor,
            scope=KillScope.BOT,
            command=KillCommand.FLATTEN,
            bot_id=bot.pk,
            origin=KillOrigin.RESTART,
            reason=REASON,
            now=now,
        )
        restart.detail = {**detail, "kill_run": run.pk}
        restart.save(update_fields=["detail"])
    if run.status in ACTIVE:
        return False
    bot_stop(actor=actor, bot_id=bot.pk, now=now)
    flat = run.status == KillStatus.DONE
    outcome = RestartOutcome.FLATTENED if flat else RestartOutcome.FAILED
    return _end(restart, outcome, {**detail, "kill_run": run.pk}, actor, now)


def _end(
    restart: BotRestart,
    outcome: RestartOutcome,
    detail: Mapping[str, object],
    actor: Actor,
    now: datetime,
) -> bool:
    ended = BotRestart.objects.filter(pk=restart.pk, outcome=RestartOutcome.WAITING).update(
        outcome=outcome, detail=dict(detail), done_at=now
    )
    if ended:
        event = BotRestarted(
            workspace_id=restart.bot.workspace_id,
            bot_id=restart.bot_id,
            policy=restart.policy,
            outcome=outcome,
        )
        audit.record(event, actor=actor, at=now, **detail)
        outbox.publish(event)
    return ended == 1


def found_since(bot: Bot, links: list[int], since: datetime) -> dict[str, object]:
    """What comparisons settled on the bot's connections since then, and its plans under way."""
    counts: Counter[str] = Counter()
    for notes in ConnectionAlignment.objects.filter(connection__in=links).values_list(
        "notes", flat=True
    ):
        counts.update(n["code"] for n in notes if datetime.fromisoformat(n["at"]) >= since)
    alive = Plan.objects.filter(bot=bot, status__in=sorted(ALIVE)).count()
    return {"found": dict(sorted(counts.items())), "open_plans": alive}
