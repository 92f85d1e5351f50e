"""Puts the actor on every signed-in request, in their language and time zone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from apps.accounts.selectors import actor_get, zone_of
from apps.core.domain.errors import NotFound


class ActorMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        carrier: Any = request
        carrier.actor = None
        user: Any = request.user
        if not user.is_authenticated:
            return self.get_response(request)
        try:
            carrier.actor = actor_get(user_id=user.pk)
        except NotFound:
            logout(request)  # a session of someone without a workspace leads nowhere
            return self.get_response(request)
        with timezone.override(zone_of(user)):
            return self.get_response(request)
