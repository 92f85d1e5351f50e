"""Limits become rows that a person can see and change; results and positions are summed.

Tables are new and empty; indexes on orders and decisions are built in place. Rollback drops them.
"""

from __future__ import annotations

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0001_create_tables"),
        ("trading", "0007_orders_are_found_at_venues"),
        ("venues", "0001_create_tables"),
    ]

    operations = [
        migrations.CreateModel(
            name="RealizedResult",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("symbol", models.CharField(max_length=40)),
                ("quote", models.CharField(max_length=20)),
                ("amount", models.DecimalField(decimal_places=18, max_digits=38)),
                ("at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="RiskPolicy",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("scope", models.CharField(max_length=10)),
                ("plan_code", models.CharField(blank=True, max_length=20)),
                (
                    "max_order_value",
                    models.DecimalField(decimal_places=18, max_digits=38, null=True),
                ),
                (
                    "max_position_value",
                    models.DecimalField(decimal_places=18, max_digits=38, null=True),
                ),
                ("max_exposure", models.DecimalField(decimal_places=18, max_digits=38, null=True)),
                ("max_positions", models.DecimalField(decimal_places=18, max_digits=38, null=True)),
                (
                    "max_open_orders",
                    models.DecimalField(decimal_places=18, max_digits=38, null=True),
                ),
                (
                    "max_open_plans",
                    models.DecimalField(decimal_places=18, max_digits=38, null=True),
                ),
                (
                    "max_orders_minute",
                    models.DecimalField(decimal_places=18, max_digits=38, null=True),
                ),
                (
                    "max_plans_hour",
                    models.DecimalField(decimal_places=18, max_digits=38, null=True),
                ),
                (
                    "max_trades_day",
                    models.DecimalField(decimal_places=18, max_digits=38, null=True),
                ),
                ("max_leverage", models.DecimalField(decimal_places=18, max_digits=38, null=True)),
                (
                    "min_liquidation_distance",
                    models.DecimalField(decimal_places=18, max_digits=38, null=True),
                ),
                (
                    "max_price_deviation",
                    models.DecimalField(decimal_places=18, max_digits=38, null=True),
                ),
                ("max_slippage", models.DecimalField(decimal_places=18, max_digits=38, null=True)),
                (
                    "max_exit_slippage",
                    models.DecimalField(decimal_places=18, max_digits=38, null=True),
                ),
                ("max_book_age", models.DecimalField(decimal_places=18, max_digits=38, null=True)),
                ("daily_loss", models.DecimalField(decimal_places=18, max_digits=38, null=True)),
                ("max_drawdown", models.DecimalField(decimal_places=18, max_digits=38, null=True)),
                (
                    "max_loss_streak",
                    models.DecimalField(decimal_places=18, max_digits=38, null=True),
                ),
                ("max_errors", models.DecimalField(decimal_places=18, max_digits=38, null=True)),
                (
                    "error_cooldown",
                    models.DecimalField(decimal_places=18, max_digits=38, null=True),
                ),
                ("cooldown", models.DecimalField(decimal_places=18, max_digits=38, null=True)),
                ("changed_at", models.DateTimeField()),
                ("changed_by", models.BigIntegerField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="RiskPosition",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("symbol", models.CharField(max_length=40)),
                ("base_flow", models.DecimalField(decimal_places=18, default=0, max_digits=38)),
                ("quote_flow", models.DecimalField(decimal_places=18, default=0, max_digits=38)),
                ("single_net", models.DecimalField(decimal_places=18, default=0, max_digits=38)),
                ("single_cost", models.DecimalField(decimal_places=18, default=0, max_digits=38)),
                ("last_price", models.DecimalField(decimal_places=18, max_digits=38, null=True)),
                ("at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="RiskTally",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("quote", models.CharField(max_length=20)),
                ("pnl", models.DecimalField(decimal_places=18, default=0, max_digits=38)),
                ("peak", models.DecimalField(decimal_places=18, default=0, max_digits=38)),
            ],
        ),
        migrations.AddField(
            model_name="riskdecision",
            name="figures",
            field=models.JSONField(default=list),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(
                condition=models.Q(
                    (
                        "status__in",
                        ["HELD", "ARMED", "PLANNED", "SUBMITTING", "OPEN", "PARTIALLY_FILLED"],
                    )
                ),
                fields=["workspace"],
                name="trading_order_mine_idx",
            ),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(
                condition=models.Q(("plan", None)),
                fields=["workspace", "placed_at"],
                name="trading_order_single_idx",
            ),
        ),
        migrations.AddIndex(
            model_name="riskdecision",
            index=models.Index(
                condition=models.Q(("rule", ""), _negated=True),
                fields=["workspace", "-id"],
                name="trading_refusal_owner_idx",
            ),
        ),
        migrations.AddField(
            model_name="realizedresult",
            name="bot",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="trading.bot",
            ),
        ),
        migrations.AddField(
            model_name="realizedresult",
            name="order",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="results",
                to="trading.order",
            ),
        ),
        migrations.AddField(
            model_name="realizedresult",
            name="workspace",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="accounts.workspace",
            ),
        ),
        migrations.AddField(
            model_name="riskpolicy",
            name="bot",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="policies",
                to="trading.bot",
            ),
        ),
        migrations.AddField(
            model_name="riskpolicy",
            name="workspace",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="accounts.workspace",
            ),
        ),
        migrations.AddField(
            model_name="riskposition",
            name="bot",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="trading.bot",
            ),
        ),
        migrations.AddField(
            model_name="riskposition",
            name="workspace",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="accounts.workspace",
            ),
        ),
        migrations.AddField(
            model_name="risktally",
            name="bot",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="trading.bot",
            ),
        ),
        migrations.AddField(
            model_name="risktally",
            name="workspace",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="accounts.workspace",
            ),
        ),
        migrations.AddIndex(
            model_name="realizedresult",
            index=models.Index(fields=["workspace", "-at"], name="trading_result_owner_idx"),
        ),
        migrations.AddIndex(
            model_name="riskpolicy",
            index=models.Index(fields=["workspace"], name="trading_policy_owner_idx"),
        ),
        migrations.AddConstraint(
            model_name="riskpolicy",
            constraint=models.UniqueConstraint(
                fields=("scope", "plan_code", "workspace", "bot"),
                name="trading_policy_once",
                nulls_distinct=False,
            ),
        ),
        migrations.AddConstraint(
            model_name="riskpolicy",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("bot", None), ("plan_code", ""), ("scope", "PLATFORM"), ("workspace", None)
                    ),
                    models.Q(
                        ("bot", None),
                        ("scope", "PLAN"),
                        ("workspace", None),
                        models.Q(("plan_code", ""), _negated=True),
                    ),
                    models.Q(
                        ("bot", None),
                        ("plan_code", ""),
                        ("scope", "WORKSPACE"),
                        ("workspace__isnull", False),
                    ),
                    models.Q(
                        ("bot__isnull", False),
                        ("plan_code", ""),
                        ("scope", "BOT"),
                        ("workspace__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="trading_policy_subject",
            ),
        ),
        migrations.AddConstraint(
            model_name="riskposition",
            constraint=models.UniqueConstraint(
                fields=("workspace", "bot", "symbol"),
                name="trading_position_once",
                nulls_distinct=False,
            ),
        ),
        migrations.AddConstraint(
            model_name="risktally",
            constraint=models.UniqueConstraint(
                fields=("workspace", "bot", "quote"),
                name="trading_tally_once",
                nulls_distinct=False,
            ),
        ),
    ]
