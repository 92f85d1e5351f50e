"""How API callers prove who they are: a bearer token, or the site's session with CSRF."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.request import Request

from apps.accounts.models import User
from apps.accounts.selectors import actor_of_token
from apps.core.domain.people import Actor


class ApiTokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer cry_...`. A wrong token is refused, never ignored."""

    def authenticate(self, request: Request) -> tuple[User, Actor] | None:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        return actor_of_token(token=token.strip(), now=timezone.now())

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


class SiteSessionAuthentication(SessionAuthentication):
    """The browser's own session; writes need the CSRF token."""


class _TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = ApiTokenAuthentication
    name = "bearer"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer"}


class _SessionScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = SiteSessionAuthentication
    name = "session"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        from django.conf import settings

        return {"type": "apiKey", "in": "cookie", "name": settings.SESSION_COOKIE_NAME}
