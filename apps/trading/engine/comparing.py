"""An engine trusts no comparison from before its own start. Runs on the database thread."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from django.utils import timezone

from apps.trading.selectors.engine import EngineBot
from apps.trading.services.alignment import alignment_begin


class Comparing:
    """Connections whose comparison this engine asked for; until it came back, bots wait."""

    def __init__(self) -> None:
        self._begun: set[int] = set()

    def begin(self, bots: Sequence[EngineBot]) -> None:
        """Have the connections of newly held bots compared anew, each once per engine."""
        from apps.trading.tasks_sync import connection_reconcile

        fresh: dict[int, set[int]] = defaultdict(set)
        for bot in bots:
            fresh[bot.workspace_id] |= {n for n, _ in bot.connections if n not in self._begun}
        for workspace_id, numbers in sorted(fresh.items()):
            if not numbers:
                continue
            alignment_begin(workspace_id=workspace_id, connection_ids=numbers, now=timezone.now())
            self._begun |= numbers
            for connection_id in sorted(numbers):
                connection_reconcile.delay(workspace_id=workspace_id, connection_id=connection_id)
