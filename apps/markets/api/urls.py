from __future__ import annotations

from django.urls import path

from apps.markets.api import views

urlpatterns = [
    path("spreads", views.SpreadListApi.as_view(), name="api-spread-list"),
    path("spreads/<str:base>-<str:quote>", views.SpreadPairApi.as_view(), name="api-spread-pair"),
    path("instruments", views.InstrumentListApi.as_view(), name="api-instrument-list"),
]
