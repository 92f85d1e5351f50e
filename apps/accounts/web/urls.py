from __future__ import annotations

from django.urls import path

from apps.accounts.web import views

urlpatterns = [
    path("sign-in/", views.sign_in, name="sign-in"),
    path("sign-in/<str:token>/", views.sign_in_link, name="sign-in-link"),
    path("sign-out/", views.sign_out, name="sign-out"),
    path("language/", views.language_set, name="language-set"),
]
