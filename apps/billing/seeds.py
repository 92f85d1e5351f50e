"""Plan rows are written after each migrate; what staff changed in a row stays."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.apps import apps as installed

from apps.billing.domain.limits import LADDER


def plans_seed(*, using: str, apps: Any = installed, **_signal: Any) -> None:
    """`apps` is the migration's state of the models; a flush sends none."""
    try:
        plan_model = apps.get_model("billing", "Plan")
    except LookupError:
        return  # migrating to before the table
    for seed in LADDER:
        plan_model.objects.using(using).get_or_create(
            code=seed.code,
            defaults={
                "name": seed.name,
                "price": seed.price,
                "rank": seed.rank,
                "limits": asdict(seed.limits),
            },
        )
