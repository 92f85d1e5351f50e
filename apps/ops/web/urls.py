from __future__ import annotations

from django.urls import path

from apps.ops.web import dashboard, views

urlpatterns = [
    path("", views.landing, name="landing"),
    path("dashboard/", dashboard.dashboard, name="dashboard"),
    path("dashboard/chart.json", dashboard.dashboard_chart, name="dashboard-chart"),
    path("healthz", views.live, name="healthz"),
    path("health/live", views.live, name="health-live"),
    path("health/ready", views.ready, name="health-ready"),
]
