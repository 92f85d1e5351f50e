"""Who is on the other end of a WebSocket: the session's reader, or nobody."""

from __future__ import annotations

from typing import Any

from channels.auth import AuthMiddlewareStack
from channels.db import database_sync_to_async
from channels.middleware import BaseMiddleware

from apps.accounts.selectors import actor_get
from apps.core.domain.errors import NotFound


class _Reader(BaseMiddleware):
    async def __call__(self, scope: Any, receive: Any, send: Any) -> Any:
        user = scope.get("user")
        scope["reader"] = None
        if user is not None and user.is_authenticated:
            try:
                scope["reader"] = await database_sync_to_async(actor_get)(user_id=user.pk)
            except NotFound:
                scope["reader"] = None
        return await super().__call__(scope, receive, send)


def ReaderMiddleware(inner: Any) -> Any:
    return AuthMiddlewareStack(_Reader(inner))
