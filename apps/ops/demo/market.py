"""The practice venue's configuration for the demo, written as JSON for the practice role.

What the instances are is the practice room's knowledge, asked for by dotted path: its code is
never imported here, its role is another process, its market is reached over HTTP only.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

CONFIGURATIONS = "apps.practice.demo"
LIVE_SYMBOLS = ("BTC/USDT", "ETH/USDT", "SOL/USDT", "XRP/USDT", "LINK/USDT")
LIVE_FEE = "0.001"


class SourceUnknown(ValueError):
    """The message says which forms there are."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where prices come from: simulated by `seed`, recorded files, or a live exchange."""

    kind: str
    detail: str = ""

    @classmethod
    def parse(cls, text: str) -> Source:
        """`simulated`, `recorded:PATH` or `live:EXCHANGE[,EXCHANGE]`."""
        kind, _, detail = text.partition(":")
        if (kind == "simulated" and not detail) or (kind in {"recorded", "live"} and detail):
            source = cls(kind, detail)
            if kind == "recorded" and not Path(detail).exists():
                raise SourceUnknown(f"--source: {detail} does not exist.")
            if kind == "live":
                _require_followed(detail.split(","))
            return source
        raise SourceUnknown(
            f"--source {text!r} is not known. Use simulated, recorded:PATH or live:EXCHANGE."
        )

    def config(self, seed: int) -> dict[str, Any]:
        """The whole configuration; `seed` makes another simulated market, nothing else."""
        if self.kind == "simulated":
            return _practice("demo_config")(seed)
        if self.kind == "recorded":
            return _practice("recorded_config")(Path(self.detail).resolve())
        return {"instances": [_live(exchange) for exchange in self.detail.split(",")]}


SIMULATED = Source("simulated")


def write_config(path: Path, source: Source, seed: int) -> None:
    """Write the configuration that CRYONEL_PRACTICE_CONFIG names."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(source.config(seed), indent=1))


def _require_followed(exchanges: list[str]) -> None:
    """Refuse before anything starts what the practice venue would refuse in its log."""
    from apps.venues.streams.offered import ExchangeUnusable, followed_exchange

    for exchange in exchanges:
        try:
            followed_exchange(exchange)
        except ExchangeUnusable as unusable:
            raise SourceUnknown(f"--source live: {unusable}") from None


def _live(exchange: str) -> dict[str, Any]:
    return {
        "code": exchange,
        "label": f"Practice {exchange.title()} (live)",
        "source": {"kind": "live", "exchange": exchange},
        "maker_fee": LIVE_FEE,
        "taker_fee": LIVE_FEE,
        "symbols": list(LIVE_SYMBOLS),
    }


def _practice(name: str) -> Callable[..., dict[str, Any]]:
    found: Callable[..., dict[str, Any]] = getattr(import_module(CONFIGURATIONS), name)
    return found
