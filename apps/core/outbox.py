"""Events leave through here: stored with the change, delivered after commit, at least once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from datetime import timedelta
from typing import Any

import structlog
from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone

from apps.core import locks
from apps.core.domain.events import Event
from apps.core.models import OutboxMessage

logger = structlog.get_logger(__name__)

Handler = Callable[..., None]
_handlers: dict[str, list[Handler]] = defaultdict(list)
_leaves_delivery = False

MAX_ATTEMPTS = 20  # after this many the message is a dead letter: visible, no longer tried


def subscribe(*events: type[Event]) -> Callable[[Handler], Handler]:
    """Run the function after commit of each such event. It must be idempotent."""

    def register(handler: Handler) -> Handler:
        for event in events:
            if handler not in _handlers[event.topic]:
                _handlers[event.topic].append(handler)
        return handler

    return register


def delivery_leave() -> None:
    """This process stores events and never waits for their handlers: a sweeper delivers them.

    For a role that must go on while the broker hangs.
    """
    global _leaves_delivery
    _leaves_delivery = True


def publish(*events: Event) -> None:
    """Store the events with the change; deliver them, at least once, when that is committed.

    robust: a dead broker must not turn a stored order into an error page. The sweeper
    delivers what is left behind. What nobody listens to is delivered as it is stored: its log
    entry is all there is to it, and an order on its way need not wait for a second commit.
    """
    messages = OutboxMessage.objects.bulk_create(_messages(events))
    waiting = [message for message in messages if message.delivered_at is None]
    if waiting and not _leaves_delivery:
        transaction.on_commit(lambda: deliver(waiting), robust=True)


def publish_later(*events: Event) -> None:
    """Store a crowd of events with the change; the sweeper delivers them. For who must not wait
    for every handler of every one."""
    OutboxMessage.objects.bulk_create(_messages(events))


def unheard(*events: Event) -> tuple[list[OutboxMessage], list[Event]]:
    """Unsaved rows of the events that nobody listens to, for a service that stores them with its
    own rows (`core.rows.insert`); and the other events, which are to be published."""
    heard = [event for event in events if _handlers.get(event.topic)]
    return _messages(event for event in events if not _handlers.get(event.topic)), heard


def _messages(events: Iterable[Event]) -> list[OutboxMessage]:
    now = timezone.now()
    return [
        OutboxMessage(
            workspace_id=event.workspace_id,
            topic=event.topic,
            payload=asdict(event),
            created_at=now,
            delivered_at=None if _handlers.get(event.topic) else now,
        )
        for event in events
    ]


def deliver(messages: Sequence[OutboxMessage]) -> int:
    """Hand messages to their handlers; return how many arrived.

    One broken handler keeps its own message undelivered, not the others.
    """
    arrived = []
    for message in messages:
        try:
            for handler in _handlers[message.topic]:
                handler(**message.payload)
        except Exception:
            logger.exception("outbox.delivery_failed", topic=message.topic, message_id=message.pk)
        else:
            arrived.append(message.pk)
    failed = [m.pk for m in messages if m.pk not in set(arrived)]
    if arrived:
        OutboxMessage.objects.filter(pk__in=arrived).update(delivered_at=timezone.now())
    if failed:
        OutboxMessage.objects.filter(pk__in=failed).update(attempts=F("attempts") + 1)
    return len(arrived)


def sweep(*, older_than: timedelta = timedelta(seconds=10), limit: int = 500) -> int:
    """Deliver what a crash or a dead broker left behind. Safe to run anywhere, any time."""
    waiting = OutboxMessage.objects.filter(
        delivered_at=None,
        attempts__lt=MAX_ATTEMPTS,
        created_at__lt=timezone.now() - older_than,
    )
    return deliver(list(waiting.order_by("pk")[:limit]))


@transaction.atomic
def number(limit: int = 1000) -> int:
    """Give committed events their gap-free place in their workspace's log. One relay at a time.

    A sequence hands out 7 and 8 before commit and 8 may commit first: whoever reads "after 8"
    never sees 7. Numbers given after commit, by one writer, have no such hole.
    """
    if not locks.alone_or_skip("core.event_log"):
        return 0
    fresh = list(OutboxMessage.objects.filter(seq=None).order_by("pk")[:limit])
    if not fresh:
        return 0
    last = _last_numbers({message.workspace_id for message in fresh})
    for message in fresh:
        message.seq = last[message.workspace_id] = last[message.workspace_id] + 1
    return OutboxMessage.objects.bulk_update(fresh, ["seq"])


# One step down an index per workspace, however long its log is.
LAST_NUMBERS = """
SELECT workspace, coalesce((
    SELECT seq FROM core_outboxmessage
    WHERE workspace_id = workspace AND seq IS NOT NULL ORDER BY seq DESC LIMIT 1
), 0)
FROM unnest(%s::bigint[]) AS workspace
"""


def _last_numbers(workspaces: set[int]) -> dict[int, int]:
    with connection.cursor() as cursor:
        cursor.execute(LAST_NUMBERS, [sorted(workspaces)])
        return dict(cursor.fetchall())


def events_after(*, workspace_id: int, seq: int, limit: int = 500) -> list[dict[str, Any]]:
    """The workspace's log after `seq`, in order: [{seq, topic, payload, at}]."""
    rows = OutboxMessage.objects.filter(workspace_id=workspace_id, seq__gt=seq).order_by("seq")
    return [
        {"seq": m.seq, "topic": m.topic, "payload": m.payload, "at": m.created_at.isoformat()}
        for m in rows[:limit]
    ]
