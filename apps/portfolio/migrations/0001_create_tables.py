"""What a workspace holds and what it was worth can be kept.

Lock:     none beyond creating tables.
Rollback: reverse drops them with what is in them.
"""

from __future__ import annotations

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("accounts", "0001_create_tables"),
        ("venues", "0001_create_tables"),
    ]

    operations = [
        migrations.CreateModel(
            name="BalanceNow",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("asset", models.CharField(max_length=20)),
                ("free", models.DecimalField(decimal_places=18, max_digits=38)),
                ("used", models.DecimalField(decimal_places=18, max_digits=38)),
                ("at", models.DateTimeField()),
                (
                    "connection",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, to="venues.connection"
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, to="accounts.workspace"
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["workspace"], name="portfolio_balance_ws_idx")],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("connection", "asset"), name="portfolio_balance_once"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="EquityPoint",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("at", models.DateTimeField()),
                ("equity", models.DecimalField(decimal_places=18, max_digits=38, null=True)),
                ("unknown_because", models.CharField(blank=True, max_length=24)),
                ("currency", models.CharField(default="USDT", max_length=10)),
                ("detail", models.JSONField(default=dict)),
                (
                    "workspace",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, to="accounts.workspace"
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["workspace", "at"], name="portfolio_equity_ws_at_idx")
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("equity__isnull", False), ("unknown_because", "")),
                            models.Q(
                                ("equity__isnull", True),
                                models.Q(("unknown_because", ""), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="portfolio_equity_known_or_reason",
                    )
                ],
            },
        ),
    ]
