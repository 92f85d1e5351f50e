"""A process that sends orders is warm before the first one: keys, markets and sockets take seconds.

Each process has clients of its own, so each keeps its own warm; a task would reach one worker.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Collection, Mapping

import structlog
from django.db import close_old_connections

from apps.core.domain.errors import CryonelError
from apps.trading import sending
from apps.trading.selectors.engine import connections_trading
from apps.venues.domain.ports import Need, TradingVenue

logger = structlog.get_logger(__name__)
LOOK = 5.0  # seconds until a bot that was started is noticed
RENEW = 30.0  # seconds after which a venue might close a silent socket
TRUSTED_FOR = 15.0  # seconds that a client may be used without asking for it again


def keep_warm() -> None:
    """Never returns. A failing venue or database is tried again."""
    ready = ReadyClients()
    while True:
        try:
            close_old_connections()
            ready.renew(connections_trading())
        except Exception:
            logger.exception("warming.failed")
        time.sleep(LOOK)


class ReadyClients:
    """The clients that can send at this moment, without a question to anybody.

    One thread renews them; any thread may ask. A client was asked for not long ago: whoever asks
    learns of a pause, a broken key or a new one. The gate itself reads a connection's status.
    """

    def __init__(self) -> None:
        self._clients: dict[int, tuple[TradingVenue, float]] = {}  # with when it was asked for
        self._tried: dict[int, float] = {}  # monotonic seconds of the last warming
        self._warm: set[int] = set()  # where that worked

    def renew(self, wanted: Collection[int]) -> None:
        """Have ready what these connections need, and let go of the others."""
        due = time.monotonic() - RENEW
        fresh = not set(wanted) <= set(self._tried)
        for number in set(self._tried) - set(wanted):
            del self._tried[number]
            self._warm.discard(number)
            self._clients.pop(number, None)
        for number in sorted(wanted):
            if self._tried.get(number, due) <= due:
                (self._warm.add if warm(number) else self._warm.discard)(number)
                self._tried[number] = time.monotonic()
            self._ask(number)
        if fresh:
            gc.freeze()  # programs and markets stay: collecting among them stops every thread

    def of(self, connection_ids: Collection[int]) -> Mapping[int, TradingVenue] | None:
        """All of them, or None: one is cold, paused, without its key, or its venue fails."""
        oldest = time.monotonic() - TRUSTED_FOR
        found = {number: self._clients.get(number) for number in connection_ids}
        ready = {number: each[0] for number, each in found.items() if each and each[1] >= oldest}
        if len(ready) < len(found) or not all(sending.is_up(client) for client in ready.values()):
            return None
        return ready

    def _ask(self, number: int) -> None:
        """Only a client that was warmed is one that is ready."""
        asked_at = time.monotonic()
        try:
            if number in self._warm:
                self._clients[number] = sending.client_of(number, need=Need.TRADE), asked_at
                return
        except CryonelError as e:
            logger.info("warming.withdrawn", connection_id=number, code=e.code)
        self._clients.pop(number, None)


def warm(connection_id: int) -> bool:
    """Whether the connection's clients are ready. Why not is told by orders and refreshes."""
    from apps.venues.services import client_warm

    try:
        client_warm(connection_id)
    except CryonelError as e:
        logger.info("warming.postponed", connection_id=connection_id, code=e.code)
        return False
    return True
