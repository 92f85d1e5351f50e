"""Makes the sources that a configuration asks for; instances of one world share one object."""

from __future__ import annotations

from apps.practice.config import InstanceConfig, PracticeConfig
from apps.practice.sources import MarketSource, SourceUnavailable
from apps.practice.sources.manual import ManualSource


def sources_for(config: PracticeConfig) -> dict[str, MarketSource]:
    """A source for each instance code; raises SourceUnavailable or ConfigInvalid."""
    chosen: dict[str, MarketSource] = {}
    groups: dict[str, list[InstanceConfig]] = {}
    for instance in config.instances:
        if instance.kind == "manual":
            chosen[instance.code] = ManualSource()
        else:
            groups.setdefault(_world(instance), []).append(instance)
    for members in groups.values():
        source = _shared(members)
        chosen |= {member.code: source for member in members}
    return chosen


def _world(instance: InstanceConfig) -> str:
    """Instances with the same answer here are driven by one source."""
    source = instance.source
    match instance.kind:
        case "simulated":
            return f"simulated {source.get('seed', 1)}"
        case "recorded":
            return f"recorded {source.get('path')}"
        case kind:
            return f"{kind} {instance.code}"


def _shared(members: list[InstanceConfig]) -> MarketSource:
    source = members[0].source
    if members[0].kind == "simulated":
        from apps.practice.sources.simulated import SimulatedSource  # numpy: only where used

        return SimulatedSource(
            int(source.get("seed", 1)),
            {member.code: list(member.rules) for member in members},
            float(source.get("speed", 1)),
        )
    raise SourceUnavailable(f"source kind {members[0].kind!r} is not available")
