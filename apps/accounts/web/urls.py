from __future__ import annotations

from django.urls import path

from apps.accounts.web import security, views

urlpatterns = [
    path("sign-in/", views.sign_in, name="sign-in"),
    path("sign-in/second-step/", security.sign_in_second, name="sign-in-second"),
    path("sign-in/<str:token>/", views.sign_in_link, name="sign-in-link"),
    path("sign-out/", views.sign_out, name="sign-out"),
    path("account/security/", security.security, name="security"),
    path("account/security/second-factor/", security.enrol, name="second-factor-enrol"),
    path("account/security/recovery-codes/", security.recovery_codes, name="recovery-codes"),
    path("account/security/remove/", security.remove, name="second-factor-remove"),
    path("language/", views.language_set, name="language-set"),
]
