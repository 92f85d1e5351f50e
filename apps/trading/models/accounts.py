"""One row per workspace on which its trading decisions serialise, and what is reserved."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from apps.trading.domain.states import TradingState
from apps.trading.models.bots import Bot
from apps.trading.models.columns import Owned, amount
from apps.trading.models.orders import Order, OrderGroup
from apps.trading.models.plans import Plan


class TradingAccount(models.Model):
    """One per workspace: every trading decision of the workspace serialises on this row."""

    workspace = models.OneToOneField("accounts.Workspace", on_delete=models.PROTECT)
    state = models.CharField(max_length=10, default=TradingState.ACTIVE)
    state_at = models.DateTimeField(null=True)  # when it last changed
    state_reason = models.CharField(max_length=200, blank=True)

    @property
    def halted(self) -> bool:
        return self.state == TradingState.HALTED


class PlatformTrading(models.Model):
    """One row (pk 1): the state of trading on the whole platform. Absent: ACTIVE."""

    state = models.CharField(max_length=10, default=TradingState.ACTIVE)
    state_at = models.DateTimeField(null=True)
    state_reason = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(pk=1), name="trading_platform_one_row")]


class CapitalReservation(Owned):
    """What an open order may still spend. It counts until a balance newer than its release."""

    bot = models.ForeignKey(Bot, null=True, on_delete=models.PROTECT, related_name="+")
    plan = models.ForeignKey(Plan, null=True, on_delete=models.PROTECT, related_name="reserved")
    order = models.ForeignKey(Order, null=True, on_delete=models.PROTECT, related_name="+")
    group = models.ForeignKey(OrderGroup, null=True, on_delete=models.PROTECT, related_name="+")
    connection = models.ForeignKey("venues.Connection", on_delete=models.PROTECT, related_name="+")
    asset = models.CharField(max_length=20)
    amount = amount()
    at = models.DateTimeField()
    released_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="trading_reserve_gt_0")
        ]
        indexes = [
            models.Index(
                fields=["connection", "asset", "released_at"], name="trading_reserve_claim_idx"
            )
        ]


class AccountFee(models.Model):
    """The account's own fee tier for a symbol, as fractions."""

    connection = models.ForeignKey("venues.Connection", on_delete=models.CASCADE, related_name="+")
    symbol = models.CharField(max_length=40)
    maker = amount()
    taker = amount()
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["connection", "symbol"], name="trading_fee_once")
        ]
