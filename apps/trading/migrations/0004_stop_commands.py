"""People can halt, cancel and flatten, and see what came of it.

Three new tables, empty. No lock on any table in use. Rolling back drops them with their reports;
what the commands did to orders and states stays.
"""

from __future__ import annotations

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0001_create_tables"),
        ("trading", "0003_connections_know_alignment"),
    ]

    operations = [
        migrations.CreateModel(
            name="KillPart",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("bot_id", models.BigIntegerField(null=True)),
                ("status", models.CharField(max_length=10)),
                ("closing", models.BooleanField(default=False)),
                ("before", models.JSONField(null=True)),
                ("report", models.JSONField(null=True)),
                ("finished_at", models.DateTimeField(null=True)),
                (
                    "workspace",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.workspace",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="KillOrder",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("base", models.CharField(max_length=20)),
                ("attempt", models.PositiveSmallIntegerField()),
                (
                    "order",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="kill",
                        to="trading.order",
                    ),
                ),
                (
                    "part",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="orders",
                        to="trading.killpart",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="KillRun",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("scope", models.CharField(max_length=10)),
                ("scope_key", models.CharField(max_length=30)),
                ("command", models.CharField(max_length=10)),
                ("origin", models.CharField(max_length=10)),
                ("rule", models.CharField(blank=True, max_length=20)),
                ("rule_params", models.JSONField(default=dict)),
                ("reason", models.CharField(blank=True, max_length=200)),
                ("requested_by", models.BigIntegerField(null=True)),
                ("requested_at", models.DateTimeField()),
                ("status", models.CharField(max_length=10)),
                ("owner", models.CharField(blank=True, max_length=80)),
                ("lease_until", models.DateTimeField(null=True)),
                ("steps", models.JSONField(default=list)),
                ("report", models.JSONField(null=True)),
                ("report_hash", models.CharField(blank=True, max_length=64)),
                ("finished_at", models.DateTimeField(null=True)),
                (
                    "bot",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="trading.bot",
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.workspace",
                    ),
                ),
            ],
        ),
        migrations.AddField(
            model_name="killpart",
            name="run",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="parts",
                to="trading.killrun",
            ),
        ),
        migrations.AddIndex(
            model_name="killrun",
            index=models.Index(fields=["workspace", "-id"], name="trading_kill_owner_idx"),
        ),
        migrations.AddIndex(
            model_name="killrun",
            index=models.Index(
                condition=models.Q(("status__in", ["PENDING", "RUNNING"])),
                fields=["id"],
                name="trading_kill_active_idx",
            ),
        ),
        migrations.AddConstraint(
            model_name="killrun",
            constraint=models.UniqueConstraint(
                condition=models.Q(("status__in", ["PENDING", "RUNNING"])),
                fields=("scope_key", "command"),
                name="trading_kill_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="killrun",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("status__in", ["PENDING", "RUNNING"]),
                    models.Q(
                        ("finished_at__isnull", False),
                        ("report__isnull", False),
                        models.Q(("report_hash", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="trading_kill_over_has_report",
            ),
        ),
        migrations.AddIndex(
            model_name="killpart",
            index=models.Index(
                condition=models.Q(("closing", True)),
                fields=["workspace"],
                name="trading_kill_closing_idx",
            ),
        ),
        migrations.AddConstraint(
            model_name="killpart",
            constraint=models.UniqueConstraint(
                fields=("run", "workspace"), name="trading_kill_part_once"
            ),
        ),
    ]
