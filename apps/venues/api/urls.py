from __future__ import annotations

from django.urls import path

from apps.venues.api import views

urlpatterns = [
    path("venues", views.VenueListApi.as_view(), name="api-venue-list"),
    path("keys", views.KeyListApi.as_view(), name="api-key-list"),
    path("keys/paper", views.PaperOpenApi.as_view(), name="api-paper-open"),
    path("keys/<int:key_id>", views.KeyApi.as_view(), name="api-key"),
    path("keys/<int:key_id>/test", views.KeyTestApi.as_view(), name="api-key-test"),
    path("keys/<int:key_id>/pause", views.KeyPauseApi.as_view(), name="api-key-pause"),
    path("keys/<int:key_id>/resume", views.KeyResumeApi.as_view(), name="api-key-resume"),
    path("keys/<int:key_id>/top-up", views.PaperTopUpApi.as_view(), name="api-paper-top-up"),
    path("keys/<int:key_id>/reset", views.PaperResetApi.as_view(), name="api-paper-reset"),
]
