"""The practice venue as a server: all instances behind one port, the market sources at work."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from aiohttp import web

from apps.practice import control, sockets
from apps.practice.config import PracticeConfig
from apps.practice.continuity import Continuity
from apps.practice.instance import Instance
from apps.practice.rest import gate
from apps.practice.sources import MarketSource
from apps.practice.sources.choice import sources_for

logger = logging.getLogger(__name__)

TICK = 0.1  # seconds
OPENING = 8.0  # seconds that the port stays closed at most for the rules of live markets
POSITIONS = "positions.json"
BACKLOG = 512


@dataclass(frozen=True, slots=True)
class Running:
    """A venue that answers. `url` has no trailing slash."""

    url: str
    port: int
    instances: Mapping[str, Instance]


async def serve(config: PracticeConfig, host: str, port: int, data_dir: Path, token: str) -> None:
    """Run until cancelled; writes the bound port to `<data_dir>/port`."""
    async with venue_running(config, host, port, data_dir, token) as running:
        write_port(data_dir / "port", running.port)
        await asyncio.Event().wait()


@asynccontextmanager
async def venue_running(
    config: PracticeConfig, host: str, port: int, data_dir: Path, token: str
) -> AsyncIterator[Running]:
    """A venue for as long as the block lasts; port 0 takes a free one. Refuses an empty token."""
    if not token:
        raise ValueError("the control address needs a token that is not empty")
    sources = sources_for(config)
    instances: dict[str, Instance] = {}
    with contextlib.ExitStack() as open_journals:
        positions = Continuity(data_dir / POSITIONS)
        began = _take_up(positions, sources)
        for item in config.instances:
            folder = data_dir / item.code
            instance = Instance(item, sources[item.code], folder, began=began[item.code])
            open_journals.callback(instance.close)
            instances[item.code] = instance
        runner = web.AppRunner(application(instances, token), access_log=None, shutdown_timeout=1)
        await runner.setup()
        site = web.TCPSite(runner, host, port, backlog=BACKLOG)
        tasks = [asyncio.create_task(_tick(instances, positions))]
        tasks += [asyncio.create_task(_drive(s, m)) for s, m in _by_source(instances)]
        try:
            await _opened(instances)
            await site.start()
            bound = runner.addresses[0][1]
            yield Running(f"http://{host}:{bound}", bound, instances)
        finally:
            await _stop(tasks)
            positions.save()
            for instance in instances.values():
                await instance.hub.close()
            await runner.cleanup()


def application(instances: Mapping[str, Instance], token: str) -> web.Application:
    """Routes: /healthz, /instances, /control/..., and each instance under its code."""
    app = web.Application()

    async def instance_list(request: web.Request) -> web.Response:
        return _json({"instances": [_public(instance) for instance in instances.values()]})

    async def healthy(request: web.Request) -> web.Response:
        return _json({"status": "ok"})

    async def dialect(request: web.Request) -> web.StreamResponse:
        instance = instances.get(request.match_info["instance"])
        if instance is None:
            return web.Response(status=404, text="There is no such instance here.")
        return await _speak(instance, request, "/" + request.match_info["tail"])

    app.router.add_get("/healthz", healthy)
    app.router.add_get("/instances", instance_list)
    control.add_routes(app, instances, token)
    app.router.add_route("*", "/{instance}/{tail:.*}", dialect)
    return app


async def _speak(instance: Instance, request: web.Request, path: str) -> web.StreamResponse:
    """One request to one instance: REST, WebSocket API, combined or raw streams."""
    if path.startswith(("/api/", "/sapi/")):
        return await gate.answer(instance, request, path)
    if path == "/ws-api/v3":
        return await sockets.serve_api(instance, request)
    if path == "/stream":
        names = [name for name in request.query.get("streams", "").split("/") if name]
        return await sockets.serve_streams(instance, request, names, combined=True)
    if path == "/ws" or path.startswith("/ws/"):
        # ccxt.pro appends a number of its own to tell its connections apart: no stream, no key.
        names = [name for name in path[3:].split("/") if name and not name.isdigit()]
        return await sockets.serve_streams(instance, request, names, combined=False)
    return web.Response(status=404, text="There is nothing at this address.")


def write_port(path: Path, port: int) -> None:
    """Tell the port in one step: a reader sees the old file or the whole new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".new")
    fresh.write_text(f"{port}\n")
    fresh.replace(path)


def _public(instance: Instance) -> dict[str, Any]:
    config = instance.config
    model = instance.source.describe(config.code)
    return {
        "code": config.code,
        "label": config.label,
        "source": instance.source.kind,
        "simulated": bool(model["simulated"]),
        "symbols": list(config.rules),
        "maker_fee": f"{instance.fees[0]:f}",
        "taker_fee": f"{instance.fees[1]:f}",
    }


def _by_source(instances: Mapping[str, Instance]) -> list[tuple[MarketSource, dict[str, Instance]]]:
    """Each source once, with the instances it drives."""
    found: dict[int, tuple[MarketSource, dict[str, Instance]]] = {}
    for code, instance in instances.items():
        found.setdefault(id(instance.source), (instance.source, {}))[1][code] = instance
    return list(found.values())


async def _opened(instances: Mapping[str, Instance]) -> None:
    """Wait a little for live rules: whoever reads the list at the start reads real ones."""
    waiting = [item for item in instances.values() if item.config.kind == "live"]
    deadline = time.monotonic() + OPENING
    while any(len(item.exchange.halted) == len(item.rules) for item in waiting):
        if time.monotonic() > deadline:
            logger.warning("a live market is still closed: its exchange has not told its rules")
            return
        await asyncio.sleep(TICK)


async def _drive(source: MarketSource, markets: Mapping[str, Instance]) -> None:
    try:
        await source.run(markets)
    except Exception:
        logger.exception("a market source stopped; its instances stand still")


def _take_up(positions: Continuity, sources: Mapping[str, MarketSource]) -> dict[str, int | None]:
    """Each source once, continued where it stood; since when, by instance code."""
    now = int(time.time() * 1_000)
    began: dict[str, int | None] = {}
    codes_of: dict[int, list[str]] = {}
    for code, source in sources.items():
        codes_of.setdefault(id(source), []).append(code)
    for codes in codes_of.values():
        since = positions.take_up(codes, sources[codes[0]], now)
        began |= dict.fromkeys(codes, since)
    return began


async def _tick(instances: Mapping[str, Instance], positions: Continuity) -> None:
    count = 0
    while True:
        await asyncio.sleep(TICK)
        count += 1
        for instance in instances.values():
            instance.tick(whole_second=count % 10 == 0)
        if count % 10 == 0:
            _keep(instances, positions)


def _keep(instances: Mapping[str, Instance], positions: Continuity) -> None:
    """What a restart goes on from. A full disk is told and does not stop the market."""
    try:
        positions.save()
        for instance in instances.values():
            instance.keep_candles()
    except OSError:
        logger.exception("where the markets stand could not be kept")


async def _stop(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _json(content: Any) -> web.Response:
    return web.Response(body=orjson.dumps(content), content_type="application/json")
