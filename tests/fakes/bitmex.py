"""A little server of BitMEX's realtime dialect whose every message a test says itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import WSMsgType, web

STAMP = "2026-06-01T12:00:00.000Z"
PAIRS = {"XBT_USDT": ("XBT", "USDT", 100_000_000), "ETH_USDT": ("ETH", "USDT", 1_000_000)}


def row(number: int, side: str, size: int, price: float | None = None) -> dict[str, Any]:
    told: dict[str, Any] = {"id": number, "side": side, "size": size, "timestamp": STAMP}
    return told if price is None else told | {"price": price}


@dataclass
class BitmexServer:
    """A subscription is answered with its partial, unless `answers` is False."""

    rest: str = ""
    stream: str = ""
    answers: bool = True
    pongs: bool = True
    refuses: str = ""  # a pair that cannot be subscribed
    heard: list[str] = field(default_factory=list)
    sockets: list[web.WebSocketResponse] = field(default_factory=list)

    async def say(self, action: str, *rows: dict[str, Any], pair: str = "XBT_USDT") -> None:
        data = [{"symbol": pair, **each} for each in rows]
        told = {"table": "orderBookL2", "action": action, "data": data, "filter": {"symbol": pair}}
        await self.sockets[-1].send_json(told)

    async def partial(self, pair: str = "XBT_USDT") -> None:
        bid, ask = row(1, "Buy", 50_000_000, 100.0), row(2, "Sell", 200_000_000, 101.0)
        await self.say("partial", bid, ask, pair=pair)

    async def realtime(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self.sockets.append(socket)
        await socket.send_json({"info": "Welcome to the BitMEX Realtime API.", "version": "2.0.0"})
        async for message in socket:
            if message.type is not WSMsgType.TEXT:
                continue
            if message.data == "ping":
                self.heard.append("ping")
                if self.pongs:
                    await socket.send_str("pong")
            else:
                await self._asked(socket, message.json())
        return socket

    async def _asked(self, socket: web.WebSocketResponse, told: dict[str, Any]) -> None:
        pairs = [arg.removeprefix("orderBookL2:") for arg in told["args"]]
        self.heard.append(f"{told['op']} {','.join(pairs)}")
        if self.refuses in pairs and told["op"] == "subscribe":
            await socket.send_json({"status": 400, "error": "Unknown table.", "request": told})
            return
        for pair in pairs:
            topic = f"orderBookL2:{pair}"
            await socket.send_json({"success": True, told["op"]: topic, "request": told})
            if told["op"] == "subscribe" and self.answers:
                await self.partial(pair)

    async def active(self, request: web.Request) -> web.Response:
        return web.json_response(
            [
                {
                    "symbol": pair, "typ": "IFXXXP", "state": "Open", "underlying": base,
                    "quoteCurrency": quote, "underlyingToPositionMultiplier": multiplier,
                    "lotSize": 1000, "tickSize": 0.5, "maxOrderQty": 1e12,
                }
                for pair, (base, quote, multiplier) in PAIRS.items()
            ]
            + [{"symbol": "XBTUSD", "typ": "FFWCSX"}]
        )  # fmt: skip


@asynccontextmanager
async def bitmex_server() -> AsyncIterator[BitmexServer]:
    server = BitmexServer()
    app = web.Application()
    app.router.add_get("/realtime", server.realtime)
    app.router.add_get("/api/v1/instrument/active", server.active)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    port = runner.addresses[0][1]
    server.rest = f"http://127.0.0.1:{port}/api/v1"
    server.stream = f"ws://127.0.0.1:{port}/realtime"
    try:
        yield server
    finally:
        await asyncio.wait_for(runner.cleanup(), 5)
