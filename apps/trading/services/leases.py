"""Which engine runs which bots. A lease ends by itself; its token fences off the one before."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F

from apps.trading import locks
from apps.trading.models import Bot
from apps.trading.services.restarts import restarts_note

LEASE_LASTS = timedelta(seconds=15)


@transaction.atomic
def lease_take(
    *, owner: str, now: datetime, limit: int = 200, gone: Collection[str] = ()
) -> list[Bot]:
    """Take bots that no living engine holds; each gets a new fencing token.

    `gone` are owners whose process provably ended: nobody waits for the end of their leases.

    One that was never given back waits for its owner's choice to be carried out: see `restarts`.
    The rows are locked while they are taken and skipped by whoever comes at the same moment,
    so two engines never get one bot.
    """
    taken = locks.bots_free(now, limit, gone)
    unclean = [bot for bot in taken if bot.lease_owner and bot.lease_owner != owner]
    for bot in taken:
        bot.lease_owner, bot.lease_until = owner, now + LEASE_LASTS
        bot.fencing_token += 1
    Bot.objects.bulk_update(taken, ["lease_owner", "lease_until", "fencing_token"])
    restarts_note(bots=unclean, now=now)
    return taken


def lease_renew(*, owner: str, now: datetime) -> set[int]:
    """Keep what is held; return the bots that still are. The others were lost or stopped."""
    mine = Bot.objects.filter(
        lease_owner=owner, lease_until__gt=now, status__in=["RUNNING", "PAUSED"], deleted_at=None
    )
    mine.update(lease_until=now + LEASE_LASTS)
    return set(
        Bot.objects.filter(lease_owner=owner, lease_until__gt=now).values_list("pk", flat=True)
    )


def lease_release(*, owner: str, bot_ids: Iterable[int] | None = None) -> int:
    """Let go, so that another engine need not wait for the end of the lease."""
    mine = Bot.objects.filter(lease_owner=owner)
    if bot_ids is not None:
        mine = mine.filter(pk__in=list(bot_ids))
    return mine.update(lease_owner="", lease_until=None, fencing_token=F("fencing_token") + 1)
