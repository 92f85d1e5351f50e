"""Bots may set capital aside: one nullable column (no rewrite) and a new table. Safe while trading."""

from __future__ import annotations

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("trading", "0011_add_live_unlocks"),
        ("venues", "0001_create_tables"),
    ]

    operations = [
        migrations.AddField(
            model_name="bot",
            name="capital",
            field=models.DecimalField(decimal_places=18, max_digits=38, null=True),
        ),
        migrations.CreateModel(
            name="BotCapital",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("asset", models.CharField(max_length=20)),
                ("amount", models.DecimalField(decimal_places=18, max_digits=38)),
                (
                    "bot",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="set_aside",
                        to="trading.bot",
                    ),
                ),
                (
                    "connection",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="venues.connection",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        fields=["connection", "asset"], name="trading_bot_capital_claim_idx"
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("bot", "connection", "asset"), name="trading_bot_capital_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("amount__gte", 0)), name="trading_bot_capital_ge_0"
                    ),
                ],
            },
        ),
    ]
