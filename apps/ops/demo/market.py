"""The practice venue's configuration for the demo: three exchanges on one market.

Written as JSON for the practice role; the venue itself is reached over HTTP only.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SYMBOLS = ("BTC/USDT", "ETH/USDT", "SOL/USDT", "XRP/USDT", "LINK/USDT", "ETH/BTC")
INSTANCES = (("alpha", "Alpha"), ("beta", "Beta"), ("gamma", "Gamma"))
FEE = "0.0005"


class SourceUnknown(ValueError):
    """The message says which forms there are."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where prices come from: simulated by `seed`, recorded files, or a live exchange."""

    kind: str
    detail: str = ""

    @classmethod
    def parse(cls, text: str) -> Source:
        """`simulated`, `recorded:PATH` or `live:EXCHANGE`."""
        kind, _, detail = text.partition(":")
        if (kind == "simulated" and not detail) or (kind in {"recorded", "live"} and detail):
            source = cls(kind, detail)
            if kind == "recorded" and not Path(detail).exists():
                raise SourceUnknown(f"--source: {detail} does not exist.")
            return source
        raise SourceUnknown(
            f"--source {text!r} is not known. Use simulated, recorded:PATH or live:EXCHANGE."
        )

    def settings(self, seed: int) -> dict[str, Any]:
        """The `source` object of an instance."""
        if self.kind == "simulated":
            return {"kind": "simulated", "seed": seed}
        if self.kind == "recorded":
            return {"kind": "recorded", "path": str(Path(self.detail).resolve())}
        return {"kind": "live", "exchange": self.detail}


SIMULATED = Source("simulated")


def write_config(path: Path, source: Source, seed: int) -> None:
    """Write the configuration that CRYONEL_PRACTICE_CONFIG names."""
    instances = [
        {
            "code": code,
            "label": label,
            "source": source.settings(seed),
            "maker_fee": FEE,
            "taker_fee": FEE,
            "symbols": list(SYMBOLS),
        }
        for code, label in INSTANCES
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"instances": instances}, indent=1))
