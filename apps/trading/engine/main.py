"""The entry of the engine role: blocks until SIGTERM or SIGINT, then lets go of its leases."""

from __future__ import annotations

import asyncio
import signal

import structlog

from apps.trading.engine.engine import Engine

logger = structlog.get_logger(__name__)


def main() -> None:
    asyncio.run(_run())


async def _run() -> None:
    engine = Engine()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, engine.stop)
    logger.info("engine.started", owner=engine.owner)
    await engine.run()
    logger.info("engine.stopped", owner=engine.owner)
