"""What every edge of every app starts from: a view that knows its actor."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.accounts import selectors
from apps.core import idempotency
from apps.core.domain.people import Actor


class ActorRequest(HttpRequest):
    """A signed-in request; ActorMiddleware puts the actor there."""

    actor: Actor
    htmx: Any


def signed_in(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """A page for members only; `request.actor` is theirs."""

    @wraps(view)
    def inner(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        return view(request, *args, **kwargs)

    return login_required(inner)


class ActorApi(APIView):
    """An API route for members; `self.actor` is the caller in their workspace.

    POST routes honour `Idempotency-Key`: a repeat gets the first answer.
    """

    actor: Actor

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if isinstance(request.auth, Actor):
            self.actor = request.auth
        else:
            self.actor = selectors.actor_get(user_id=int(request.user.pk or 0))

    def once(self, request: Request, handle: Callable[[], Response]) -> Response:
        """Run `handle` once per Idempotency-Key; without the header, just run it."""
        key = request.headers.get("Idempotency-Key", "")[:100]
        if not key:
            return handle()
        workspace_id = self.actor.workspace_id
        mark = idempotency.fingerprint(request.method or "", request.path, request.data)
        known = idempotency.begin(
            workspace_id=workspace_id, key=key, print_=mark, now=timezone.now()
        )
        if known is not None:
            return Response(known[1], status=known[0], headers={"Idempotency-Replayed": "true"})
        try:
            response = handle()
        except BaseException:
            idempotency.forget(workspace_id=workspace_id, key=key)
            raise
        idempotency.finish(
            workspace_id=workspace_id, key=key, status=response.status_code, answer=response.data
        )
        return response
