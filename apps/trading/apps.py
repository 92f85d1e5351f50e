from __future__ import annotations

from django.apps import AppConfig


class TradingConfig(AppConfig):
    name = "apps.trading"
    label = "trading"

    def ready(self) -> None:
        from apps.core.registries import (
            LiveChannel,
            connection_users_register,
            live_channel_register,
        )
        from apps.trading import channels, handlers  # noqa: F401 handlers subscribe
        from apps.trading.selectors.engine import bot_names_on

        live_channel_register(LiveChannel("trades", channels.trades_group))
        connection_users_register(bot_names_on)
