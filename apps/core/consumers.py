"""The one WebSocket: a page subscribes to channels, each authorised on its own."""

from __future__ import annotations

import asyncio
from typing import Any

import orjson
from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer

from apps.core import api, outbox
from apps.core.domain.errors import InputRefused, PageMissing
from apps.core.domain.people import Reader
from apps.core.registries import live_channels

MOST_CHANNELS = 50
LONGEST_CHANNEL = 120
SEND_WITHIN = 5.0  # seconds; a reader slower than this is cut off and reconnects


class LiveConsumer(AsyncWebsocketConsumer):
    """`{"op": "subscribe"|"unsubscribe"|"ping", "channel": "spreads:BTC/USDT"}`.

    Answers `{"op": "subscribed", "channel": ...}` or the error envelope with the channel.
    `{"op": "replay", "lastEventId": 41}` answers with the workspace's log after 41.
    """

    reader: Reader

    async def connect(self) -> None:
        reader: Any = self.scope.get("reader")
        if reader is None:
            await self.close(code=4401)
            return
        self.reader = reader
        self.groups_joined: dict[str, str] = {}
        await self.accept()

    async def disconnect(self, code: int) -> None:
        for group in set(getattr(self, "groups_joined", {}).values()):
            await self.channel_layer.group_discard(group, self.channel_name)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        channel = ""
        try:
            message = _parsed(text_data)
            channel = str(message.get("channel", ""))
            await self._answer(str(message.get("op", "")), channel, message)
        except Exception as e:  # noqa: BLE001 a bug is logged by as_ours; the socket lives on
            problem = api.envelope(api.as_ours(e), request_id="")
            await self._send(problem | {"op": "error", "channel": channel})

    async def _answer(self, op: str, channel: str, message: dict[str, Any]) -> None:
        if op == "ping":
            await self._send({"op": "pong"})
        elif op == "subscribe":
            await self._subscribe(channel)
        elif op == "unsubscribe":
            group = self.groups_joined.pop(channel, None)
            if group and group not in self.groups_joined.values():
                await self.channel_layer.group_discard(group, self.channel_name)
            await self._send({"op": "unsubscribed", "channel": channel})
        elif op == "replay":
            await self._replay(message.get("lastEventId"))
        else:
            raise InputRefused(details={"op": ["unknown"]})

    async def _subscribe(self, channel: str) -> None:
        name, _, argument = channel.partition(":")
        kind = live_channels.get(name)
        if kind is None or len(channel) > LONGEST_CHANNEL or not channel.isprintable():
            raise PageMissing
        if channel not in self.groups_joined and len(self.groups_joined) >= MOST_CHANNELS:
            raise InputRefused(details={"channel": ["too many subscriptions on one socket"]})
        group = await database_sync_to_async(kind.group)(self.reader, argument)
        self.groups_joined[channel] = group
        await self.channel_layer.group_add(group, self.channel_name)
        await self._send({"op": "subscribed", "channel": channel})

    async def _replay(self, last: Any) -> None:
        if isinstance(last, bool) or not isinstance(last, int) or last < 0:
            raise InputRefused(details={"lastEventId": ["a whole number"]})
        events = await database_sync_to_async(outbox.events_after)(
            workspace_id=self.reader.workspace_id, seq=last
        )
        answer: dict[str, Any] = {"op": "replayed", "events": events}
        if events and events[0]["seq"] > last + 1:
            answer["first_kept"] = events[0]["seq"]  # what came before is past its age: read anew
        await self._send(answer)

    async def live_frame(self, event: dict[str, Any]) -> None:
        try:
            await asyncio.wait_for(self.send(text_data=event["text"]), SEND_WITHIN)
        except TimeoutError:
            await self.close(code=4408)

    async def _send(self, data: dict[str, Any]) -> None:
        await self.send(text_data=orjson.dumps(data, default=str).decode())


def _parsed(text: str | None) -> dict[str, Any]:
    try:
        message = orjson.loads(text or "")
    except orjson.JSONDecodeError as e:
        raise InputRefused(details={"message": ["not JSON"]}) from e
    if not isinstance(message, dict):
        raise InputRefused(details={"message": ["not an object"]})
    return message
