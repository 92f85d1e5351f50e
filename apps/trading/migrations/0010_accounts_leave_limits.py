"""A workspace's limits stand in its policy alone.

Drops two columns that nobody reads any more: an instant's lock. Rollback brings them back with
what the policies say.
"""

from __future__ import annotations

from django.db import migrations

BACK = """
UPDATE trading_tradingaccount AS account
SET max_notional = COALESCE(policy.max_order_value, 25000),
    daily_loss_limit = COALESCE(policy.daily_loss, 1000)
FROM trading_riskpolicy AS policy
WHERE policy.scope = 'WORKSPACE' AND policy.workspace_id = account.workspace_id
"""


class Migration(migrations.Migration):
    dependencies = [("trading", "0009_limits_become_policies")]

    operations = [
        migrations.RunSQL(migrations.RunSQL.noop, BACK),
        migrations.RemoveField(model_name="tradingaccount", name="max_notional"),
        migrations.RemoveField(model_name="tradingaccount", name="daily_loss_limit"),
    ]
