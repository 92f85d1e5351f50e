"""Upward needs: what lower rooms must reach without importing the room that has it.

Filled in `AppConfig.ready()`; read at run time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from apps.core.domain.people import Reader


@dataclass(frozen=True, slots=True)
class LiveChannel:
    """A kind of live channel, `name:argument` on the wire.

    group(reader, argument) returns the Channels group that this reader may listen to, or
    raises NotFound/NotAllowed: the authorisation of a subscription stands there and nowhere else.
    """

    name: str
    group: Callable[[Reader, str], str]


live_channels: dict[str, LiveChannel] = {}


def live_channel_register(channel: LiveChannel) -> None:
    live_channels[channel.name] = channel


@dataclass(frozen=True, slots=True)
class HealthCheck:
    """A named readiness question: returns "" when well, else a sentence for staff."""

    name: str
    ask: Callable[[], str]


health_checks: dict[str, HealthCheck] = {}


def health_check_register(check: HealthCheck) -> None:
    health_checks[check.name] = check


# (workspace_id, connection_id) -> [(bot id, bot name)]
ConnectionUsers = Callable[[int, int], list[tuple[int, str]]]
connection_users: list[ConnectionUsers] = []


def connection_users_register(ask: ConnectionUsers) -> None:
    """Which bots use a connection: one in use cannot be removed."""
    if ask not in connection_users:
        connection_users.append(ask)


def connection_users_of(workspace_id: int, connection_id: int) -> list[tuple[int, str]]:
    return [user for ask in connection_users for user in ask(workspace_id, connection_id)]
