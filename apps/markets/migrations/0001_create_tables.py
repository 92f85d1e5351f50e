"""Candles are kept per month, so that old months can leave without a slow delete.

Lock:     none beyond creating tables.
Rollback: reverse drops the tables with what is in them.
Django cannot declare a partitioned table: the candle table is made in SQL, its state beside it.
"""

from __future__ import annotations

from django.db import migrations, models

CANDLES = """
CREATE TABLE markets_candle (
    venue varchar(60) NOT NULL,
    symbol varchar(40) NOT NULL,
    interval varchar(8) NOT NULL,
    open_at timestamptz NOT NULL,
    open numeric(38, 18) NOT NULL,
    high numeric(38, 18) NOT NULL,
    low numeric(38, 18) NOT NULL,
    close numeric(38, 18) NOT NULL,
    volume numeric(38, 18),
    origin varchar(8) NOT NULL,
    PRIMARY KEY (venue, symbol, interval, open_at),
    CONSTRAINT markets_candle_range_holds
        CHECK (low > 0 AND low <= open AND low <= close AND high >= open AND high >= close),
    CONSTRAINT markets_candle_volume_known_or_mid
        CHECK ((origin = 'VENUE' AND volume IS NOT NULL) OR (origin = 'MID' AND volume IS NULL))
) PARTITION BY RANGE (open_at);
"""


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(CANDLES, "DROP TABLE markets_candle")],
            state_operations=[
                migrations.CreateModel(
                    name="Candle",
                    fields=[
                        (
                            "pk",
                            models.CompositePrimaryKey(
                                "venue",
                                "symbol",
                                "interval",
                                "open_at",
                                blank=True,
                                editable=False,
                                primary_key=True,
                                serialize=False,
                            ),
                        ),
                        ("venue", models.CharField(max_length=60)),
                        ("symbol", models.CharField(max_length=40)),
                        ("interval", models.CharField(max_length=8)),
                        ("open_at", models.DateTimeField()),
                        ("open", models.DecimalField(decimal_places=18, max_digits=38)),
                        ("high", models.DecimalField(decimal_places=18, max_digits=38)),
                        ("low", models.DecimalField(decimal_places=18, max_digits=38)),
                        ("close", models.DecimalField(decimal_places=18, max_digits=38)),
                        (
                            "volume",
                            models.DecimalField(decimal_places=18, max_digits=38, null=True),
                        ),
                        ("origin", models.CharField(max_length=8)),
                    ],
                    options={
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("low__gt", 0),
                                    ("low__lte", models.F("open")),
                                    ("low__lte", models.F("close")),
                                    ("high__gte", models.F("open")),
                                    ("high__gte", models.F("close")),
                                ),
                                name="markets_candle_range_holds",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("origin", "VENUE"), ("volume__isnull", False)),
                                    models.Q(("origin", "MID"), ("volume__isnull", True)),
                                    _connector="OR",
                                ),
                                name="markets_candle_volume_known_or_mid",
                            ),
                        ],
                    },
                ),
            ],
        ),
        migrations.CreateModel(
            name="Instrument",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("venue", models.CharField(max_length=60)),
                ("symbol", models.CharField(max_length=40)),
                ("base", models.CharField(max_length=20)),
                ("quote", models.CharField(max_length=20)),
                ("active", models.BooleanField()),
                ("price_step", models.DecimalField(decimal_places=18, max_digits=38, null=True)),
                ("quantity_step", models.DecimalField(decimal_places=18, max_digits=38, null=True)),
                ("min_quantity", models.DecimalField(decimal_places=18, max_digits=38, null=True)),
                ("max_quantity", models.DecimalField(decimal_places=18, max_digits=38, null=True)),
                ("min_notional", models.DecimalField(decimal_places=18, max_digits=38, null=True)),
                ("maker_fee", models.DecimalField(decimal_places=18, max_digits=38, null=True)),
                ("taker_fee", models.DecimalField(decimal_places=18, max_digits=38, null=True)),
                ("seen_at", models.DateTimeField()),
            ],
            options={
                "indexes": [models.Index(fields=["symbol"], name="markets_instrument_symbol_idx")],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("venue", "symbol"), name="markets_instrument_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("price_step", None), ("price_step__gt", 0), _connector="OR"),
                            models.Q(
                                ("quantity_step", None), ("quantity_step__gt", 0), _connector="OR"
                            ),
                        ),
                        name="markets_instrument_steps_gt_0",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="SpreadSample",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("symbol", models.CharField(max_length=40)),
                ("buy_venue", models.CharField(max_length=60)),
                ("sell_venue", models.CharField(max_length=60)),
                ("at", models.DateTimeField()),
                ("gross", models.DecimalField(decimal_places=18, max_digits=38)),
                ("fees", models.DecimalField(decimal_places=18, max_digits=38)),
                ("slippage", models.DecimalField(decimal_places=18, max_digits=38)),
                ("net", models.DecimalField(decimal_places=18, max_digits=38)),
                ("notional", models.DecimalField(decimal_places=18, max_digits=38)),
            ],
            options={
                "indexes": [
                    models.Index(
                        fields=["symbol", "at"],
                        include=("buy_venue", "sell_venue", "gross", "net"),
                        name="markets_sample_symbol_at_idx",
                    ),
                    models.Index(fields=["at"], name="markets_sample_at_idx"),
                ],
            },
        ),
    ]
