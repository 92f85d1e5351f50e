"""Bots wait until orders, executions and balances were compared with the venue.

A new table, empty: every connection is UNKNOWN until its first comparison, seconds after the
engine starts. No lock on any table in use. Rolling back drops it and loses only when was compared.
"""

from __future__ import annotations

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0001_create_tables"),
        ("trading", "0002_order_safety"),
        ("venues", "0001_create_tables"),
    ]

    operations = [
        migrations.CreateModel(
            name="ConnectionAlignment",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("status", models.CharField(max_length=10)),
                ("problems", models.JSONField(default=list)),
                ("checked_at", models.DateTimeField(null=True)),
                ("aligned_at", models.DateTimeField(null=True)),
                ("asked_at", models.DateTimeField(null=True)),
                ("cursors", models.JSONField(default=dict)),
                ("balances", models.JSONField(default=dict)),
                ("balances_at", models.DateTimeField(null=True)),
                (
                    "connection",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="alignment",
                        to="venues.connection",
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.workspace",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["status"], name="trading_alignment_status_idx")],
            },
        ),
    ]
