"""What a bot can be."""

from __future__ import annotations

from enum import StrEnum


class BotStatus(StrEnum):
    STOPPED = "STOPPED"
    RUNNING = "RUNNING"  # an engine may trade for it
    PAUSED = "PAUSED"  # the engine waits, with a reason that its owner sees


class RestartPolicy(StrEnum):
    """What happens to a bot's exposure when an engine takes it over after an unclean end."""

    RESUME = "RESUME"  # once aligned, trade on
    FLATTEN = "FLATTEN"  # close what it opened, then stand stopped
