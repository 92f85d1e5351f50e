"""What is followed without any bot: every pair of the practice venues that run."""

from __future__ import annotations

from apps.core.domain.errors import CryonelError


def symbols_everywhere() -> list[tuple[str, str]]:
    """(venue, symbol). Empty where no practice venue runs; asked again soon."""
    from apps.venues.registry import practice_venues

    try:
        return [(each.code, symbol) for each in practice_venues() for symbol in each.symbols]
    except CryonelError:
        return []
