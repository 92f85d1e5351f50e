"""The hub's board in Redis: keys that the engine writes about twice a second and pages read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson
import redis
import structlog

from apps.core import ratelimit
from apps.markets.domain.board import SpreadRow

logger = structlog.get_logger(__name__)

BOARD = "markets:board"  # hash: row key -> SpreadRow as JSON
BOOKS = "markets:books"  # hash: symbol -> the top of each venue's book
META = "_"  # field of both: {"written_at": UTC ms, ...}
KEPT_FOR = 86_400  # seconds after the last write
MOST_UNSAVED = 20_000  # candles that wait for the database at most


@dataclass(frozen=True, slots=True)
class Mirror:
    """What Redis holds. written_at_ms None: nobody has written, or Redis does not answer."""

    written_at_ms: int | None
    rows: list[SpreadRow]
    venues: list[dict[str, Any]]
    answered: bool = True


def read_board() -> Mirror:
    try:
        fields: Any = ratelimit.store().hgetall(BOARD)
    except redis.RedisError:
        logger.warning("mirror.store_down")
        return Mirror(None, [], [], answered=False)
    meta = orjson.loads(fields.pop(META.encode(), b"{}"))
    rows = [SpreadRow.from_dict(orjson.loads(text)) for text in fields.values()]
    return Mirror(meta.get("written_at"), rows, meta.get("venues", []))


def read_books(*symbols: str) -> tuple[int | None, dict[str, dict[str, Any]]]:
    """(written at UTC ms, books by symbol); all symbols when none is named."""
    try:
        fields = _fields(symbols)
    except redis.RedisError:
        logger.warning("mirror.store_down")
        return None, {}
    meta = orjson.loads(fields.pop(META, b"{}") or b"{}")
    books = {symbol: orjson.loads(text) for symbol, text in fields.items() if text}
    return meta.get("written_at"), books


def _fields(symbols: tuple[str, ...]) -> dict[str, bytes | None]:
    store: Any = ratelimit.store()
    if not symbols:
        return {key.decode(): value for key, value in store.hgetall(BOOKS).items()}
    names = [META, *symbols]
    return dict(zip(names, store.hmget(BOOKS, names), strict=True))
