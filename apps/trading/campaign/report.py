"""A campaign as figures: lanes of seeded runs side by side, then the rounds with real roles."""

from __future__ import annotations

import json
import queue
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from apps.core.domain.benchmarks import Figure, Measurement, Progress
from apps.trading.campaign import hard, world

RUNS, LONG_RUNS, HARD = 300, 3000, 20
LANES = 2
TELL_EVERY = 25
SHOWN = 40  # lines of a trail that a failure shows


def measure(
    progress: Progress,
    *,
    long: bool = False,
    seed: int | None = None,
    runs: int | None = None,
    hard_rounds: int | None = None,
) -> Measurement:
    """The whole campaign, or one run of it by its seed."""
    began = time.monotonic()
    if seed is not None:
        verdicts = campaign(range(seed, seed + 1), progress=progress)
        progress("\n".join(line for verdict in verdicts for line in verdict["trail"]))
        return _measured(verdicts, time.monotonic() - began)
    count = runs or (LONG_RUNS if long else RUNS)
    verdicts = campaign(range(1, count + 1), progress=progress)
    verdicts += hard.rounds(HARD if hard_rounds is None else hard_rounds, seed=1, progress=progress)
    return _measured(verdicts, time.monotonic() - began)


def campaign(
    seeds: range, *, lanes: int = LANES, words: Sequence[str] = (), progress: Progress | None = None
) -> list[dict[str, Any]]:
    """The verdict of every seed, on servers that live only for it. `words`: see `lane.main`.

    Raises RuntimeError with a lane's last words when one breaks.
    """
    lanes = min(lanes, len(seeds))
    with tempfile.TemporaryDirectory(prefix="cryonel-campaign-") as name:
        folder = Path(name)
        folder.chmod(0o711)  # PostgreSQL's own user passes through, where we are root
        with world.servers_running(folder):
            world.databases_make(folder, lanes)
            found = []
            for verdict in _side_by_side(folder, [seeds[n::lanes] for n in range(lanes)], words):
                found.append(verdict)
                if progress and (len(found) % TELL_EVERY == 0 or verdict["found"]):
                    wrong = sum(bool(each["found"]) for each in found)
                    progress(f"{len(found)} of {len(seeds)} runs, {wrong} with discrepancies")
                if progress and verdict["found"]:
                    progress(failure(verdict))
            return sorted(found, key=lambda verdict: int(verdict["seed"]))


def _side_by_side(
    folder: Path, shares: Sequence[range], words: Sequence[str]
) -> Iterator[dict[str, Any]]:
    """Verdicts as the lanes tell them."""
    told: queue.Queue[tuple[int, str]] = queue.Queue()
    processes = [_lane(folder, number, share, words) for number, share in enumerate(shares)]
    for number, process in enumerate(processes):
        threading.Thread(target=_listen, args=(number, process, told), daemon=True).start()
    running = set(range(len(processes)))
    try:
        while running:
            number, line = told.get()
            if line:
                yield json.loads(line)
                continue
            running.discard(number)
            if processes[number].wait():
                log = (folder / f"lane{number}.log").read_text(errors="replace")
                raise RuntimeError(f"lane {number} broke: {log[-3000:]}")
    finally:
        for process in processes:
            with suppress(ProcessLookupError):
                process.terminate()
            process.wait()


def _lane(folder: Path, number: int, share: range, words: Sequence[str]) -> subprocess.Popen[bytes]:
    seeds = (share.start, share.stop, share.step)
    with (folder / f"lane{number}.log").open("wb") as log:
        return subprocess.Popen(  # noqa: S603 ourselves
            [sys.executable, "-m", "apps.trading.campaign.lane", *words, *map(str, seeds)],
            env=world.environ(folder, lane=number),
            cwd=world.ROOT,
            stdout=subprocess.PIPE,
            stderr=log,
        )


def _listen(
    number: int, process: subprocess.Popen[bytes], told: queue.Queue[tuple[int, str]]
) -> None:
    for line in process.stdout or ():
        told.put((number, line.decode()))
    told.put((number, ""))


def _measured(verdicts: Sequence[dict[str, Any]], seconds: float) -> Measurement:
    faults, crashes, plans, orders = (
        total(verdicts, name) for name in ("faults", "crashes", "plans", "orders")
    )
    discrepancies = sum(len(verdict["found"]) for verdict in verdicts)
    figures = {
        "runs": Figure(sum(not _is_hard(v) for v in verdicts), "runs", "higher"),
        "hard_rounds": Figure(sum(_is_hard(v) for v in verdicts), "rounds", "higher"),
        "discrepancies": Figure(discrepancies, "discrepancies", "lower"),
        "seconds": Figure(round(seconds), "s", "lower"),
        "plans": Figure(sum(plans.values()), "plans", "higher"),
        "orders": Figure(sum(orders.values()), "orders", "higher"),
        "faults": Figure(sum(faults.values()), "faults", "higher"),
        "kills_and_cuts": Figure(sum(crashes.values()), "processes", "higher"),
    }
    figures |= {
        f"{kind}_{name.replace(' ', '_')}": Figure(count, kind, "higher")
        for kind, counts in (("fault", faults), ("end", crashes), ("plan", plans))
        for name, count in sorted(counts.items())
    }
    return Measurement(
        workload=(
            "seeded runs on practice venues with faults, forked processes ended by SIGKILL or cut "
            "off their database, lost, late and doubled messages, clocks that disagree; rounds on "
            "a living site with kill -9 of roles and servers; after each the venues' ledgers "
            "against our books, to the last digit"
        ),
        figures=figures,
        failures=tuple(failure(verdict) for verdict in verdicts if verdict["found"]),
    )


def _is_hard(verdict: dict[str, Any]) -> bool:
    return isinstance(verdict["seed"], str)


def failure(verdict: dict[str, Any]) -> str:
    """What a person needs to find the cause."""
    trail = [line[:240] for line in verdict["trail"][-SHOWN:]]
    return "\n".join(
        [
            f"seed {verdict['seed']} (manage.py benchmark fault_campaign --seed {verdict['seed']})"
            if not _is_hard(verdict)
            else str(verdict["seed"]),
            *trail,
            *(f"  DIFFERS: {sentence}" for sentence in verdict["found"]),
        ]
    )


def total(verdicts: Iterable[dict[str, Any]], name: str) -> Counter[str]:
    """The sum of one counter over runs."""
    found: Counter[str] = Counter()
    for verdict in verdicts:
        found += Counter(verdict[name])
    return found
