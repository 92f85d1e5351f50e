"""What a bot can be."""

from __future__ import annotations

from enum import StrEnum


class BotStatus(StrEnum):
    STOPPED = "STOPPED"
    RUNNING = "RUNNING"  # an engine may trade for it
    PAUSED = "PAUSED"  # the engine waits, with a reason that its owner sees
