"""A strict little server of Binance's depth dialect whose every message a test says itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import WSMsgType, web


@dataclass
class DepthServer:
    """`say` sends a diff to whoever subscribed; `update_id` is what the next snapshot stands at."""

    url: str = ""
    update_id: int = 10
    snapshots: int = 0
    subscribed: list[str] = field(default_factory=list)
    sockets: list[web.WebSocketResponse] = field(default_factory=list)

    async def say(self, first: int, final: int, price: str = "100", quantity: str = "1") -> None:
        self.update_id = max(self.update_id, final)
        data = {
            "e": "depthUpdate",
            "E": 1,
            "s": "BTCUSDT",
            "U": first,
            "u": final,
            "b": [[price, quantity]],
            "a": [],
        }
        await self.sockets[-1].send_json({"stream": "btcusdt@depth@100ms", "data": data})

    async def say_text(self, text: str) -> None:
        await self.sockets[-1].send_str(text)

    async def stream(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self.sockets.append(socket)
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                asked: dict[str, Any] = message.json()
                assert asked["method"] == "SUBSCRIBE"
                self.subscribed += asked["params"]
                await socket.send_json({"result": None, "id": asked["id"]})
        return socket

    async def depth(self, request: web.Request) -> web.Response:
        assert request.query["symbol"] == "BTCUSDT"
        self.snapshots += 1
        body = {"lastUpdateId": self.update_id, "bids": [["100", "1"]], "asks": [["101", "1"]]}
        return web.json_response(body)


@asynccontextmanager
async def depth_server() -> AsyncIterator[DepthServer]:
    server = DepthServer()
    app = web.Application()
    app.router.add_get("/stream", server.stream)
    app.router.add_get("/api/v3/depth", server.depth)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    server.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield server
    finally:
        await asyncio.wait_for(runner.cleanup(), 5)
