"""The venues as the guard sees them: asked side by side, every answer or error kept by name."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import structlog

from apps.core.domain.errors import CryonelError
from apps.venues.domain.ports import TradingVenue

logger = structlog.get_logger(__name__)
Key = TypeVar("Key", bound=Hashable)
_callers = ThreadPoolExecutor(max_workers=32, thread_name_prefix="guard-call")


def client_of(connection_id: int) -> TradingVenue:
    """The connection's client, also of a paused one. Imported at first use: it loads venues."""
    from apps.venues.services import client_for_closing

    return client_for_closing(connection_id)


class Desk:
    """Clients of one round. A connection without a client has a problem, told by its code."""

    def __init__(self) -> None:
        self._clients: dict[int, TradingVenue] = {}
        self.problems: dict[int, str] = {}

    def client(self, connection_id: int) -> TradingVenue | None:
        if connection_id in self.problems:
            return None
        if connection_id not in self._clients:
            try:
                self._clients[connection_id] = client_of(connection_id)
            except CryonelError as e:
                logger.warning("guard.no_client", connection_id=connection_id, code=e.code)
                self.problems[connection_id] = e.code
                return None
        return self._clients[connection_id]


def ask_all(questions: Mapping[Key, Callable[[], Any]]) -> dict[Key, Any]:
    """All at once; the answer of each, or the CryonelError that it raised. No database inside."""
    asked = {key: _callers.submit(_answer, question) for key, question in questions.items()}
    return {key: future.result() for key, future in asked.items()}


def _answer(question: Callable[[], Any]) -> Any:
    try:
        return question()
    except CryonelError as e:
        return e
    except Exception:
        logger.exception("guard.call_failed")
        return Unforeseen()


class Unforeseen(CryonelError):
    """A call broke in a way that nobody named: it told nothing, so it is asked again."""
