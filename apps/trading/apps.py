from __future__ import annotations

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class TradingConfig(AppConfig):
    name = "apps.trading"
    label = "trading"

    def ready(self) -> None:
        from apps.core.registries import connection_users_register, live_channel_register
        from apps.trading import (  # noqa: F401 subscribers
            handlers,
            handlers_live,
            handlers_orders,
            handlers_safety,
        )
        from apps.trading.channels import CHANNELS
        from apps.trading.seeds import policies_seed
        from apps.trading.selectors.engine import bot_names_on

        post_migrate.connect(policies_seed, sender=self)
        for channel in CHANNELS:
            live_channel_register(channel)
        connection_users_register(bot_names_on)
