from __future__ import annotations

import django.db.models.deletion
import django.db.models.expressions
from django.db import migrations, models

import apps.trading.domain.plans


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("accounts", "0001_create_tables"),
        ("venues", "0001_create_tables"),
    ]

    operations = [
        migrations.CreateModel(
            name="Bot",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=80)),
                ("strategy", models.CharField(max_length=40)),
                ("mode", models.CharField(max_length=10)),
                ("params", models.JSONField()),
                ("status", models.CharField(max_length=10)),
                ("status_code", models.CharField(blank=True, max_length=20)),
                ("status_params", models.JSONField(default=dict)),
                ("paused_until", models.DateTimeField(null=True)),
                ("state", models.JSONField(null=True)),
                ("lease_owner", models.CharField(blank=True, max_length=80)),
                ("fencing_token", models.BigIntegerField(default=0)),
                ("lease_until", models.DateTimeField(null=True)),
                ("started_at", models.DateTimeField(null=True)),
                ("created_at", models.DateTimeField()),
                ("deleted_at", models.DateTimeField(null=True)),
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
            name="BotInventory",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("asset", models.CharField(max_length=20)),
                ("amount", models.DecimalField(decimal_places=18, max_digits=38)),
                ("at", models.DateTimeField()),
                (
                    "bot",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="inventory",
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
        ),
        migrations.CreateModel(
            name="BotVenue",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("venue", models.CharField(max_length=60)),
                (
                    "bot",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="venues",
                        to="trading.bot",
                    ),
                ),
                (
                    "connection",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="bot_venues",
                        to="venues.connection",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="DecisionLog",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("symbol", models.CharField(blank=True, max_length=40)),
                ("code", models.CharField(max_length=40)),
                ("params", models.JSONField(default=dict)),
                ("best", models.DecimalField(decimal_places=18, max_digits=38, null=True)),
                ("count", models.PositiveIntegerField(default=1)),
                ("minute", models.DateTimeField()),
                ("last_at", models.DateTimeField()),
                (
                    "bot",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="decisions",
                        to="trading.bot",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Order",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("leg_no", models.PositiveSmallIntegerField(default=1)),
                ("role", models.CharField(default="OPEN", max_length=10)),
                ("venue", models.CharField(max_length=60)),
                ("symbol", models.CharField(max_length=40)),
                ("client_order_id", models.CharField(max_length=32)),
                ("venue_order_id", models.CharField(blank=True, max_length=80)),
                ("side", models.CharField(max_length=4)),
                ("kind", models.CharField(max_length=10)),
                ("quantity", models.DecimalField(decimal_places=18, max_digits=38)),
                ("limit_price", models.DecimalField(decimal_places=18, max_digits=38, null=True)),
                ("time_in_force", models.CharField(max_length=4)),
                ("status", models.CharField(max_length=20)),
                ("reason", models.CharField(blank=True, max_length=160)),
                ("filled", models.DecimalField(decimal_places=18, default=0, max_digits=38)),
                ("counted", models.DecimalField(decimal_places=18, max_digits=38, null=True)),
                ("placed_at", models.DateTimeField()),
                ("valid_until", models.DateTimeField()),
                ("sent_at", models.DateTimeField(null=True)),
                ("closed_at", models.DateTimeField(null=True)),
                ("tick_to_order_us", models.BigIntegerField(null=True)),
                ("round_trip_us", models.BigIntegerField(null=True)),
                (
                    "bot",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="orders",
                        to="trading.bot",
                    ),
                ),
                (
                    "connection",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="orders",
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
        ),
        migrations.CreateModel(
            name="Fill",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("venue", models.CharField(max_length=60)),
                ("symbol", models.CharField(max_length=40)),
                ("side", models.CharField(max_length=4)),
                ("venue_trade_id", models.CharField(max_length=80)),
                ("quantity", models.DecimalField(decimal_places=18, max_digits=38)),
                ("price", models.DecimalField(decimal_places=18, max_digits=38, null=True)),
                ("price_missing_because", models.CharField(blank=True, max_length=24)),
                ("fee", models.DecimalField(decimal_places=18, max_digits=38, null=True)),
                ("fee_asset", models.CharField(blank=True, max_length=20)),
                ("fee_missing_because", models.CharField(blank=True, max_length=24)),
                ("is_maker", models.BooleanField(null=True)),
                ("traded_at", models.DateTimeField()),
                ("booked_at", models.DateTimeField()),
                (
                    "bot",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="fills",
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
                (
                    "workspace",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.workspace",
                    ),
                ),
                (
                    "order",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="fills",
                        to="trading.order",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="OrderAnomaly",
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
                (
                    "order",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="anomalies",
                        to="trading.order",
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
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="Plan",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("kind", models.CharField(max_length=12)),
                ("status", models.CharField(max_length=20)),
                ("reason", models.CharField(blank=True, max_length=40)),
                ("symbol", models.CharField(max_length=40)),
                ("base", models.CharField(max_length=20)),
                ("quote", models.CharField(max_length=20)),
                ("quantity", models.DecimalField(decimal_places=18, max_digits=38)),
                ("legs", models.JSONField()),
                ("expected_net", models.DecimalField(decimal_places=18, max_digits=38)),
                ("expected_profit", models.DecimalField(decimal_places=18, max_digits=38)),
                ("max_unwind_loss", models.DecimalField(decimal_places=18, max_digits=38)),
                ("fencing_token", models.BigIntegerField(null=True)),
                ("book_received_ns", models.BigIntegerField(null=True)),
                ("engine_host", models.CharField(blank=True, max_length=80)),
                ("opened_at", models.DateTimeField()),
                ("valid_until", models.DateTimeField()),
                ("closed_at", models.DateTimeField(null=True)),
                ("pnl", models.DecimalField(decimal_places=18, max_digits=38, null=True)),
                (
                    "spread_captured",
                    models.DecimalField(decimal_places=18, max_digits=38, null=True),
                ),
                ("fees", models.DecimalField(decimal_places=18, max_digits=38, null=True)),
                ("slippage", models.DecimalField(decimal_places=18, max_digits=38, null=True)),
                ("residual", models.DecimalField(decimal_places=18, default=0, max_digits=38)),
                ("pnl_note", models.CharField(blank=True, max_length=40)),
                (
                    "bot",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="plans",
                        to="trading.bot",
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
        ),
        migrations.AddField(
            model_name="order",
            name="plan",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="orders",
                to="trading.plan",
            ),
        ),
        migrations.CreateModel(
            name="CapitalReservation",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("asset", models.CharField(max_length=20)),
                ("amount", models.DecimalField(decimal_places=18, max_digits=38)),
                ("at", models.DateTimeField()),
                ("released_at", models.DateTimeField(null=True)),
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
                    "connection",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
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
                (
                    "order",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="trading.order",
                    ),
                ),
                (
                    "plan",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="reserved",
                        to="trading.plan",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="ArbJob",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("pair", models.CharField(max_length=40)),
                ("connection_ids", models.JSONField()),
                ("params", models.JSONField()),
                ("status", models.CharField(max_length=10)),
                ("code", models.CharField(blank=True, max_length=40)),
                ("code_params", models.JSONField(default=dict)),
                ("created_by", models.BigIntegerField(null=True)),
                ("created_at", models.DateTimeField()),
                ("decided_at", models.DateTimeField(null=True)),
                (
                    "workspace",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.workspace",
                    ),
                ),
                (
                    "plan",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="trading.plan",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="RiskDecision",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("rule", models.CharField(blank=True, max_length=40)),
                ("code", models.CharField(blank=True, max_length=40)),
                ("params", models.JSONField(default=dict)),
                ("at", models.DateTimeField()),
                (
                    "order",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="decision",
                        to="trading.order",
                    ),
                ),
                (
                    "plan",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="decision",
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
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="TradingAccount",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("halted", models.BooleanField(default=False)),
                ("halted_at", models.DateTimeField(null=True)),
                ("halt_reason", models.CharField(blank=True, max_length=200)),
                (
                    "max_notional",
                    models.DecimalField(decimal_places=18, default=25000, max_digits=38),
                ),
                (
                    "daily_loss_limit",
                    models.DecimalField(decimal_places=18, default=1000, max_digits=38),
                ),
                (
                    "workspace",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, to="accounts.workspace"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="AccountFee",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("symbol", models.CharField(max_length=40)),
                ("maker", models.DecimalField(decimal_places=18, max_digits=38)),
                ("taker", models.DecimalField(decimal_places=18, max_digits=38)),
                ("at", models.DateTimeField()),
                (
                    "connection",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="venues.connection",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("connection", "symbol"), name="trading_fee_once"
                    )
                ],
            },
        ),
        migrations.AddIndex(
            model_name="bot",
            index=models.Index(fields=["workspace", "-id"], name="trading_bot_owner_idx"),
        ),
        migrations.AddIndex(
            model_name="bot",
            index=models.Index(
                condition=models.Q(("deleted_at", None)),
                fields=["status", "lease_until"],
                name="trading_bot_lease_idx",
            ),
        ),
        migrations.AddConstraint(
            model_name="bot",
            constraint=models.UniqueConstraint(
                condition=models.Q(("deleted_at", None)),
                fields=("workspace", "name"),
                name="trading_bot_name_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="botinventory",
            constraint=models.UniqueConstraint(
                fields=("bot", "connection", "asset"), name="trading_inventory_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="botvenue",
            constraint=models.UniqueConstraint(
                fields=("bot", "connection"), name="trading_bot_venue_once"
            ),
        ),
        migrations.AddIndex(
            model_name="decisionlog",
            index=models.Index(fields=["bot", "-last_at"], name="trading_decision_bot_idx"),
        ),
        migrations.AddConstraint(
            model_name="decisionlog",
            constraint=models.UniqueConstraint(
                fields=("bot", "minute", "code", "symbol"), name="trading_decision_folded"
            ),
        ),
        migrations.AddIndex(
            model_name="fill",
            index=models.Index(fields=["workspace", "-traded_at"], name="trading_fill_owner_idx"),
        ),
        migrations.AddIndex(
            model_name="fill",
            index=models.Index(fields=["bot", "-traded_at"], name="trading_fill_bot_idx"),
        ),
        migrations.AddIndex(
            model_name="fill",
            index=models.Index(fields=["venue", "symbol"], name="trading_fill_market_idx"),
        ),
        migrations.AddConstraint(
            model_name="fill",
            constraint=models.UniqueConstraint(
                fields=("connection", "symbol", "venue_trade_id"), name="trading_fill_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="fill",
            constraint=models.CheckConstraint(
                condition=models.Q(("quantity__gt", 0)), name="trading_fill_qty_gt_0"
            ),
        ),
        migrations.AddConstraint(
            model_name="fill",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("price__isnull", False), ("price_missing_because", "")),
                    models.Q(
                        ("price", None), models.Q(("price_missing_because", ""), _negated=True)
                    ),
                    _connector="OR",
                ),
                name="trading_fill_price_or_reason",
            ),
        ),
        migrations.AddConstraint(
            model_name="fill",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("fee__isnull", False), ("fee_missing_because", "")),
                    models.Q(("fee", None), models.Q(("fee_missing_because", ""), _negated=True)),
                    _connector="OR",
                ),
                name="trading_fill_fee_or_reason",
            ),
        ),
        migrations.AddIndex(
            model_name="plan",
            index=models.Index(fields=["workspace", "-opened_at"], name="trading_plan_owner_idx"),
        ),
        migrations.AddIndex(
            model_name="plan",
            index=models.Index(fields=["bot", "-opened_at"], name="trading_plan_bot_idx"),
        ),
        migrations.AddIndex(
            model_name="plan",
            index=models.Index(
                condition=models.Q(("status__in", ["PLANNED", "EXECUTING", "COMPLETING"])),
                fields=["status", "id"],
                name="trading_plan_alive_idx",
            ),
        ),
        migrations.AddConstraint(
            model_name="plan",
            constraint=models.CheckConstraint(
                condition=models.Q(("quantity__gt", 0)), name="trading_plan_qty_gt_0"
            ),
        ),
        migrations.AddConstraint(
            model_name="plan",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        (
                            "status__in",
                            [
                                apps.trading.domain.plans.PlanStatus["DENIED"],
                                apps.trading.domain.plans.PlanStatus["DONE"],
                                apps.trading.domain.plans.PlanStatus["FAILED"],
                                apps.trading.domain.plans.PlanStatus["NEEDS_ATTENTION"],
                                apps.trading.domain.plans.PlanStatus["UNWOUND"],
                            ],
                        ),
                        _negated=True,
                    ),
                    models.Q(
                        ("closed_at__isnull", False),
                        ("fees__isnull", False),
                        ("pnl__isnull", False),
                        ("slippage__isnull", False),
                        ("spread_captured__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="trading_plan_final_has_pnl",
            ),
        ),
        migrations.AddConstraint(
            model_name="plan",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("pnl", None),
                    (
                        "pnl",
                        django.db.models.expressions.CombinedExpression(
                            django.db.models.expressions.CombinedExpression(
                                models.F("spread_captured"), "-", models.F("fees")
                            ),
                            "-",
                            models.F("slippage"),
                        ),
                    ),
                    _connector="OR",
                ),
                name="trading_plan_pnl_adds_up",
            ),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(fields=["workspace", "-placed_at"], name="trading_order_owner_idx"),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(fields=["bot", "-placed_at"], name="trading_order_bot_idx"),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(fields=["venue", "symbol"], name="trading_order_market_idx"),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(
                condition=models.Q(
                    ("status__in", ["PLANNED", "SUBMITTING", "OPEN", "PARTIALLY_FILLED"])
                ),
                fields=["status", "placed_at"],
                name="trading_order_live_idx",
            ),
        ),
        migrations.AddConstraint(
            model_name="order",
            constraint=models.UniqueConstraint(
                fields=("venue", "client_order_id"), name="trading_order_client_id_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="order",
            constraint=models.CheckConstraint(
                condition=models.Q(("quantity__gt", 0)), name="trading_order_qty_gt_0"
            ),
        ),
        migrations.AddConstraint(
            model_name="order",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("kind", "market"), ("limit_price", None)),
                    ("limit_price__gt", 0),
                    _connector="OR",
                ),
                name="trading_order_limit_gt_0",
            ),
        ),
        migrations.AddConstraint(
            model_name="order",
            constraint=models.CheckConstraint(
                condition=models.Q(("side__in", ["buy", "sell"])), name="trading_order_side_known"
            ),
        ),
        migrations.AddIndex(
            model_name="capitalreservation",
            index=models.Index(
                fields=["connection", "asset", "released_at"], name="trading_reserve_claim_idx"
            ),
        ),
        migrations.AddConstraint(
            model_name="capitalreservation",
            constraint=models.CheckConstraint(
                condition=models.Q(("amount__gt", 0)), name="trading_reserve_gt_0"
            ),
        ),
        migrations.AddIndex(
            model_name="arbjob",
            index=models.Index(fields=["workspace", "-id"], name="trading_arb_job_owner_idx"),
        ),
    ]
