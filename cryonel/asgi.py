"""ASGI door: pages, API and the live socket."""

from __future__ import annotations

import os
from typing import Any, cast

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cryonel.settings.base")
pages = get_asgi_application()

from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from channels.security.websocket import AllowedHostsOriginValidator  # noqa: E402
from django.urls import path  # noqa: E402

from apps.accounts.sockets import ReaderMiddleware  # noqa: E402
from apps.core.consumers import LiveConsumer  # noqa: E402

sockets: list[Any] = [path("ws/live/", cast(Any, LiveConsumer.as_asgi()))]
application = ProtocolTypeRouter(
    {
        "http": pages,
        "websocket": AllowedHostsOriginValidator(ReaderMiddleware(URLRouter(sockets))),
    }
)
