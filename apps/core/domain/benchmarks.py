"""What a benchmark is, for every room that has a hot path.

An app offers its benchmarks as a module `apps.<app>.benchmarks` with a list `BENCHMARKS`;
`manage.py benchmark` finds them. A peer is another library doing the same work in the same run:
where it is not installed the benchmark says so in `skipped` instead of guessing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

Progress = Callable[[str], None]  # one short line for the person who waits


@dataclass(frozen=True, slots=True)
class Figure:
    """A measured value, and which direction is an improvement."""

    value: float
    unit: str
    better: Literal["lower", "higher"]


@dataclass(frozen=True, slots=True)
class Measurement:
    """What one benchmark found. Peers: name -> figure name -> value in the figure's unit."""

    workload: str
    figures: Mapping[str, Figure]
    peers: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    skipped: Mapping[str, str] = field(default_factory=dict)  # peer -> a sentence
    failures: Sequence[str] = ()  # what must not be: the command tells it and ends with 1


@dataclass(frozen=True, slots=True)
class Benchmark:
    """`run` does the work; it imports what it needs itself, so that listing stays cheap.

    `options`: which of the command's own options (long, seed, runs) it takes as keywords.
    """

    name: str
    summary: str
    run: Callable[..., Measurement]  # of a Progress, and of its options
    options: frozenset[str] = frozenset()
