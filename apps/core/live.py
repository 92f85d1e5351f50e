"""Push to browsers: one pre-encoded frame to a group; sockets only forward it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any

import orjson
from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.conf import settings

from apps.core.ratelimit import store


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


def push_all(frames: Sequence[tuple[str, str, Any]]) -> None:
    """Several (group, channel, data) in order, over one connection. From sync code."""
    layer = get_channel_layer()
    if layer is None or not frames:
        return

    async def send() -> None:
        for to_group, channel, data in frames:
            await layer.group_send(to_group, frame(channel, data))

    async_to_sync(send)()


def listened(groups: Iterable[str]) -> set[str]:
    """Those groups that some socket listens to now: nothing is rendered for nobody."""
    asked = list(groups)
    if not asked:
        return set()
    counts: Any = store().pubsub_numsub(*(_topic(each) for each in asked))
    return {each for each, (_, count) in zip(asked, counts, strict=True) if count}


def listened_of(plural: str) -> set[str]:
    """Every group of this kind that some socket listens to now."""
    names: Any = store().pubsub_channels(_topic(f"{plural}.*"))
    return {name.decode().removeprefix(_topic("")) for name in names}


def _topic(to_group: str) -> str:
    """What channels_redis calls a group in Redis."""
    config: Any = settings.CHANNEL_LAYERS["default"]["CONFIG"]
    prefix = config.get("prefix", "asgi")
    return f"{prefix}__group__{to_group}"


async def push_async(to_group: str, channel: str, data: Any) -> None:
    layer = get_channel_layer()
    if layer is not None:
        await layer.group_send(to_group, frame(channel, data))
