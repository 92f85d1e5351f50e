"""Who let real money be traded, with which settings and limits, and when that ended."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.trading.models.bots import Bot
from apps.trading.models.columns import Owned


class LiveUnlock(Owned):
    """Of one bot, or of manual orders on one connection. At most one of a target is not revoked.

    settings_hash: domain/live.settings_hash. limits: {limit: text} of workspace and bot as they
    were. keys: {connection id as text: version of its key}.
    """

    bot = models.ForeignKey(Bot, null=True, on_delete=models.CASCADE, related_name="unlocks")
    connection = models.ForeignKey(
        "venues.Connection", null=True, on_delete=models.CASCADE, related_name="+"
    )
    created_by = models.BigIntegerField()
    at = models.DateTimeField()
    settings_hash = models.CharField(max_length=64)
    limits = models.JSONField()
    keys = models.JSONField()
    revoked_at = models.DateTimeField(null=True)
    revoked_by = models.BigIntegerField(null=True)
    revoked_reason = models.CharField(max_length=200, blank=True)  # a code of domain/live.FAULTS

    class Meta:
        verbose_name, verbose_name_plural = _("unlock of real money"), _("unlocks of real money")
        constraints = [
            models.CheckConstraint(
                condition=Q(bot=None, connection__isnull=False)
                | Q(bot__isnull=False, connection=None),
                name="trading_unlock_one_target",
            ),
            models.UniqueConstraint(
                fields=["bot"], condition=Q(revoked_at=None), name="trading_unlock_bot_once"
            ),
            models.UniqueConstraint(
                fields=["connection"],
                condition=Q(revoked_at=None),
                name="trading_unlock_connection_once",
            ),
        ]
        indexes = [models.Index(fields=["workspace", "-id"], name="trading_unlock_owner_idx")]
