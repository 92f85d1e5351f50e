from __future__ import annotations

from django.apps import AppConfig


class TradingConfig(AppConfig):
    name = "apps.trading"
    label = "trading"

    def ready(self) -> None:
        from apps.trading import handlers  # noqa: F401 subscribes
