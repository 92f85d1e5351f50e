"""What a portfolio stands on: the bare row of a connection, with no key behind it."""

from __future__ import annotations

from django.utils import timezone

from apps.core.domain.people import Actor
from apps.venues.models import Connection


def connection(actor: Actor, venue: str = "practice.alpha") -> Connection:
    return Connection.objects.create(
        workspace_id=actor.workspace_id,
        venue=venue,
        label=venue.title(),
        mode="PAPER",
        need="TRADE",
        sealed_set_id=1,
        status="ACTIVE",
        created_at=timezone.now(),
    )
