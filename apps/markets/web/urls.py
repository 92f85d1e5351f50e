from __future__ import annotations

from django.urls import path, register_converter

from apps.markets.domain.board import dashed, undashed
from apps.markets.web import views


class SymbolConverter:
    """BTC/USDT stands as BTC-USDT in an address."""

    regex = "[^/]+"

    def to_python(self, value: str) -> str:
        return undashed(value)

    def to_url(self, value: str) -> str:
        return dashed(value)


register_converter(SymbolConverter, "symbol")

urlpatterns = [
    path("arbitrage/", views.arbitrage, name="arbitrage"),
    path("arbitrage/<symbol:symbol>/", views.pair, name="pair"),
    path("arbitrage/<symbol:symbol>/history.json", views.pair_history, name="pair-history"),
]
