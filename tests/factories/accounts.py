"""The cast: people with a personal workspace."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from apps.core.domain.people import Actor

PASSWORD = "correct horse battery staple 9"


@dataclass(frozen=True, slots=True)
class Person:
    user: object
    actor: Actor
    email: str


def person(name: str, *, password: str | None = PASSWORD) -> Person:
    from apps.accounts.services import user_create

    email = f"{name}@example.org"
    user, actor = user_create(
        email=email, password=password, name=name.title(), now=datetime.now(UTC)
    )
    return Person(user, actor, email)
