"""Each workspace keeps the limits it had, as a policy that its owner can see and change.

Copies two columns into one row per workspace, sums the fills and results of before. Reads each
table once; rollback drops the rows (the columns are still there).
"""

from __future__ import annotations

from decimal import Decimal

from django.db import migrations
from django.utils import timezone

DEFAULTS = {
    "max_position_value": "50000",
    "max_exposure": "100000",
    "max_positions": "20",
    "max_open_orders": "200",
    "max_open_plans": "50",
    "max_orders_minute": "300",
    "max_trades_day": "2000",
    "max_leverage": "3",
    "min_liquidation_distance": "0.2",
    "max_price_deviation": "0.02",
    "max_slippage": "0.005",
    "max_exit_slippage": "0.01",
    "max_drawdown": "2000",
    "max_loss_streak": "5",
    "max_errors": "10",
    "error_cooldown": "300",
}
POSITIONS = """
INSERT INTO trading_riskposition
    (workspace_id, bot_id, symbol, base_flow, quote_flow, single_net, single_cost, last_price, at)
SELECT fill.workspace_id, fill.bot_id, fill.symbol,
    sum(CASE fill.side WHEN 'buy' THEN quantity ELSE -quantity END),
    sum(COALESCE(price, 0) * CASE fill.side WHEN 'buy' THEN -quantity ELSE quantity END),
    0, 0,
    (array_agg(price ORDER BY fill.id DESC) FILTER (WHERE price IS NOT NULL))[1],
    max(booked_at)
FROM trading_fill AS fill GROUP BY fill.workspace_id, fill.bot_id, fill.symbol
"""
TALLIES = """
INSERT INTO trading_risktally (workspace_id, bot_id, quote, pnl, peak)
SELECT workspace_id, subject, quote, (array_agg(summed ORDER BY place DESC))[1],
       GREATEST(max(summed), 0)
FROM (
    SELECT workspace_id, subject, quote,
        row_number() OVER run AS place, sum(pnl) OVER run AS summed
    FROM (
        SELECT id, workspace_id, bot_id AS subject, quote, pnl, closed_at FROM trading_plan
        WHERE pnl IS NOT NULL AND closed_at IS NOT NULL AND bot_id IS NOT NULL
        UNION ALL
        SELECT id, workspace_id, NULL, quote, pnl, closed_at FROM trading_plan
        WHERE pnl IS NOT NULL AND closed_at IS NOT NULL
    ) AS closed
    WINDOW run AS (PARTITION BY workspace_id, subject, quote ORDER BY closed_at, id
                   ROWS UNBOUNDED PRECEDING)
) AS running
GROUP BY workspace_id, subject, quote
"""


def limits_carry_over(apps, schema_editor):
    now = timezone.now()
    defaults = {name: Decimal(value) for name, value in DEFAULTS.items()}
    policies = apps.get_model("trading", "RiskPolicy").objects
    policies.bulk_create(
        policies.model(
            scope="WORKSPACE",
            workspace_id=account.workspace_id,
            max_order_value=account.max_notional,
            daily_loss=account.daily_loss_limit,
            changed_at=now,
            **defaults,
        )
        for account in apps.get_model("trading", "TradingAccount").objects.iterator()
    )


def policies_drop(apps, schema_editor):
    for name in ("RiskPolicy", "RiskPosition", "RiskTally"):
        apps.get_model("trading", name).objects.all().delete()


class Migration(migrations.Migration):
    dependencies = [("trading", "0008_risk_has_policies")]

    operations = [
        migrations.RunPython(limits_carry_over, policies_drop),
        migrations.RunSQL(POSITIONS, migrations.RunSQL.noop),
        migrations.RunSQL(TALLIES, migrations.RunSQL.noop),
    ]
