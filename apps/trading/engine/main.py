"""The entry of the engine role: blocks until SIGTERM or SIGINT, then lets go of its leases."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import threading

import structlog

from apps.markets.hub.kernels import kernels_prepare
from apps.trading.engine.engine import Engine

logger = structlog.get_logger(__name__)
STOPS_WITHIN = 4.0  # seconds: less than the supervisor's patience


def main() -> None:
    """Compiles first, while a signal still ends the process at once: it holds nothing yet."""
    kernels_prepare()
    asyncio.run(_run())


async def _run() -> None:
    engine = Engine()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, _stop, engine)
    gc.freeze()  # what is loaded now stays: a collection among it would stop the loop for 80 ms
    logger.info("engine.started", owner=engine.owner)
    await engine.run()
    logger.info("engine.stopped", owner=engine.owner)


def _stop(engine: Engine) -> None:
    """In order; and where a server that does not answer is waited for, without order.

    Nothing is lost then: plans are in the database, leases end by themselves.
    """
    engine.stop()
    last = threading.Timer(STOPS_WITHIN, _leave)
    last.daemon = True
    last.start()


def _leave() -> None:
    logger.warning("engine.stopped_without_order")
    os._exit(0)
