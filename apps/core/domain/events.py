"""What every event has: a topic, and the workspace it happened in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A fact, past tense, ids only. Subclasses set `topic` and add their ids.

    Payloads are JSON: int, str, bool or None fields only.
    """

    topic: ClassVar[str]
    workspace_id: int
