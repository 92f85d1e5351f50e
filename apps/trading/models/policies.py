"""Limits that somebody set, and the running figures that some of them are compared with.

A limit that is NULL is not set by that scope. Money is dollars, fractions are fractions; the
names and meanings stand in domain/policies.py.
"""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.trading.models.bots import Bot
from apps.trading.models.columns import Owned, amount
from apps.trading.models.orders import Order


class RiskPolicy(models.Model):
    """One row per scope and subject: the platform, a plan of the ladder, a workspace, a bot.

    No platform row: nothing opens. No workspace row: the house's defaults (OWN_DEFAULTS) hold.
    """

    scope = models.CharField(max_length=10)
    plan_code = models.CharField(max_length=20, blank=True)
    workspace = models.ForeignKey(
        "accounts.Workspace", null=True, on_delete=models.CASCADE, related_name="+"
    )
    bot = models.ForeignKey(Bot, null=True, on_delete=models.CASCADE, related_name="policies")
    max_order_value = amount(null=True)
    max_position_value = amount(null=True)
    max_exposure = amount(null=True)
    max_positions = amount(null=True)
    max_open_orders = amount(null=True)
    max_open_plans = amount(null=True)
    max_orders_minute = amount(null=True)
    max_plans_hour = amount(null=True)
    max_trades_day = amount(null=True)
    max_leverage = amount(null=True)
    min_liquidation_distance = amount(null=True)
    max_price_deviation = amount(null=True)
    max_slippage = amount(null=True)
    max_exit_slippage = amount(null=True)
    max_book_age = amount(null=True)
    daily_loss = amount(null=True)
    max_drawdown = amount(null=True)
    max_loss_streak = amount(null=True)
    max_errors = amount(null=True)
    error_cooldown = amount(null=True)
    cooldown = amount(null=True)
    changed_at = models.DateTimeField()
    changed_by = models.BigIntegerField(null=True)

    class Meta:
        verbose_name, verbose_name_plural = _("limits"), _("limits")
        constraints = [
            models.UniqueConstraint(
                fields=["scope", "plan_code", "workspace", "bot"],
                nulls_distinct=False,
                name="trading_policy_once",
            ),
            models.CheckConstraint(
                condition=Q(scope="PLATFORM", plan_code="", workspace=None, bot=None)
                | (Q(scope="PLAN", workspace=None, bot=None) & ~Q(plan_code=""))
                | Q(scope="WORKSPACE", plan_code="", workspace__isnull=False, bot=None)
                | Q(scope="BOT", plan_code="", workspace__isnull=False, bot__isnull=False),
                name="trading_policy_subject",
            ),
        ]
        indexes = [models.Index(fields=["workspace"], name="trading_policy_owner_idx")]


class RiskPosition(Owned):
    """What a bot's fills of one symbol (or those without a bot) moved, since ever.

    base_flow, quote_flow: signed from our side, fees in another asset left out. single_net,
    single_cost: of orders without a plan, the net base and what it cost, for their results.
    Orders placed outside CRYONEL are not in it.
    """

    bot = models.ForeignKey(Bot, null=True, on_delete=models.PROTECT, related_name="+")
    symbol = models.CharField(max_length=40)
    base_flow = amount(default=0)
    quote_flow = amount(default=0)
    single_net = amount(default=0)
    single_cost = amount(default=0)
    last_price = amount(null=True)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "bot", "symbol"],
                nulls_distinct=False,
                name="trading_position_once",
            )
        ]


class RealizedResult(Owned):
    """What fills of a single order (no plan) earned against the average cost of what they closed.

    Quote units, after the fees that were charged in quote or base.
    """

    bot = models.ForeignKey(Bot, null=True, on_delete=models.PROTECT, related_name="+")
    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="results")
    symbol = models.CharField(max_length=40)
    quote = models.CharField(max_length=20)
    amount = amount()
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["workspace", "-at"], name="trading_result_owner_idx")]


class RiskTally(Owned):
    """Summed results and their highest point, of a bot or (bot NULL) of the workspace."""

    bot = models.ForeignKey(Bot, null=True, on_delete=models.PROTECT, related_name="+")
    quote = models.CharField(max_length=20)
    pnl = amount(default=0)
    peak = amount(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "bot", "quote"],
                nulls_distinct=False,
                name="trading_tally_once",
            )
        ]
