from __future__ import annotations

from django.urls import path

from apps.ops.web import dashboard, first_steps, styleguide, views

urlpatterns = [
    path("", views.landing, name="landing"),
    path("dashboard/", dashboard.dashboard, name="dashboard"),
    path("dashboard/chart.json", dashboard.dashboard_chart, name="dashboard-chart"),
    path("start/paper/", first_steps.paper_start, name="paper-start"),
    path("styleguide/", styleguide.styleguide, name="styleguide"),
    path("styleguide/chart.json", styleguide.sample_chart, name="styleguide-chart"),
    path("healthz", views.live, name="healthz"),
    path("health/live", views.live, name="health-live"),
    path("health/ready", views.ready, name="health-ready"),
]
