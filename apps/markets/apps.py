from __future__ import annotations

from django.apps import AppConfig


class MarketsConfig(AppConfig):
    name = "apps.markets"
    label = "markets"

    def ready(self) -> None:
        from apps.core.registries import (
            HealthCheck,
            LiveChannel,
            health_check_register,
            live_channel_register,
        )
        from apps.markets import channels, health

        live_channel_register(LiveChannel("spreads", channels.spreads))
        live_channel_register(LiveChannel("book", channels.book))
        health_check_register(HealthCheck("market data", health.market_data))
