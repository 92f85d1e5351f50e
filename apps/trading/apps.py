from __future__ import annotations

from django.apps import AppConfig


class TradingConfig(AppConfig):
    name = "apps.trading"
    label = "trading"

    def ready(self) -> None:
        from apps.core.registries import connection_users_register, live_channel_register
        from apps.trading import handlers, handlers_live  # noqa: F401 they subscribe
        from apps.trading.channels import CHANNELS
        from apps.trading.selectors.engine import bot_names_on

        for channel in CHANNELS:
            live_channel_register(channel)
        connection_users_register(bot_names_on)
