"""Is the product well? Alive, ready, and what is not."""

from __future__ import annotations

from django.db import DatabaseError, connection
from django.utils import timezone

from apps.core import beats, ratelimit
from apps.core.registries import HealthCheck, health_check_register, health_checks


def register() -> None:
    health_check_register(HealthCheck("database", database))
    health_check_register(HealthCheck("broker", broker))


def database() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return "PostgreSQL does not answer."
    return ""


def broker() -> str:
    import redis

    try:
        ratelimit.store().ping()
    except redis.RedisError:
        return "Redis does not answer."
    return ""


def readiness() -> dict[str, str]:
    """Every check by name: "" when well, else the sentence."""
    return {name: check.ask() for name, check in sorted(health_checks.items())}


def role_missing(role: str) -> str:
    return "" if beats.alive(role=role, now=timezone.now()) else f"No {role} is running."
