"""Instruments, candles in monthly partitions, the history of spreads: shared by all workspaces."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q


class Instrument(models.Model):
    """A tradable pair at a venue. NULL: the venue does not state it, which is not zero."""

    venue = models.CharField(max_length=60)
    symbol = models.CharField(max_length=40)  # unified: BTC/USDT
    base = models.CharField(max_length=20)
    quote = models.CharField(max_length=20)
    active = models.BooleanField()
    price_step = models.DecimalField(max_digits=38, decimal_places=18, null=True)
    quantity_step = models.DecimalField(max_digits=38, decimal_places=18, null=True)
    min_quantity = models.DecimalField(max_digits=38, decimal_places=18, null=True)
    max_quantity = models.DecimalField(max_digits=38, decimal_places=18, null=True)
    min_notional = models.DecimalField(max_digits=38, decimal_places=18, null=True)  # quote
    maker_fee = models.DecimalField(max_digits=38, decimal_places=18, null=True)  # fraction
    taker_fee = models.DecimalField(max_digits=38, decimal_places=18, null=True)
    seen_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["venue", "symbol"], name="markets_instrument_once"),
            models.CheckConstraint(
                condition=(Q(price_step=None) | Q(price_step__gt=0))
                & (Q(quantity_step=None) | Q(quantity_step__gt=0)),
                name="markets_instrument_steps_gt_0",
            ),
        ]
        indexes = [models.Index(fields=["symbol"], name="markets_instrument_symbol_idx")]


class Candle(models.Model):
    """One interval of one symbol at one venue; the table is partitioned by month of open_at.

    origin VENUE: the venue's own candle, with volume. MID: made of the mids of our live book,
    which know no volume. The database ties the NULL to that reason.
    """

    pk = models.CompositePrimaryKey("venue", "symbol", "interval", "open_at")
    venue = models.CharField(max_length=60)
    symbol = models.CharField(max_length=40)
    interval = models.CharField(max_length=8)  # "1m", "1h", ...
    open_at = models.DateTimeField()
    open = models.DecimalField(max_digits=38, decimal_places=18)
    high = models.DecimalField(max_digits=38, decimal_places=18)
    low = models.DecimalField(max_digits=38, decimal_places=18)
    close = models.DecimalField(max_digits=38, decimal_places=18)
    volume = models.DecimalField(max_digits=38, decimal_places=18, null=True)  # base units
    origin = models.CharField(max_length=8)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(low__gt=0)
                & Q(low__lte=F("open"))
                & Q(low__lte=F("close"))
                & Q(high__gte=F("open"))
                & Q(high__gte=F("close")),
                name="markets_candle_range_holds",
            ),
            models.CheckConstraint(
                condition=Q(origin="VENUE", volume__isnull=False)
                | Q(origin="MID", volume__isnull=True),
                name="markets_candle_volume_known_or_mid",
            ),
        ]


class SpreadSample(models.Model):
    """What one ordered venue pair offered at one moment; kept for a while for the pair's chart."""

    symbol = models.CharField(max_length=40)
    buy_venue = models.CharField(max_length=60)
    sell_venue = models.CharField(max_length=60)
    at = models.DateTimeField()
    gross = models.DecimalField(max_digits=38, decimal_places=18)  # fractions: 0.001 is 0.1 %
    fees = models.DecimalField(max_digits=38, decimal_places=18)
    slippage = models.DecimalField(max_digits=38, decimal_places=18)
    net = models.DecimalField(max_digits=38, decimal_places=18)
    notional = models.DecimalField(max_digits=38, decimal_places=18)  # quote that was walked

    class Meta:
        indexes = [
            models.Index(
                fields=["symbol", "at"],
                include=["buy_venue", "sell_venue", "gross", "net"],
                name="markets_sample_symbol_at_idx",
            ),
            models.Index(fields=["at"], name="markets_sample_at_idx"),
        ]
