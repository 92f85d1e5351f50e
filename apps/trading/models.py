"""Bots, their plans with orders and fills, what the gate decided, and what is reserved.

Statuses, sides, roles and reasons are codes of the domain: no choices, no migration per code.
Amounts are NUMERIC(38,18): quantities in base, prices in quote per base, PnL in quote.
"""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.db.models import F, Q

from apps.trading.domain.plans import FINAL


def amount(**options: Any) -> models.DecimalField[Any, Any]:
    return models.DecimalField(max_digits=38, decimal_places=18, **options)


class OwnedQuerySet(models.QuerySet[Any]):
    def within(self, workspace_id: int) -> OwnedQuerySet:
        return self.filter(workspace_id=workspace_id)


class Owned(models.Model):
    """A row that belongs to a workspace; readers start at `objects.within(workspace_id)`."""

    workspace = models.ForeignKey("accounts.Workspace", on_delete=models.PROTECT, related_name="+")

    objects: ClassVar[models.Manager[Any]] = OwnedQuerySet.as_manager()

    class Meta:
        abstract = True


class TradingAccount(models.Model):
    """One per workspace: every trading decision of the workspace serialises on this row."""

    workspace = models.OneToOneField("accounts.Workspace", on_delete=models.PROTECT)
    halted = models.BooleanField(default=False)
    halted_at = models.DateTimeField(null=True)
    halt_reason = models.CharField(max_length=200, blank=True)
    max_notional = amount(default=25_000)  # quote, per trade
    daily_loss_limit = amount(default=1_000)  # quote, all bots, 24 hours


class Bot(Owned):
    name = models.CharField(max_length=80)
    strategy = models.CharField(max_length=40)
    mode = models.CharField(max_length=10)
    params = models.JSONField()
    status = models.CharField(max_length=10)  # STOPPED, RUNNING, PAUSED
    status_code = models.CharField(max_length=20, blank=True)  # why it is paused
    status_params = models.JSONField(default=dict)
    paused_until = models.DateTimeField(null=True)
    state = models.JSONField(null=True)
    lease_owner = models.CharField(max_length=80, blank=True)
    fencing_token = models.BigIntegerField(default=0)
    lease_until = models.DateTimeField(null=True)
    started_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    deleted_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "name"],
                condition=Q(deleted_at=None),
                name="trading_bot_name_once",
            ),
        ]
        indexes = [
            models.Index(fields=["workspace", "-id"], name="trading_bot_owner_idx"),
            models.Index(
                fields=["status", "lease_until"],
                condition=Q(deleted_at=None),
                name="trading_bot_lease_idx",
            ),
        ]


class BotVenue(models.Model):
    """A connection that a bot trades on."""

    bot = models.ForeignKey(Bot, on_delete=models.CASCADE, related_name="venues")
    connection = models.ForeignKey(
        "venues.Connection", on_delete=models.PROTECT, related_name="bot_venues"
    )
    venue = models.CharField(max_length=60)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["bot", "connection"], name="trading_bot_venue_once")
        ]


class BotInventory(models.Model):
    """What stood on a bot's connection when it was started: drift is measured from here."""

    bot = models.ForeignKey(Bot, on_delete=models.CASCADE, related_name="inventory")
    connection = models.ForeignKey("venues.Connection", on_delete=models.PROTECT, related_name="+")
    asset = models.CharField(max_length=20)
    amount = amount()
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["bot", "connection", "asset"], name="trading_inventory_once"
            )
        ]


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
    residual = amount(default=0)
    pnl_note = models.CharField(max_length=40, blank=True)

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
    kind = models.CharField(max_length=10)
    quantity = amount()
    limit_price = amount(null=True)
    time_in_force = models.CharField(max_length=4)
    status = models.CharField(max_length=20)
    reason = models.CharField(max_length=160, blank=True)
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
                condition=Q(limit_price=None, kind="market") | Q(limit_price__gt=0),
                name="trading_order_limit_gt_0",
            ),
            models.CheckConstraint(
                condition=Q(side__in=["buy", "sell"]), name="trading_order_side_known"
            ),
        ]
        indexes = [
            models.Index(fields=["workspace", "-placed_at"], name="trading_order_owner_idx"),
            models.Index(fields=["bot", "-placed_at"], name="trading_order_bot_idx"),
            models.Index(fields=["venue", "symbol"], name="trading_order_market_idx"),
            models.Index(
                fields=["status", "placed_at"],
                condition=Q(status__in=["PLANNED", "SUBMITTING", "OPEN", "PARTIALLY_FILLED"]),
                name="trading_order_live_idx",
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
            models.UniqueConstraint(
                fields=["connection", "symbol", "venue_trade_id"], name="trading_fill_once"
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


class RiskDecision(Owned):
    """What the gate said of a plan or an order, and why. rule "" is a yes."""

    plan = models.OneToOneField(Plan, null=True, on_delete=models.PROTECT, related_name="decision")
    order = models.OneToOneField(
        Order, null=True, on_delete=models.PROTECT, related_name="decision"
    )
    rule = models.CharField(max_length=40, blank=True)
    code = models.CharField(max_length=40, blank=True)
    params = models.JSONField(default=dict)
    at = models.DateTimeField()


class CapitalReservation(Owned):
    """What an open order may still spend. It counts until a balance newer than its release."""

    bot = models.ForeignKey(Bot, null=True, on_delete=models.PROTECT, related_name="+")
    plan = models.ForeignKey(Plan, null=True, on_delete=models.PROTECT, related_name="reserved")
    order = models.ForeignKey(Order, null=True, on_delete=models.PROTECT, related_name="+")
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


class OrderAnomaly(Owned):
    """Something that contradicts an earlier report. Never dropped, never silently repaired."""

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="anomalies")
    kind = models.CharField(max_length=40)
    detail = models.JSONField(default=dict)
    seen_at = models.DateTimeField()


class DecisionLog(models.Model):
    """Why a bot did or did not trade; repeats of a minute are one row with a count."""

    bot = models.ForeignKey(Bot, on_delete=models.CASCADE, related_name="decisions")
    symbol = models.CharField(max_length=40, blank=True)
    code = models.CharField(max_length=40)
    params = models.JSONField(default=dict)
    best = amount(null=True)  # the best figure of the folded repeats, NULL where there is none
    count = models.PositiveIntegerField(default=1)
    minute = models.DateTimeField()
    last_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["bot", "minute", "code", "symbol"], name="trading_decision_folded"
            )
        ]
        indexes = [models.Index(fields=["bot", "-last_at"], name="trading_decision_bot_idx")]


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
