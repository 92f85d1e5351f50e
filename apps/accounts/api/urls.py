from __future__ import annotations

from django.urls import path

from apps.accounts.api import views

urlpatterns = [
    path("token", views.TokenSignInApi.as_view(), name="api-token-sign-in"),
    path("tokens", views.TokenListApi.as_view(), name="api-token-list"),
    path("tokens/<int:token_id>", views.TokenRevokeApi.as_view(), name="api-token-revoke"),
]
