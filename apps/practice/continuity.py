"""Where each market stands, kept across restarts in one file that is replaced in one move.

Balances persist in the journal; were prices to start over, every account would gain or lose the
difference. Written about every second and at the end, so a killed process loses a second or two.
The time between two runs is skipped: the market goes on where it stood.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson

from apps.practice.sources import MarketSource, Resumable

logger = logging.getLogger(__name__)


class Continuity:
    """One file with an entry for each source that has a position of its own."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._kept = _read(path)
        self._held: dict[str, tuple[Resumable, int]] = {}  # slot -> (source, began)

    def take_up(self, codes: Sequence[str], source: MarketSource, now: int) -> int | None:
        """Let these instances' source go on where it stood; returns when its market began (UTC ms).

        None means that the market begins now: the first start, a source without a position, or a
        position that belongs to another seed, file or set of instances (the log says so).
        """
        if not isinstance(source, Resumable):
            return None
        slot = ",".join(codes)
        began = self._resume(slot, source)
        self._held[slot] = (source, now if began is None else began)
        return began

    def save(self) -> None:
        """Replace the file; what it held of markets that no longer run is gone then."""
        if not self._held:
            return
        content = {
            slot: {"world": source.world(), "began": began, "position": source.position()}
            for slot, (source, began) in self._held.items()
        }
        fresh = self.path.with_suffix(".new")
        fresh.write_bytes(orjson.dumps(content))
        fresh.replace(self.path)

    def _resume(self, slot: str, source: Resumable) -> int | None:
        kept = self._kept.get(slot)
        if kept is None:
            logger.info("the market of %s begins: no position of it is kept", slot)
            return None
        if kept.get("world") != source.world():
            logger.warning("the market of %s starts anew: its configuration changed", slot)
            return None
        try:
            began = int(kept["began"])
            source.resume(kept["position"])
        except (KeyError, TypeError, ValueError) as wrong:
            logger.warning("the market of %s starts anew: %s", slot, wrong)
            return None
        logger.info("the market of %s goes on where it stood", slot)
        return began


def _read(path: Path) -> Mapping[str, Any]:
    try:
        content = orjson.loads(path.read_bytes())
    except FileNotFoundError:
        return {}
    except orjson.JSONDecodeError:
        logger.warning("%s cannot be read: every market starts anew", path)
        return {}
    return content if isinstance(content, dict) else {}
