"""What a workspace owns now, and what it was worth."""

from __future__ import annotations

from django.db import models
from django.db.models import Q


class BalanceNow(models.Model):
    """The last balance that a venue told of one asset on one connection."""

    workspace = models.ForeignKey("accounts.Workspace", on_delete=models.CASCADE)
    connection = models.ForeignKey("venues.Connection", on_delete=models.CASCADE)
    asset = models.CharField(max_length=20)
    free = models.DecimalField(max_digits=38, decimal_places=18)
    used = models.DecimalField(max_digits=38, decimal_places=18)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["connection", "asset"], name="portfolio_balance_once"),
        ]
        indexes = [models.Index(fields=["workspace"], name="portfolio_balance_ws_idx")]


class EquityPoint(models.Model):
    """The worth of all balances of a workspace at one moment, or why it is not known."""

    workspace = models.ForeignKey("accounts.Workspace", on_delete=models.CASCADE)
    at = models.DateTimeField()
    equity = models.DecimalField(max_digits=38, decimal_places=18, null=True)
    unknown_because = models.CharField(max_length=24, blank=True)  # a code, "" when known
    currency = models.CharField(max_length=10, default="USDT")
    detail = models.JSONField(default=dict)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(equity__isnull=False, unknown_because="")
                | (Q(equity__isnull=True) & ~Q(unknown_because="")),
                name="portfolio_equity_known_or_reason",
            ),
        ]
        indexes = [models.Index(fields=["workspace", "at"], name="portfolio_equity_ws_at_idx")]
