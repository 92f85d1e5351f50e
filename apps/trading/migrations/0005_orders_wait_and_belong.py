"""Orders can wait for a price in the engine, and capital can be held for a group of orders.

Lock:     short; new columns have no default to write, the partial index is small (live orders).
Time:     under a second.
Rollback: drops the columns; orders that wait (ARMED) lose their bound and are to be cancelled first.
"""

from __future__ import annotations

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import Q

LIVE = ["HELD", "ARMED", "PLANNED", "SUBMITTING", "OPEN", "PARTIALLY_FILLED"]


class Migration(migrations.Migration):
    dependencies = [("trading", "0004_stop_commands")]

    operations = [
        migrations.AddField(
            model_name="order",
            name="max_slippage",
            field=models.DecimalField(decimal_places=18, max_digits=38, null=True),
        ),
        migrations.AddField(
            model_name="order",
            name="warning",
            field=models.CharField(blank=True, max_length=24),
        ),
        migrations.AddField(
            model_name="order",
            name="fencing_token",
            field=models.BigIntegerField(null=True),
        ),
        migrations.AddField(
            model_name="capitalreservation",
            name="group",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="trading.ordergroup",
            ),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(
                condition=Q(status__in=LIVE),
                fields=["connection", "id"],
                name="trading_order_working_idx",
            ),
        ),
        migrations.AddConstraint(
            model_name="order",
            constraint=models.CheckConstraint(
                condition=Q(trail=None) | Q(trail__gt=0, trail__lt=1),
                name="trading_order_trail_part",
            ),
        ),
    ]
