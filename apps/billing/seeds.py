"""Plan rows are written after each migrate; what staff changed in a row stays."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from apps.billing.domain.limits import LADDER


def plans_seed(*, apps: Any, using: str, **_signal: Any) -> None:
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
