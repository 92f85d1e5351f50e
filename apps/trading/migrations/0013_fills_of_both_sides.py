"""A trade between two orders of one account has one id at the venue and two fills.

Only widens what is allowed: no stored fill can break it. It builds an index over all fills while
they cannot be written. Rollback fails as long as such a pair is stored, and must: it is a fact.
"""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("trading", "0012_bots_set_capital_aside")]

    operations = [
        migrations.RemoveConstraint(model_name="fill", name="trading_fill_once"),
        migrations.AddConstraint(
            model_name="fill",
            constraint=models.UniqueConstraint(
                fields=["connection", "symbol", "venue_trade_id", "side"],
                name="trading_fill_once",
            ),
        ),
    ]
