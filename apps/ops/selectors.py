"""What the shell, the dashboard and the status page show of the whole system."""

from __future__ import annotations

from typing import Any

from apps.core.domain.people import Reader


def shell_state(*, reader: Reader) -> dict[str, Any]:
    """Halt state and mode of the reader's workspace, for the header of every page."""
    return {"workspace_id": reader.workspace_id, "halted": False}
