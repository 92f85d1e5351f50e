"""What the gate said."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.trading.models.columns import Owned
from apps.trading.models.orders import Order
from apps.trading.models.plans import Plan


class RiskDecision(Owned):
    """What the gate said of a plan or an order, and why. rule "" is a yes."""

    plan = models.OneToOneField(Plan, null=True, on_delete=models.PROTECT, related_name="decision")
    order = models.OneToOneField(
        Order, null=True, on_delete=models.PROTECT, related_name="decision"
    )
    rule = models.CharField(max_length=40, blank=True)
    code = models.CharField(max_length=40, blank=True)
    params = models.JSONField(default=dict)
    figures = models.JSONField(default=list)  # of a refusal: every rule with what it compared
    at = models.DateTimeField()

    class Meta:
        verbose_name, verbose_name_plural = _("refusal"), _("refusals")
        indexes = [
            models.Index(
                fields=["workspace", "-id"],
                condition=~Q(rule=""),
                name="trading_refusal_owner_idx",
            )
        ]
