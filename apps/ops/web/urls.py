from __future__ import annotations

from django.urls import path

from apps.ops.web import views

urlpatterns = [
    path("", views.landing, name="landing"),
    path("healthz", views.live, name="healthz"),
    path("health/live", views.live, name="health-live"),
    path("health/ready", views.ready, name="health-ready"),
]
