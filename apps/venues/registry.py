"""Which venues there are: the files of `adapters/`. Reading this imports no exchange library."""

from __future__ import annotations

import importlib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from apps.venues.domain.connections import PracticeInstance
from apps.venues.domain.errors import VenueUnavailable, VenueUnknown
from apps.venues.domain.ports import Capability, VenueKind, VenueSpec

if TYPE_CHECKING:
    from apps.venues.adapters._orders import OrderCommands

ADAPTERS = Path(__file__).parent / "adapters"
PRACTICE = "practice"


@cache
def adapter_types() -> dict[str, type[OrderCommands]]:
    """{code: adapter} of every exchange file. The practice instances are not among them."""
    found = {}
    for path in sorted(ADAPTERS.glob("[a-z]*.py")):
        adapter = getattr(importlib.import_module(_module(path.stem)), "ADAPTER", None)
        if adapter is None:
            continue
        if adapter.spec.code != path.stem:
            raise TypeError(f"{path.name} holds the adapter of {adapter.spec.code}")
        found[path.stem] = adapter
    return found


def adapter_for(code: str) -> type[OrderCommands]:
    """The adapter of "kraken" or "practice.alpha". Raises VenueUnknown."""
    adapter = adapter_types().get(code)
    if adapter is not None:
        return adapter
    if code.startswith(f"{PRACTICE}."):
        made: type[OrderCommands] = importlib.import_module(_module(PRACTICE)).adapter_of(code)
        return made
    raise VenueUnknown(venue=code)


def capabilities_of(code: str) -> frozenset[Capability]:
    """What the venue can do. Asks nobody: practice instances are alike. Raises VenueUnknown."""
    if code.startswith(f"{PRACTICE}."):
        spec: VenueSpec = importlib.import_module(_module(PRACTICE)).Practice.spec
        return spec.capabilities
    return adapter_for(code).spec.capabilities


def practice_venues() -> list[PracticeInstance]:
    """The running instances of the practice venue. Raises VenueUnavailable."""
    found: list[PracticeInstance] = importlib.import_module(_module(PRACTICE)).practice_venues()
    return found


def venue_label(code: str) -> str:
    """The venue's name for people; the code itself where no adapter has it."""
    try:
        return adapter_for(code).spec.label
    except (VenueUnknown, VenueUnavailable):
        return code


def is_simulated(code: str) -> bool:
    """Whether prices there come from a model. What cannot be asked counts as simulated."""
    try:
        if adapter_for(code).spec.kind is not VenueKind.PRACTICE:
            return False
        return next((v.simulated for v in practice_venues() if v.code == code), True)
    except (VenueUnknown, VenueUnavailable):
        return code.startswith(f"{PRACTICE}.")


def _module(name: str) -> str:
    return f"apps.venues.adapters.{name}"
