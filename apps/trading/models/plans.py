"""Trades of several legs, and one-shot arbitrage jobs."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from apps.trading.domain.plans import FINAL
from apps.trading.models.bots import Bot
from apps.trading.models.columns import Owned, amount


class Plan(Owned):
    """A trade of several legs. `legs` holds the decided LegSpecs, so that no lookup is needed."""

    bot = models.ForeignKey(Bot, null=True, on_delete=models.PROTECT, related_name="plans")
    kind = models.CharField(max_length=12)
    status = models.CharField(max_length=20)
    reason = models.CharField(max_length=40, blank=True)
    symbol = models.CharField(max_length=40)
    base = models.CharField(max_length=20)
    quote = models.CharField(max_length=20)
    quantity = amount()
    legs = models.JSONField()
    home = models.JSONField(default=list)  # assets it starts from and ends in; []: the quote
    expected_net = amount()
    expected_profit = amount()
    max_unwind_loss = amount()
    fencing_token = models.BigIntegerField(null=True)
    book_received_ns = models.BigIntegerField(null=True)
    engine_host = models.CharField(max_length=80, blank=True)
    opened_at = models.DateTimeField()
    valid_until = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    pnl = amount(null=True)
    spread_captured = amount(null=True)
    fees = amount(null=True)
    slippage = amount(null=True)
    residual = amount(default=0)  # of the base; residuals holds every asset, as text
    residuals = models.JSONField(default=dict)
    pnl_note = models.CharField(max_length=40, blank=True)
    forgiven = models.PositiveIntegerField(default=0)  # orders before a person's "try again"
    handled_at = models.DateTimeField(null=True)  # a person took care of what was left
    handled_by = models.BigIntegerField(null=True)
    handled_reason = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(quantity__gt=0), name="trading_plan_qty_gt_0"),
            models.CheckConstraint(
                condition=~Q(status__in=sorted(FINAL))
                | Q(
                    pnl__isnull=False,
                    spread_captured__isnull=False,
                    fees__isnull=False,
                    slippage__isnull=False,
                    closed_at__isnull=False,
                ),
                name="trading_plan_final_has_pnl",
            ),
            models.CheckConstraint(
                condition=Q(pnl=None) | Q(pnl=F("spread_captured") - F("fees") - F("slippage")),
                name="trading_plan_pnl_adds_up",
            ),
        ]
        indexes = [
            models.Index(fields=["workspace", "-opened_at"], name="trading_plan_owner_idx"),
            models.Index(fields=["bot", "-opened_at"], name="trading_plan_bot_idx"),
            models.Index(
                fields=["status", "id"],
                condition=Q(status__in=["PLANNED", "EXECUTING", "COMPLETING"]),
                name="trading_plan_alive_idx",
            ),
        ]


class ArbJob(Owned):
    """A one-shot arbitrage: check now, trade once if it pays, say what happened."""

    pair = models.CharField(max_length=40)
    connection_ids = models.JSONField()
    params = models.JSONField()
    status = models.CharField(max_length=10)  # QUEUED, CHECKING, EXECUTED, NOTHING, FAILED
    code = models.CharField(max_length=40, blank=True)
    code_params = models.JSONField(default=dict)
    plan = models.ForeignKey(Plan, null=True, on_delete=models.PROTECT, related_name="+")
    created_by = models.BigIntegerField(null=True)
    created_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["workspace", "-id"], name="trading_arb_job_owner_idx")]
