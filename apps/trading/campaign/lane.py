"""Many seeds in a row, in one warm process: `python -m apps.trading.campaign.lane 1 301 2`.

Prints one JSON object a run as it ends. Its environment is what `world.environ` says.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import django

from apps.trading.campaign.world import venue_running


def main(words: list[str]) -> None:
    """`FROM TO STEP` as of range(). `calm` before them: no faults; `spoiled`: a bug in each."""
    seeds = range(*(int(word) for word in words if word.isdigit()))
    for verdict in verdicts(seeds, hostile="calm" not in words, spoiled="spoiled" in words):
        print(json.dumps(vars(verdict)), flush=True)  # noqa: T201 the answer to the parent


def verdicts(
    seeds: Iterable[int],
    *,
    hostile: bool = True,
    spoiled: bool = False,
) -> Iterator[Any]:
    """The verdict of each seed, in order."""
    with world() as made:
        from apps.trading.campaign.run import Run
        from apps.trading.campaign.sabotage import sabotage_of
        from apps.trading.campaign.scenario import Scenario

        for seed in seeds:
            sabotage = sabotage_of(seed) if spoiled else None
            yield Run(made, Scenario(seed, hostile), sabotage).play()


@contextmanager
def world() -> Iterator[Any]:
    """The practice venue, and this process warmed up: all is loaded, nothing is open."""
    with venue_running(os.environ) as url, tempfile.TemporaryDirectory() as folder:
        os.environ["CRYONEL_PRACTICE_URL"] = url
        django.setup()
        from apps.trading.campaign.children import Child
        from apps.trading.campaign.clock import WorldClock
        from apps.trading.campaign.post import PostOffice
        from apps.trading.campaign.run import World
        from apps.trading.campaign.venue import VenueControl

        office = PostOffice(Path(folder) / "letters")
        office.install()
        control = VenueControl(url, os.environ["CRYONEL_PRACTICE_TOKEN"])
        _load()
        ready = Child("ready", lambda _: _ready()).ending()
        if ready.error:
            raise RuntimeError(ready.error)
        yield World(WorldClock(), office, control)


def _load() -> None:
    """What every child would import for itself."""
    from apps.trading.campaign import desk, roles, run  # noqa: F401
    from apps.venues import registry
    from apps.venues.adapters import _wire, practice
    from cryonel.celery import app

    app.loader.import_default_modules()
    app.finalize()
    app.set_default()
    registry.adapter_types()
    for venue in practice.practice_venues():
        client = registry.adapter_for(venue.code)({})
        client.warm()
        client.close()
    _wire._shared().poolmanager.clear()  # no socket that two children could share
    gc.collect()
    gc.freeze()


def _ready() -> None:
    """What is true before any run: the venues' instruments are known."""
    from django.utils import timezone

    from apps.markets.services import instruments_refresh
    from apps.trading.campaign.scenario import INSTANCES

    for code in INSTANCES:
        instruments_refresh(venue=f"practice.{code}", now=timezone.now())


if __name__ == "__main__":
    main(sys.argv[1:])
