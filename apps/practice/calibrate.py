"""Measures on recorded markets the figures that the market model's parameters were taken from.

    CRYONEL_RECORDED_DATA=<folder> python -m apps.practice.calibrate

Prints one-second volatility and its tails, spread, depth around the top, and the difference
between two exchanges. Only figures leave this script; the parameters in `domain/world.py` and
`domain/ladder.py` name which of them they follow.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt

from apps.practice.sources.recorded import PAIRED
from apps.practice.sources.streamed import recorded_messages

Floats = npt.NDArray[np.float64]


def stream_figures(path: Path) -> dict[str, float]:
    """Volatility (bps a second), kurtosis, spread (bps) and depth (quote units) of a recording."""
    tops: list[tuple[float, float, float]] = []
    depth: dict[str, float] = {}
    for nanoseconds, data in recorded_messages(path):
        if "lastUpdateId" in data and not depth:
            depth = _depth(data["bids"])
        elif "B" in data:
            tops.append((nanoseconds / 1e9, float(data["b"]), float(data["a"])))
    quotes = np.array(tops)
    middle = (quotes[:, 1] + quotes[:, 2]) / 2
    seconds = np.arange(quotes[0, 0], quotes[-1, 0], 1.0)
    sampled = middle[np.searchsorted(quotes[:, 0], seconds, side="right") - 1]
    moves = np.diff(np.log(sampled)) * 1e4
    spread = (quotes[:, 2] / quotes[:, 1] - 1) * 1e4
    return {
        "volatility_bps": float(moves.std()),
        "kurtosis": float((moves**4).mean() / (moves**2).mean() ** 2),
        "move_p99_bps": float(np.quantile(np.abs(moves), 0.99)),
        "move_max_bps": float(np.abs(moves).max()),
        "spread_median_bps": float(np.median(spread)),
        "spread_p99_bps": float(np.quantile(spread, 0.99)),
        **depth,
    }


def basis_figures(path: Path) -> dict[str, float]:
    """Difference of the closes of two exchanges in minutes that traded on both, in bps."""
    import polars as pl

    rows = pl.read_parquet(path).filter(
        (pl.col("symbol").cast(pl.String) == "BTC/USDC") & (pl.col("volume") > 0)
    )
    exchange = pl.col("exchange").cast(pl.String)
    one, two = (rows.filter(exchange == name) for name in ("kraken", "binanceus"))
    both = one.join(two, on="ts").sort("ts").select("close", "close_right").to_numpy()
    basis: Floats = np.log(both[:, 0] / both[:, 1]) * 1e4
    return {
        "minutes": float(len(basis)),
        "basis_mean_bps": float(basis.mean()),
        "basis_std_bps": float(basis.std()),
        "basis_abs_median_bps": float(np.median(np.abs(basis))),
        "basis_abs_p99_bps": float(np.quantile(np.abs(basis), 0.99)),
        "basis_autocorrelation_1m": float(np.corrcoef(basis[:-1], basis[1:])[0, 1]),
    }


def _depth(bids: list[list[str]]) -> dict[str, float]:
    """Quote units standing within so many bps of the best bid."""
    levels = np.array(bids, dtype=float)
    away = (1 - levels[:, 0] / levels[0, 0]) * 1e4
    amount = levels[:, 0] * levels[:, 1]
    return {f"depth_{bps}bps": float(amount[away <= bps].sum()) for bps in (0.1, 1, 2, 5, 10)}


def main() -> None:
    folder = os.environ.get("CRYONEL_RECORDED_DATA")
    if not folder:
        sys.exit("CRYONEL_RECORDED_DATA is not set: name the folder of recorded data.")
    figures = {
        path.name: stream_figures(path) for path in sorted(Path(folder).rglob("spot_*usdt_*.gz"))
    }
    figures |= {path.name: basis_figures(path) for path in sorted(Path(folder).rglob(PAIRED))}
    for name, values in figures.items():
        sys.stdout.write(f"{name}\n")
        for figure, value in values.items():
            sys.stdout.write(f"  {figure:26} {value:,.3f}\n")


if __name__ == "__main__":
    main()
