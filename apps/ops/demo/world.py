"""The demo's people: who they are, and the ways in that are handed out at each start.

Deterministic: the same seed makes the same world, and seeding again changes nothing.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from apps.core.domain.people import Actor

EMAIL = "alice@demo.cryonel.example"


def seed(*, seed: int, source: str) -> dict[str, Any]:
    """Make what is missing, then a sign-in path and an API token for this start.

    Returns {"said", "login_path", "api_token"}. Runs in a process of its own.
    """
    from django.urls import reverse
    from django.utils import timezone

    from apps.accounts import services as accounts

    now = timezone.now()
    actor, is_new = _alice(now)
    link = accounts.sign_in_link_create(user_id=actor.user_id, now=now)
    _, clear = accounts.api_token_create(actor=actor, name="Demo", now=now)
    return {
        "said": "alice is new" if is_new else "alice is back",
        "login_path": reverse("sign-in-link", args=[link]),
        "api_token": clear,
    }


def _alice(now: datetime) -> tuple[Actor, bool]:
    """Alice as an actor in her personal workspace, and whether this is the first start."""
    from apps.accounts import selectors, services

    known = selectors.user_by_email(email=EMAIL)
    if known is not None:
        return selectors.actor_get(user_id=known.pk), False
    _, actor = services.user_create(email=EMAIL, password=None, name="Alice", now=now)
    return actor, True
