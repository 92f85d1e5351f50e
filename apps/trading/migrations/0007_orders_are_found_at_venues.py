"""A comparison with a venue keeps what it found, and finds orders by the venue's own number.

One column with a constant default, and one index built without locking writers. If the index is
broken off, drop the invalid one and migrate again. Rolling back loses the notes only.
"""

from __future__ import annotations

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("trading", "0006_plans_have_legs")]

    operations = [
        migrations.AddField(
            model_name="connectionalignment",
            name="notes",
            field=models.JSONField(default=list),
        ),
        AddIndexConcurrently(
            model_name="order",
            index=models.Index(
                condition=models.Q(("venue_order_id", ""), _negated=True),
                fields=["connection", "venue_order_id"],
                name="trading_order_at_venue_idx",
            ),
        ),
    ]
