"""Orders, their executions, and what contradicts them."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.trading.domain.orders import OrderOrigin
from apps.trading.models.bots import Bot
from apps.trading.models.columns import Owned, amount
from apps.trading.models.plans import Plan
from apps.venues.domain.ports import UNPRICED

LIVE_ORDERS = ["HELD", "ARMED", "PLANNED", "SUBMITTING", "OPEN", "PARTIALLY_FILLED"]


class OrderGroup(Owned):
    """Orders that belong together: one cancels the other, a bracket, or slices over time."""

    connection = models.ForeignKey("venues.Connection", on_delete=models.PROTECT, related_name="+")
    symbol = models.CharField(max_length=40)
    kind = models.CharField(max_length=8)  # a GroupKind
    status = models.CharField(max_length=16)  # a GroupStatus
    reason = models.CharField(max_length=40, blank=True)
    side = models.CharField(max_length=4)
    quantity = amount()
    params = models.JSONField(default=dict)
    next_at = models.DateTimeField(null=True)  # when the next slice is due
    created_by = models.BigIntegerField(null=True)
    created_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["workspace", "-created_at"], name="trading_group_owner_idx"),
            models.Index(
                fields=["next_at"], condition=Q(status="ACTIVE"), name="trading_group_due_idx"
            ),
        ]


class Order(Owned):
    bot = models.ForeignKey(Bot, null=True, on_delete=models.PROTECT, related_name="orders")
    plan = models.ForeignKey(Plan, null=True, on_delete=models.PROTECT, related_name="orders")
    leg_no = models.PositiveSmallIntegerField(default=1)
    role = models.CharField(max_length=10, default="OPEN")
    connection = models.ForeignKey(
        "venues.Connection", on_delete=models.PROTECT, related_name="orders"
    )
    venue = models.CharField(max_length=60)
    symbol = models.CharField(max_length=40)
    client_order_id = models.CharField(max_length=32)
    venue_order_id = models.CharField(max_length=80, blank=True)
    side = models.CharField(max_length=4)
    kind = models.CharField(max_length=20)
    quantity = amount()
    limit_price = amount(null=True)
    trigger_price = amount(null=True)  # what a stop or take-profit waits for
    trail = amount(null=True)  # fraction of the best price that a trailing stop keeps away
    trail_best = amount(null=True)  # the best price since it was armed
    time_in_force = models.CharField(max_length=4)
    expires_at = models.DateTimeField(null=True)  # GTD: cancelled then, at the venue too
    reduce_only = models.BooleanField(default=False)
    origin = models.CharField(max_length=10, default=OrderOrigin.BOT)
    created_by = models.BigIntegerField(null=True)
    emulated = models.BooleanField(default=False)  # the engine waits for its trigger
    triggered_at = models.DateTimeField(null=True)
    max_slippage = amount(null=True)  # fraction that a kind without a limit may go from the book
    warning = models.CharField(max_length=24, blank=True)  # what keeps the engine from watching it
    fencing_token = models.BigIntegerField(null=True)  # of its bot, when it was placed
    group = models.ForeignKey(
        "OrderGroup", null=True, on_delete=models.PROTECT, related_name="orders"
    )
    group_role = models.CharField(max_length=12, blank=True)  # ENTRY, TAKE_PROFIT, STOP_LOSS, SLICE
    cancel_requested_at = models.DateTimeField(null=True)
    cancel_reason = models.CharField(max_length=40, blank=True)
    status = models.CharField(max_length=20)
    reason = models.CharField(max_length=160, blank=True)
    held_after = amount(null=True)  # of what it would give, asked after it lacked funds
    filled = amount(default=0)  # sum of its fills
    counted = amount(null=True)  # the venue's own total; NULL: it did not say
    placed_at = models.DateTimeField()
    valid_until = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    tick_to_order_us = models.BigIntegerField(null=True)  # book bytes in to order bytes out
    round_trip_us = models.BigIntegerField(null=True)  # order bytes out to the venue's answer

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["venue", "client_order_id"], name="trading_order_client_id_once"
            ),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="trading_order_qty_gt_0"),
            models.CheckConstraint(
                condition=Q(limit_price=None, kind__in=sorted(UNPRICED)) | Q(limit_price__gt=0),
                name="trading_order_limit_gt_0",
            ),
            models.CheckConstraint(
                condition=Q(trigger_price=None) | Q(trigger_price__gt=0),
                name="trading_order_trigger_gt_0",
            ),
            models.CheckConstraint(
                condition=Q(side__in=["buy", "sell"]), name="trading_order_side_known"
            ),
            models.CheckConstraint(
                condition=Q(trail=None) | Q(trail__gt=0, trail__lt=1),
                name="trading_order_trail_part",
            ),
        ]
        indexes = [
            models.Index(fields=["workspace", "-placed_at"], name="trading_order_owner_idx"),
            models.Index(fields=["bot", "-placed_at"], name="trading_order_bot_idx"),
            models.Index(
                fields=["workspace"],
                condition=Q(status__in=LIVE_ORDERS),
                name="trading_order_mine_idx",
            ),
            models.Index(
                fields=["workspace", "placed_at"],
                condition=Q(plan=None),
                name="trading_order_single_idx",
            ),
            models.Index(fields=["venue", "symbol"], name="trading_order_market_idx"),
            models.Index(
                fields=["connection", "venue_order_id"],
                condition=~Q(venue_order_id=""),
                name="trading_order_at_venue_idx",
            ),
            models.Index(
                fields=["status", "placed_at"],
                condition=Q(status__in=LIVE_ORDERS),
                name="trading_order_live_idx",
            ),
            models.Index(
                fields=["connection", "id"],
                condition=Q(status__in=LIVE_ORDERS),
                name="trading_order_working_idx",
            ),
        ]


class Fill(Owned):
    """One execution. A fill exists once: (connection, symbol, venue trade id)."""

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="fills")
    bot = models.ForeignKey(Bot, null=True, on_delete=models.PROTECT, related_name="fills")
    connection = models.ForeignKey("venues.Connection", on_delete=models.PROTECT, related_name="+")
    venue = models.CharField(max_length=60)
    symbol = models.CharField(max_length=40)
    side = models.CharField(max_length=4)
    venue_trade_id = models.CharField(max_length=80)
    quantity = amount()
    price = amount(null=True)
    price_missing_because = models.CharField(max_length=24, blank=True)
    fee = amount(null=True)
    fee_asset = models.CharField(max_length=20, blank=True)
    fee_missing_because = models.CharField(max_length=24, blank=True)
    is_maker = models.BooleanField(null=True)
    traded_at = models.DateTimeField()
    booked_at = models.DateTimeField()

    class Meta:
        constraints = [
            # A trade with oneself has one id at the venue and two fills: one of each side.
            models.UniqueConstraint(
                fields=["connection", "symbol", "venue_trade_id", "side"], name="trading_fill_once"
            ),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="trading_fill_qty_gt_0"),
            models.CheckConstraint(
                condition=Q(price__isnull=False, price_missing_because="")
                | (Q(price=None) & ~Q(price_missing_because="")),
                name="trading_fill_price_or_reason",
            ),
            models.CheckConstraint(
                condition=Q(fee__isnull=False, fee_missing_because="")
                | (Q(fee=None) & ~Q(fee_missing_because="")),
                name="trading_fill_fee_or_reason",
            ),
        ]
        indexes = [
            models.Index(fields=["workspace", "-traded_at"], name="trading_fill_owner_idx"),
            models.Index(fields=["bot", "-traded_at"], name="trading_fill_bot_idx"),
            models.Index(fields=["venue", "symbol"], name="trading_fill_market_idx"),
        ]


class OrderAnomaly(Owned):
    """Something that contradicts an earlier report. Never dropped, never silently repaired."""

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="anomalies")
    kind = models.CharField(max_length=40)
    detail = models.JSONField(default=dict)
    seen_at = models.DateTimeField()

    class Meta:
        verbose_name, verbose_name_plural = _("anomaly"), _("anomalies")
