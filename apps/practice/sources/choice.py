"""Makes the sources that a configuration asks for; instances of one world share one object."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from pathlib import Path

from apps.practice.config import ConfigInvalid, InstanceConfig, PracticeConfig
from apps.practice.sources import MarketSource, SourceUnavailable
from apps.practice.sources.manual import ManualSource

LIVE_PORT = "apps.venues.streams.public:PublicMarketSource"


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
    """Heavy libraries are imported by the kind that needs them, and by no other."""
    source = members[0].source
    codes = [member.code for member in members]
    match members[0].kind:
        case "simulated":
            from apps.practice.sources.simulated import SimulatedSource

            listed = {member.code: list(member.rules) for member in members}
            return SimulatedSource(int(source.get("seed", 1)), listed, _speed(source))
        case "recorded":
            return _recorded(Path(str(source.get("path", ""))), codes, _speed(source))
        case _:
            return live_source(str(source.get("port", LIVE_PORT)), source, members[0])


def _recorded(path: Path, codes: list[str], speed: float) -> MarketSource:
    from apps.practice.sources.recorded import CandleSource
    from apps.practice.sources.streamed import StreamSource

    if path.suffix == ".gz":
        if len(codes) > 1:
            raise SourceUnavailable(f"{path} is one exchange's stream: one instance can play it")
        return StreamSource(path, speed)
    return CandleSource(path, codes, speed)


def _speed(source: Mapping[str, object]) -> float:
    speed = float(str(source.get("speed", 1)))
    if not 0 < speed <= 100_000:
        raise ConfigInvalid(f"source.speed {speed} is not above 0")
    return speed


def live_source(dotted: str, source: Mapping[str, object], member: InstanceConfig) -> MarketSource:
    """The live feed behind a dotted path `package.module:Class`; raises SourceUnavailable.

    It is named in the configuration and not imported by name here, because the client of real
    exchanges belongs to another room. The class is called with (exchange, symbols).
    """
    module_name, _, class_name = dotted.partition(":")
    try:
        made = getattr(importlib.import_module(module_name), class_name)
    except (ImportError, AttributeError, ValueError):
        raise SourceUnavailable(
            f"live markets are not available in this installation: {dotted} is missing"
        ) from None
    try:
        feed: MarketSource = made(str(source.get("exchange", "binance")), list(member.rules))
    except ValueError as unusable:
        raise SourceUnavailable(str(unusable)) from None
    return feed
