"""How far our books and a venue's agree, per connection."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.trading.models.columns import Owned


class ConnectionAlignment(Owned):
    """One row per connection; absent: never compared, which is UNKNOWN.

    problems: [{"code", "params"}], what stands between the connection and trading.
    notes: [{"code", "params", "at"}], newest first: what was found and settled.
    cursors: {symbol: instant} up to which the venue's executions are known.
    balances: {asset: total} as of balances_at, so that what moves outside CRYONEL shows.
    """

    connection = models.OneToOneField(
        "venues.Connection", on_delete=models.CASCADE, related_name="alignment"
    )
    status = models.CharField(max_length=10)  # domain/alignment.py
    problems = models.JSONField(default=list)
    notes = models.JSONField(default=list)
    checked_at = models.DateTimeField(null=True)  # the last comparison answered in full
    aligned_at = models.DateTimeField(null=True)  # when it last agreed
    asked_at = models.DateTimeField(null=True)  # only a comparison begun later ends CHECKING
    cursors = models.JSONField(default=dict)
    balances = models.JSONField(default=dict)
    balances_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name, verbose_name_plural = _("alignment"), _("alignments")
        indexes = [models.Index(fields=["status"], name="trading_alignment_status_idx")]
