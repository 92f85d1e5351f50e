"""Push to browsers: one pre-encoded frame to a group; sockets only forward it."""

from __future__ import annotations

import hashlib
from typing import Any

import orjson
from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer


def group(plural: str, *parts: object) -> str:
    """A Channels group name: letters, digits, dots; free text is hashed."""
    words = [part if isinstance(part, int) else _word(str(part)) for part in parts]
    return ".".join([plural, *map(str, words)])


def _word(text: str) -> str:
    plain = text.replace("_", "").replace("-", "").isalnum() and text.isascii()
    return text if plain else hashlib.sha256(text.encode()).hexdigest()[:16]


def frame(channel: str, data: Any) -> dict[str, Any]:
    """The group message that LiveConsumer forwards as it stands."""
    text = orjson.dumps({"channel": channel, "data": data}, default=str).decode()
    return {"type": "live.frame", "text": text}


def push(to_group: str, channel: str, data: Any) -> None:
    """From sync code (handlers, tasks)."""
    layer = get_channel_layer()
    if layer is not None:
        async_to_sync(layer.group_send)(to_group, frame(channel, data))


async def push_async(to_group: str, channel: str, data: Any) -> None:
    layer = get_channel_layer()
    if layer is not None:
        await layer.group_send(to_group, frame(channel, data))
