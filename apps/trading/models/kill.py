"""HALT, CANCEL and FLATTEN as rows: who asked, how far it is, what was proven."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.trading.models.bots import Bot
from apps.trading.models.orders import Order


class KillRun(models.Model):
    """One command. `owner` works on it until `lease_until`; then anybody may go on with it."""

    scope = models.CharField(max_length=10)  # domain/kill.py
    scope_key = models.CharField(max_length=30)
    workspace = models.ForeignKey(
        "accounts.Workspace", null=True, on_delete=models.PROTECT, related_name="+"
    )
    bot = models.ForeignKey(Bot, null=True, on_delete=models.PROTECT, related_name="+")
    command = models.CharField(max_length=10)
    origin = models.CharField(max_length=10)
    rule = models.CharField(max_length=20, blank=True)  # of a rule: its code and what it saw
    rule_params = models.JSONField(default=dict)
    reason = models.CharField(max_length=200, blank=True)
    requested_by = models.BigIntegerField(null=True)
    requested_at = models.DateTimeField()
    status = models.CharField(max_length=10)
    owner = models.CharField(max_length=80, blank=True)
    lease_until = models.DateTimeField(null=True)
    steps = models.JSONField(default=list)  # [{at, code, params}], oldest first
    report = models.JSONField(null=True)
    report_hash = models.CharField(max_length=64, blank=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name, verbose_name_plural = _("stop"), _("stops")
        constraints = [
            models.UniqueConstraint(
                fields=["scope_key", "command"],
                condition=Q(status__in=["PENDING", "RUNNING"]),
                name="trading_kill_once",
            ),
            models.CheckConstraint(
                condition=Q(status__in=["PENDING", "RUNNING"])
                | (Q(report__isnull=False, finished_at__isnull=False) & ~Q(report_hash="")),
                name="trading_kill_over_has_report",
            ),
        ]
        indexes = [
            models.Index(fields=["workspace", "-id"], name="trading_kill_owner_idx"),
            models.Index(
                fields=["id"],
                condition=Q(status__in=["PENDING", "RUNNING"]),
                name="trading_kill_active_idx",
            ),
        ]


class KillPart(models.Model):
    """What a command does in one workspace. closing: positions are being closed."""

    run = models.ForeignKey(KillRun, on_delete=models.CASCADE, related_name="parts")
    workspace = models.ForeignKey("accounts.Workspace", on_delete=models.PROTECT, related_name="+")
    bot_id = models.BigIntegerField(null=True)  # as of its run
    status = models.CharField(max_length=10)
    closing = models.BooleanField(default=False)
    before = models.JSONField(null=True)  # positions and balances as they were met
    report = models.JSONField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["run", "workspace"], name="trading_kill_part_once")
        ]
        indexes = [
            models.Index(
                fields=["workspace"], condition=Q(closing=True), name="trading_kill_closing_idx"
            )
        ]


class KillOrder(models.Model):
    """An order that a command placed to close a position."""

    part = models.ForeignKey(KillPart, on_delete=models.CASCADE, related_name="orders")
    order = models.OneToOneField(Order, on_delete=models.PROTECT, related_name="kill")
    base = models.CharField(max_length=20)
    attempt = models.PositiveSmallIntegerField()
