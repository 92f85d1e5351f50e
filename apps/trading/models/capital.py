"""What running bots have set aside for themselves."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from apps.trading.models.bots import Bot
from apps.trading.models.columns import amount


class BotCapital(models.Model):
    """What a bot may use of an asset on a connection, and nobody else. It stands while it runs."""

    bot = models.ForeignKey(Bot, on_delete=models.CASCADE, related_name="set_aside")
    connection = models.ForeignKey("venues.Connection", on_delete=models.PROTECT, related_name="+")
    asset = models.CharField(max_length=20)
    amount = amount()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["bot", "connection", "asset"], name="trading_bot_capital_once"
            ),
            models.CheckConstraint(condition=Q(amount__gte=0), name="trading_bot_capital_ge_0"),
        ]
        indexes = [
            models.Index(fields=["connection", "asset"], name="trading_bot_capital_claim_idx")
        ]
