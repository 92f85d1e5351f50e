"""What contradicts a plan's own books, found by looking again."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from apps.trading.models.columns import Owned
from apps.trading.models.plans import Plan


class PlanAnomaly(Owned):
    """A finding about a plan, noted once while it lasts. Never dropped, never silently repaired."""

    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="anomalies")
    kind = models.CharField(max_length=40)
    detail = models.JSONField(default=dict)
    seen_at = models.DateTimeField()
    cleared_at = models.DateTimeField(null=True)  # it holds no more, or a person handled it

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["plan", "kind"],
                condition=Q(cleared_at=None),
                name="trading_plan_anomaly_once",
            )
        ]
        indexes = [
            models.Index(
                fields=["workspace", "-seen_at"],
                condition=Q(cleared_at=None),
                name="trading_plan_anomaly_idx",
            )
        ]
