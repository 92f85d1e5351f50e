"""Bots, the connections they trade on, and what they said about their decisions."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from apps.trading.domain.bots import RestartPolicy
from apps.trading.domain.states import TradingState
from apps.trading.models.columns import Owned, amount


class Bot(Owned):
    name = models.CharField(max_length=80)
    strategy = models.CharField(max_length=40)
    mode = models.CharField(max_length=10)
    params = models.JSONField()
    status = models.CharField(max_length=10)  # STOPPED, RUNNING, PAUSED
    status_code = models.CharField(max_length=20, blank=True)  # why it is paused
    status_params = models.JSONField(default=dict)
    trading_state = models.CharField(max_length=10, default=TradingState.ACTIVE)
    trading_state_at = models.DateTimeField(null=True)
    trading_state_reason = models.CharField(max_length=200, blank=True)
    on_restart = models.CharField(max_length=8, default=RestartPolicy.RESUME)
    capital = amount(null=True)  # quote, set aside while it runs; NULL: it takes what is free
    copied_from = models.ForeignKey("self", null=True, on_delete=models.SET_NULL, related_name="+")
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


class BotRestart(models.Model):
    """An engine took the bot over after an unclean end: what was chosen, and what came of it."""

    bot = models.ForeignKey(Bot, on_delete=models.CASCADE, related_name="restarts")
    fencing_token = models.BigIntegerField()
    policy = models.CharField(max_length=8)
    outcome = models.CharField(max_length=12)  # WAITING, RESUMED, FLATTENED, FAILED
    detail = models.JSONField(default=dict)
    at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["bot", "fencing_token"], name="trading_restart_once")
        ]
        indexes = [models.Index(fields=["bot", "-at"], name="trading_restart_bot_idx")]


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
