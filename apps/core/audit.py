"""Who did what, for ever: entries with the change, seals after commit, a proof on demand."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import transaction

from apps.core import keyring, locks
from apps.core.domain import chain
from apps.core.domain.events import Event
from apps.core.domain.people import Actor
from apps.core.models import AuditBatch, AuditEntry, AuditSeal

LONGEST_TRANSACTION = timedelta(hours=1)  # an older entry without a seal is a finding


def record(event: Event, *, actor: Actor, at: datetime, **data: object) -> None:
    """Write the entry of an event, inside the caller's transaction. Values become JSON text."""
    record_all([event], actor=actor, at=at, **data)


def record_all(events: list[Event], *, actor: Actor, at: datetime, **data: object) -> None:
    AuditEntry.objects.bulk_create(entries(events, actor=actor, at=at, **data))


def entries(
    events: Iterable[Event], *, actor: Actor, at: datetime, **data: object
) -> list[AuditEntry]:
    """Unsaved, for a service that stores them with its own rows (`core.rows.insert`)."""
    request_id = structlog.contextvars.get_contextvars().get("request_id", "")
    return [
        AuditEntry(
            workspace_id=event.workspace_id,
            actor_id=actor.user_id,
            action=event.topic,
            data=json.loads(json.dumps(asdict(event) | data, default=str)),
            request_id=request_id,
            at=at,
        )
        for event in events
    ]


def content(entry: AuditEntry) -> dict[str, Any]:
    """What the hash covers: everything the entry says."""
    return {
        "id": entry.pk,
        "workspace_id": entry.workspace_id,
        "actor_id": entry.actor_id,
        "action": entry.action,
        "data": entry.data,
        "request_id": entry.request_id,
        "at": entry.at.isoformat(),
    }


@transaction.atomic
def seal(*, now: datetime, limit: int = 2000) -> int:
    """Chain what was committed since the last batch and sign the head. One sealer at a time."""
    if not locks.alone_or_skip("core.audit_seal"):
        return 0
    # Entries commit out of order, but none later than LONGEST_TRANSACTION: look back that far only.
    old = AuditEntry.objects.filter(at__lt=now - LONGEST_TRANSACTION, auditseal__isnull=False)
    floor = old.order_by("-at", "-pk").values_list("pk", flat=True).first()  # one index step
    fresh = list(
        AuditEntry.objects.filter(auditseal=None, pk__gt=floor or 0).order_by("pk")[:limit]
    )
    if not fresh:
        return 0
    last = AuditBatch.objects.order_by("-head_seq").first()
    seq, head = (last.head_seq, last.head_hash) if last else (0, chain.GENESIS)
    seals = []
    for entry in fresh:
        seq, head = seq + 1, chain.link(head, content(entry))
        seals.append(AuditSeal(entry=entry, chain_seq=seq, hash=head))
    batch = AuditBatch.objects.create(
        head_seq=seq,
        head_hash=head,
        signature=chain.sign(head, head_seq=seq, key=keyring.key("audit")),
        sealed_at=now,
    )
    for each in seals:
        each.batch = batch
    AuditSeal.objects.bulk_create(seals)
    transaction.on_commit(lambda: keyring.remember("audit_head", str(seq)), robust=True)
    return len(seals)


@dataclass(frozen=True, slots=True)
class Finding:
    """The first thing that does not hold. entry_id is None when a whole tail is missing."""

    chain_seq: int
    entry_id: int | None
    problem: str


def verify(*, now: datetime, size: int = 5000) -> tuple[int, Finding | None]:
    """Walk the whole chain. Return how many entries hold and the first finding, if any."""
    seq, head, signed = 0, chain.GENESIS, dict(_heads())
    for sealed in _chain(size):
        if sealed.chain_seq != seq + 1:
            return seq, Finding(seq + 1, None, "an entry is missing from the chain")
        seq, head = seq + 1, chain.link(head, content(sealed.entry))
        if head != sealed.hash:
            return seq - 1, Finding(seq, sealed.entry_id, "the entry was changed after sealing")
        if seq in signed and not keyring.same(
            signed[seq], chain.sign(head, head_seq=seq, key=keyring.key("audit"))
        ):
            return seq - 1, Finding(seq, sealed.entry_id, "the batch's signature does not hold")
    return seq, _tail(seq, max(signed, default=0), now)


def _tail(seq: int, last_signed: int, now: datetime) -> Finding | None:
    expected = int(keyring.recall("audit_head") or 0)
    if seq != last_signed:
        return Finding(seq + 1, None, "the end of the chain is not covered by a signed batch")
    if seq < expected:
        return Finding(seq + 1, None, f"the trail ends early: {expected} entries were sealed")
    stray = AuditEntry.objects.filter(auditseal=None, at__lt=now - LONGEST_TRANSACTION).first()
    return Finding(seq + 1, stray.pk, "an old entry was never sealed") if stray else None


def _heads() -> Iterator[tuple[int, str]]:
    yield from AuditBatch.objects.values_list("head_seq", "signature")


def _chain(size: int) -> Iterator[AuditSeal]:
    after = 0
    while rows := list(
        AuditSeal.objects.filter(chain_seq__gt=after)
        .select_related("entry")
        .order_by("chain_seq")[:size]
    ):
        yield from rows
        after = rows[-1].chain_seq
