"""The rate limit of every API route, as DRF asks for it."""

from __future__ import annotations

from typing import Any

from rest_framework.throttling import BaseThrottle

from apps.core.ratelimit import READ, WRITE, Limit, caller, take


class RouteThrottle(BaseThrottle):
    """Every API route: its own class by `limit` on the view, else READ or WRITE by method."""

    def allow_request(self, request: Any, view: Any) -> bool:
        safe = request.method in {"GET", "HEAD", "OPTIONS"}
        limit: Limit = getattr(view, "limit", None) or (READ if safe else WRITE)
        request._request.rate_limit = (limit, 0)  # what a refused caller is told
        request._request.rate_limit = (limit, take(limit, caller(request)))
        return True
