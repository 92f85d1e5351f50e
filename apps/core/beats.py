"""Signs of life of the roles, and reading them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from apps.core.models import Beat

ALIVE_FOR = timedelta(seconds=15)


def beat(*, role: str, instance: str, now: datetime, **details: Any) -> None:
    Beat.objects.update_or_create(
        role=role, instance=instance, defaults={"seen_at": now, "details": details}
    )


def alive(*, role: str, now: datetime) -> list[Beat]:
    """The instances of a role that were seen within ALIVE_FOR."""
    return list(Beat.objects.filter(role=role, seen_at__gt=now - ALIVE_FOR).order_by("instance"))


def all_recent(*, now: datetime, within: timedelta = timedelta(hours=1)) -> list[Beat]:
    return list(Beat.objects.filter(seen_at__gt=now - within).order_by("role", "instance"))
