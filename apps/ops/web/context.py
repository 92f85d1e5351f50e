"""What the shell of every page needs, at no more than one query a page."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest


def shell(request: HttpRequest) -> dict[str, Any]:
    """The signed-in shell's data; nothing for strangers."""
    actor = getattr(request, "actor", None)
    if actor is None:
        return {"shell": None}
    from apps.ops.selectors import shell_state

    return {"shell": shell_state(reader=actor)}
