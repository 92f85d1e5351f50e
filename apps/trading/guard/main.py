"""The entry of the guard role: blocks until SIGTERM or SIGINT."""

from __future__ import annotations

import os
import signal
import threading
from datetime import datetime
from functools import partial

import structlog
from django.utils import timezone

from apps.core import outbox
from apps.trading.guard.guard import Chore, Guard
from apps.trading.services.kill_rules import kill_rules_apply
from apps.venues import pace

logger = structlog.get_logger(__name__)
RULES_EVERY = 3.0  # seconds
TURNS_WITHIN = 2.0  # seconds: others take turns at most half a second ahead, so it gets through
STOPS_WITHIN = 4.0  # seconds: less than the supervisor's patience


def main() -> None:
    outbox.delivery_leave()
    pace.patient(TURNS_WITHIN)
    guard = Guard([Chore("rules", RULES_EVERY, partial(_rules, timezone.now()))])
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: _stop(guard))
    logger.info("guard.started", owner=guard.owner)
    guard.run()
    logger.info("guard.stopped", owner=guard.owner)


def _rules(watched_since: datetime) -> None:
    kill_rules_apply(now=timezone.now(), watched_since=watched_since)


def _stop(guard: Guard) -> None:
    """A venue that does not answer is not waited for: its command goes on in the next guard."""
    guard.stop()
    last = threading.Timer(STOPS_WITHIN, lambda: os._exit(0))
    last.daemon = True
    last.start()
