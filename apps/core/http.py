"""Middleware of every page and API route: request id, errors as pages, security headers."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

from apps.core import api
from apps.core.domain.errors import CryonelError

logger = structlog.get_logger(__name__)
REQUEST_ID = re.compile(r"^[A-Za-z0-9._-]{8,64}$")
Next = Callable[[HttpRequest], HttpResponse]


class RequestIdMiddleware:
    """Takes a caller's X-Request-ID when it is well formed, else gives one; logs carry it."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.headers.get("X-Request-ID", "")
        request_id = given if REQUEST_ID.match(given) else uuid.uuid4().hex
        request.request_id = request_id  # type: ignore[attr-defined]
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)
        response = self.get_response(request)
        response["X-Request-ID"] = request_id
        return response


class SecurityHeadersMiddleware:
    """What Django's own middleware and django-csp leave out."""

    POLICY = "camera=(), microphone=(), geolocation=(), payment=(), usb=(), browsing-topics=()"

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.setdefault("Permissions-Policy", self.POLICY)
        response.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        if not request.path.startswith(settings.STATIC_URL):
            response.setdefault("Cache-Control", "private, no-store")
        return response


class RateLimitHeadersMiddleware:
    """Tells a program how much of its route's rate limit is left (core.throttle took a slot)."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        taken = getattr(request, "rate_limit", None)
        if taken is not None:
            limit, left = taken
            response["X-RateLimit-Limit"] = str(limit.count)
            response["X-RateLimit-Remaining"] = str(left)
        return response


class ProblemMiddleware:
    """An anticipated error becomes a page, a toast for htmx, or the envelope for the API."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exc: Exception) -> HttpResponse | None:
        if not isinstance(exc, CryonelError):
            return None  # a bug: Django's own handling logs it and answers 500
        return problem(request, exc)


def problem(request: HttpRequest, error: CryonelError) -> HttpResponse:
    request_id = getattr(request, "request_id", "")
    body = api.envelope(error, request_id=request_id)
    if request.path.startswith("/api/"):
        return JsonResponse(body, status=error.status)
    template = "errors/problem.html"
    if request.headers.get("HX-Request"):
        template += "#toast"
    return render(
        request, template, body["error"] | {"request_id": request_id}, status=error.status
    )


def page_missing(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    from apps.core.domain.errors import PageMissing

    return problem(request, PageMissing())


def unforeseen(request: HttpRequest) -> HttpResponse:
    from apps.core.domain.errors import Unforeseen

    return problem(request, Unforeseen())


def access_denied(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    from apps.core.domain.errors import AccessDenied

    return problem(request, AccessDenied())
