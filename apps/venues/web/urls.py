from __future__ import annotations

from django.urls import path

from apps.venues.web import views

one = "connections/<int:connection_id>"
urlpatterns = [
    path("connections/", views.connection_list, name="connection-list"),
    path("connections/add", views.connection_add, name="connection-add"),
    path(one, views.connection_detail, name="connection-detail"),
    path(f"{one}/test", views.connection_test, name="connection-test"),
    path(f"{one}/pause", views.connection_pause, name="connection-pause"),
    path(f"{one}/resume", views.connection_resume, name="connection-resume"),
    path(f"{one}/remove", views.connection_remove, name="connection-remove"),
    path(f"{one}/top-up", views.connection_top_up, name="connection-top-up"),
    path(f"{one}/reset", views.connection_reset, name="connection-reset"),
]
