"""Facts about connections. Ids and codes only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from apps.core.domain.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionEvent(Event):
    connection_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionAdded(ConnectionEvent):
    topic: ClassVar[str] = "venues.connection.added"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionBroken(ConnectionEvent):
    """The key stopped doing what it is for; its bots must stop. `reason` is an error code."""

    topic: ClassVar[str] = "venues.connection.broken"
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionMended(ConnectionEvent):
    topic: ClassVar[str] = "venues.connection.mended"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionPaused(ConnectionEvent):
    topic: ClassVar[str] = "venues.connection.paused"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionResumed(ConnectionEvent):
    topic: ClassVar[str] = "venues.connection.resumed"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionRemoved(ConnectionEvent):
    topic: ClassVar[str] = "venues.connection.removed"


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperToppedUp(ConnectionEvent):
    topic: ClassVar[str] = "venues.paper.topped_up"
    asset: str
    amount: str  # decimal text


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperReset(ConnectionEvent):
    topic: ClassVar[str] = "venues.paper.reset"
