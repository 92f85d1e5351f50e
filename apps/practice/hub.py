"""Who listens to which stream. A slow listener is dropped; it never slows the venue."""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from typing import Any

import orjson
from aiohttp import WSCloseCode, web

logger = logging.getLogger(__name__)

GOODBYE = 1.0  # seconds for the closing handshake when the venue stops
QUEUE = 2_000  # messages a listener may lag behind before it is dropped


class Listener:
    """One WebSocket with a bounded queue; `combined` wraps messages with their stream's name."""

    def __init__(
        self,
        socket: web.WebSocketResponse,
        transport: asyncio.Transport | None,
        *,
        combined: bool,
    ) -> None:
        self.socket = socket
        self._transport = transport
        self.combined = combined
        self.streams: set[str] = set()
        self._subscriptions = 0
        self._dropped = False
        self._queue: asyncio.Queue[str | None] = asyncio.Queue(QUEUE)
        self._writer = asyncio.create_task(self._write())

    def send(self, text: str) -> None:
        if self._dropped:  # its reader has not noticed yet
            return
        try:
            self._queue.put_nowait(text)
        except asyncio.QueueFull:
            logger.warning("a slow stream listener was dropped")
            self.drop()

    def drop(self) -> None:
        """Cut the connection without a goodbye; the reader of the socket then cleans up."""
        self._dropped = True
        self._writer.cancel()
        if self._transport is not None:
            self._transport.abort()

    def subscribe_user(self, hub: Hub, account_id: int) -> int:
        """Subscribe an account's events in the WebSocket API's way; returns the subscription."""
        subscription, self._subscriptions = self._subscriptions, self._subscriptions + 1
        hub.subscribe_user(self, account_id, subscription)
        return subscription

    async def close(self) -> None:
        self._writer.cancel()
        await self.socket.close(code=WSCloseCode.GOING_AWAY, message=b"")

    async def _write(self) -> None:
        while (text := await self._queue.get()) is not None:
            try:
                await self.socket.send_str(text)
            except ConnectionError:
                return


class Hub:
    """The listeners of one instance."""

    def __init__(self) -> None:
        self.listeners: set[Listener] = set()
        self._by_stream: defaultdict[str, set[Listener]] = defaultdict(set)
        self._by_account: defaultdict[int, list[tuple[Listener, int | None]]] = defaultdict(list)

    def subscribe(self, listener: Listener, stream: str) -> None:
        listener.streams.add(stream)
        self._by_stream[stream].add(listener)

    def unsubscribe(self, listener: Listener, stream: str) -> None:
        listener.streams.discard(stream)
        self._by_stream[stream].discard(listener)
        if not self._by_stream[stream]:
            del self._by_stream[stream]

    def subscribe_user(self, listener: Listener, account_id: int, subscription: int | None) -> None:
        """Tell this listener the account's events; with a subscription id they come wrapped."""
        self._by_account[account_id].append((listener, subscription))

    def unsubscribe_user(self, listener: Listener, subscription: int | None) -> None:
        for entries in self._by_account.values():
            entries[:] = [entry for entry in entries if entry != (listener, subscription)]

    def forget(self, listener: Listener) -> None:
        for stream in list(listener.streams):
            self.unsubscribe(listener, stream)
        for entries in self._by_account.values():
            entries[:] = [entry for entry in entries if entry[0] is not listener]
        self.listeners.discard(listener)

    def wanted(self, stream: str) -> bool:
        return stream in self._by_stream

    @property
    def streams(self) -> list[str]:
        return list(self._by_stream)

    def publish(self, stream: str, message: dict[str, Any]) -> None:
        """Encode once, hand to every listener of the stream."""
        listeners = self._by_stream.get(stream)
        if not listeners:
            return
        raw = orjson.dumps(message).decode()
        wrapped = f'{{"stream":"{stream}","data":{raw}}}'
        for listener in list(listeners):
            listener.send(wrapped if listener.combined else raw)

    def publish_user(self, account_id: int, message: dict[str, Any]) -> None:
        entries = self._by_account.get(account_id)
        if not entries:
            return
        raw = orjson.dumps(message).decode()
        for listener, subscription in list(entries):
            if subscription is None:
                listener.send(raw)
            else:
                listener.send(f'{{"subscriptionId":{subscription},"event":{raw}}}')

    async def close(self) -> None:
        """Say goodbye to all at once; who does not take it in time is cut off."""
        await asyncio.gather(*(self._part(listener) for listener in list(self.listeners)))

    async def _part(self, listener: Listener) -> None:
        try:
            async with asyncio.timeout(GOODBYE):
                await listener.close()
        except TimeoutError:
            listener.drop()

    def drop_all(self) -> int:
        """Cut every WebSocket (the drop_sockets fault); returns how many."""
        listeners = list(self.listeners)
        for listener in listeners:
            listener.drop()
        return len(listeners)
