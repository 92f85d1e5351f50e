"""The configuration of the demo: three exchanges in one seeded world, every figure fixed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson

SEED = 20_260_101
SYMBOLS = [
    "BTC/USDT",
    "ETH/USDT",
    "SOL/USDT",
    "XRP/USDT",
    "ADA/USDT",
    "DOGE/USDT",
    "LINK/USDT",
    "AVAX/USDT",
    "LTC/USDT",
    "ETH/BTC",
]
LIMITS = {"weight_per_minute": 24_000, "orders_per_10s": 300}


def demo_config(seed: int = SEED) -> dict[str, Any]:
    """alpha, beta and gamma on the simulated market. Fees as fractions of the received amount."""
    fees = {"alpha": ("0.0001", "0.0002"), "beta": ("0.0002", "0.0003"), "gamma": ("0", "0.0004")}
    return {
        "instances": [
            {
                "code": code,
                "label": f"Practice {code.title()}",
                "source": {"kind": "simulated", "seed": seed},
                "maker_fee": maker,
                "taker_fee": taker,
                "symbols": SYMBOLS,
                "limits": LIMITS,
            }
            for code, (maker, taker) in fees.items()
        ]
    }


def recorded_config(path: Path, *, speed: float = 60.0) -> dict[str, Any]:
    """Two exchanges playing the same recorded minutes in step; `speed` minutes a minute."""
    venues = {"kraken": ("0.0016", "0.0026"), "binanceus": ("0.001", "0.001")}
    return {
        "instances": [
            {
                "code": code,
                "label": f"Practice {code.title()} (recorded)",
                "source": {"kind": "recorded", "path": str(path), "speed": speed},
                "maker_fee": maker,
                "taker_fee": taker,
                "symbols": ["BTC/USDC"],
                "limits": LIMITS,
            }
            for code, (maker, taker) in venues.items()
        ]
    }


def config_write(path: Path, config: dict[str, Any]) -> Path:
    """Store a configuration for CRYONEL_PRACTICE_CONFIG; returns the path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".new")
    fresh.write_bytes(orjson.dumps(config, option=orjson.OPT_INDENT_2))
    fresh.replace(path)
    return path
