"""Connections as other rooms need them: active, for trading on paper, with no real key behind."""

from __future__ import annotations

from django.utils import timezone

from apps.core.domain.people import Actor
from apps.venues.models import Connection


def connection(actor: Actor, venue: str = "practice.alpha", **fields: object) -> Connection:
    boring = {
        "workspace_id": actor.workspace_id,
        "venue": venue,
        "label": venue.title(),
        "mode": "PAPER",
        "need": "TRADE",
        "sealed_set_id": 1,
        "status": "ACTIVE",
        "created_at": timezone.now(),
    }
    return Connection.objects.create(**(boring | fields))
