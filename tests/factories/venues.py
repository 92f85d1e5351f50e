"""Connections as tests want them: paper accounts at a running practice venue, or bare rows."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal

from apps.core.domain.people import Actor
from apps.venues.models import Connection
from tests.factories.accounts import Person

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)


def paper_connection(
    person: Person,
    venue: str = "practice.alpha",
    balances: Mapping[str, str] | None = None,
    ref: str = "",
) -> Connection:
    """A tested TRADE connection; needs the `practice` fixture. By default 10,000 USDT."""
    from apps.venues import services

    held = balances or {"USDT": "10000"}
    return services.practice_connection_open(
        actor=person.actor,
        venue=venue,
        balances={asset: Decimal(amount) for asset, amount in held.items()},
        now=NOW,
        ref=ref,
    )


def connection(actor: Actor, venue: str = "practice.alpha", **fields: object) -> Connection:
    """A bare row: active, for trading on paper, with no account and no key behind it."""
    boring: dict[str, object] = {
        "workspace_id": actor.workspace_id,
        "venue": venue,
        "label": venue.title(),
        "mode": "PAPER",
        "need": "TRADE",
        "sealed_set_id": 1,
        "status": "ACTIVE",
        "created_at": NOW,
    }
    return Connection.objects.create(**(boring | fields))
