"""A process that sends orders is warm before the first one: keys, markets and sockets take seconds.

Each worker process has clients of its own, so each keeps its own warm; a task would reach one.
"""

from __future__ import annotations

import gc
import time

import structlog
from django.db import close_old_connections

from apps.core.domain.errors import CryonelError
from apps.trading.selectors.engine import connections_trading

logger = structlog.get_logger(__name__)
LOOK = 5.0  # seconds until a bot that was started is noticed
RENEW = 30.0  # seconds after which a venue might close a silent socket


def keep_warm() -> None:
    """Never returns. A failing venue or database is tried again."""
    renewed: dict[int, float] = {}  # monotonic seconds by connection
    while True:
        try:
            close_old_connections()
            due = time.monotonic() - RENEW
            wanted = connections_trading()
            renewed = {number: at for number, at in renewed.items() if number in wanted}
            fresh = not wanted <= set(renewed)
            for number in sorted(number for number in wanted if renewed.get(number, due) <= due):
                warm(number)
                renewed[number] = time.monotonic()
            if fresh:
                gc.freeze()  # programs and markets stay: collecting among them stops every thread
        except Exception:
            logger.exception("warming.failed")
        time.sleep(LOOK)


def warm(connection_id: int) -> bool:
    """Whether the connection's clients are ready. Why not is told by orders and refreshes."""
    from apps.venues.services import client_warm

    try:
        client_warm(connection_id)
    except CryonelError as e:
        logger.info("warming.postponed", connection_id=connection_id, code=e.code)
        return False
    return True
