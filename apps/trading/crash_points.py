"""Named moments at which a process may die. Nothing happens here unless a test says so."""

from __future__ import annotations

from collections.abc import Callable

BEFORE_CLAIM = "before_claim"
AFTER_CLAIM = "after_claim"
AFTER_SEND = "after_send"
AFTER_ONE_RECORD = "after_one_record"
BEFORE_ADVANCE = "before_advance"
POINTS = (BEFORE_CLAIM, AFTER_CLAIM, AFTER_SEND, AFTER_ONE_RECORD, BEFORE_ADVANCE)

hook: Callable[[str], None] | None = None


def passing(point: str) -> None:
    """Called where the work goes through a point; a test's hook may raise or kill here."""
    if hook is not None:
        hook(point)
