"""A repeated request gets the first answer. `Idempotency-Key` on POST, per workspace.

Answers are kept for settings.KEEP_ANSWERS_HOURS, 24 unless the operator says otherwise.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import Any

import orjson
from django.conf import settings
from django.db import IntegrityError, transaction

from apps.core.domain.errors import IdempotencyKeyBusy, IdempotencyKeyReused
from apps.core.models import IdempotencyKey
from apps.core.retention import old_delete

GIVEN_UP_AFTER = timedelta(minutes=2)  # a handler that died leaves its claim this long


def fingerprint(method: str, path: str, body: Any) -> str:
    text = orjson.dumps([method, path, body], option=orjson.OPT_SORT_KEYS, default=str)
    return hashlib.sha256(text).hexdigest()


def begin(*, workspace_id: int, key: str, print_: str, now: datetime) -> tuple[int, Any] | None:
    """Claim the key. None: handle the request; else the (status, body) already given.

    Raises IdempotencyKeyReused for another request under this key, IdempotencyKeyBusy while
    the first is still being handled.
    """
    try:
        with transaction.atomic():
            IdempotencyKey.objects.create(
                workspace_id=workspace_id, key=key, fingerprint=print_, created_at=now
            )
        return None
    except IntegrityError:
        known = IdempotencyKey.objects.get(workspace_id=workspace_id, key=key)
    if known.created_at < now - (GIVEN_UP_AFTER if known.status is None else kept_for()):
        # Taken over by exactly one: the update's own condition decides.
        taken = IdempotencyKey.objects.filter(pk=known.pk, created_at=known.created_at).update(
            created_at=now, fingerprint=print_, status=None, answer=None
        )
        if taken:
            return None
    if known.fingerprint != print_:
        raise IdempotencyKeyReused
    if known.status is None:
        raise IdempotencyKeyBusy
    return known.status, known.answer


def finish(*, workspace_id: int, key: str, status: int, answer: Any) -> None:
    """Keep the answer for repeats."""
    IdempotencyKey.objects.filter(workspace_id=workspace_id, key=key).update(
        status=status, answer=answer
    )


def forget(*, workspace_id: int, key: str) -> None:
    """The request failed before anything was decided: the client may try again."""
    IdempotencyKey.objects.filter(workspace_id=workspace_id, key=key, status=None).delete()


def purge(*, now: datetime) -> int:
    """Forget answers that no repeat gets any more; how many."""
    return old_delete(IdempotencyKey.objects.all(), column="created_at", before=now - kept_for())


def kept_for() -> timedelta:
    return timedelta(hours=settings.KEEP_ANSWERS_HOURS)
