"""Waiting for the next command: PostgreSQL rings at once, and a quarter of a second is the most.

A connection of its own listens. When it is lost, waiting goes on by the clock and it is made anew.
"""

from __future__ import annotations

import contextlib
import threading
import time

import psycopg
import structlog
from django.db import connections

from apps.trading.services.kill import NOTIFY

logger = structlog.get_logger(__name__)
LONGEST = 0.25  # seconds
AGAIN_AFTER = 2.0  # seconds until a lost connection is tried anew


class Bell:
    def __init__(self) -> None:
        self._link: psycopg.Connection[tuple[object, ...]] | None = None
        self._not_before = 0.0

    def wait(self, stop: threading.Event) -> None:
        """Until a command was asked for, LONGEST is over or `stop` is set."""
        link = self._listening()
        if link is None or stop.is_set():
            stop.wait(LONGEST)
            return
        try:
            for _ in link.notifies(timeout=LONGEST, stop_after=1):
                pass
        except psycopg.Error:
            logger.warning("guard.bell_lost")
            self.close()
            stop.wait(LONGEST)

    def close(self) -> None:
        if self._link is not None:
            with contextlib.suppress(psycopg.Error):
                self._link.close()
        self._link = None

    def _listening(self) -> psycopg.Connection[tuple[object, ...]] | None:
        if self._link is not None or time.monotonic() < self._not_before:
            return self._link
        try:
            words = connections["default"].get_connection_params()
            words.pop("cursor_factory", None)
            words.pop("context", None)
            self._link = psycopg.connect(**{**words, "autocommit": True})
            self._link.execute(f"LISTEN {NOTIFY}")
        except psycopg.Error:
            logger.warning("guard.bell_silent")
            self.close()
            self._not_before = time.monotonic() + AGAIN_AFTER
        return self._link
