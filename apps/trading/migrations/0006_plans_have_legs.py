"""Plans of any number of legs: where they start and end, what is left of each asset, who handled it.

New columns with constant defaults and a new table: no rewrite, no lock beyond an instant. A plan
of before reads as it was meant (home is its quote). Rolling back drops what was noted about plans.
"""

from __future__ import annotations

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0001_create_tables"),
        ("trading", "0005_orders_wait_and_belong"),
    ]

    operations = [
        migrations.AddField(
            model_name="order",
            name="held_after",
            field=models.DecimalField(decimal_places=18, max_digits=38, null=True),
        ),
        migrations.AddField(
            model_name="plan", name="forgiven", field=models.PositiveIntegerField(default=0)
        ),
        migrations.AddField(
            model_name="plan", name="handled_at", field=models.DateTimeField(null=True)
        ),
        migrations.AddField(
            model_name="plan", name="handled_by", field=models.BigIntegerField(null=True)
        ),
        migrations.AddField(
            model_name="plan",
            name="handled_reason",
            field=models.CharField(blank=True, max_length=200),
        ),
        migrations.AddField(model_name="plan", name="home", field=models.JSONField(default=list)),
        migrations.AddField(
            model_name="plan", name="residuals", field=models.JSONField(default=dict)
        ),
        migrations.CreateModel(
            name="PlanAnomaly",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("kind", models.CharField(max_length=40)),
                ("detail", models.JSONField(default=dict)),
                ("seen_at", models.DateTimeField()),
                ("cleared_at", models.DateTimeField(null=True)),
                (
                    "plan",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="anomalies",
                        to="trading.plan",
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
                "indexes": [
                    models.Index(
                        condition=models.Q(("cleared_at", None)),
                        fields=["workspace", "-seen_at"],
                        name="trading_plan_anomaly_idx",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("cleared_at", None)),
                        fields=("plan", "kind"),
                        name="trading_plan_anomaly_once",
                    )
                ],
            },
        ),
    ]
