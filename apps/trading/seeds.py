"""The platform's caps and those of the plans, written after each migrate; staff's changes stay."""

from __future__ import annotations

from typing import Any

from django.apps import apps as installed
from django.utils import timezone

from apps.trading.domain.policies import PLAN_DEFAULTS, PLATFORM_DEFAULTS, Scope


def policies_seed(*, using: str, apps: Any = installed, **_signal: Any) -> None:
    """`apps` is the migration's state of the models; a flush sends none."""
    try:
        rows = apps.get_model("trading", "RiskPolicy").objects.using(using)
    except LookupError:
        return  # migrating to before the table
    now = timezone.now()
    rows.get_or_create(scope=Scope.PLATFORM, defaults={**PLATFORM_DEFAULTS, "changed_at": now})
    for code, limits in PLAN_DEFAULTS.items():
        rows.get_or_create(scope=Scope.PLAN, plan_code=code, defaults={**limits, "changed_at": now})
