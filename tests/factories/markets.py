"""Rows of the markets room: boring and valid."""

from __future__ import annotations

import time
from typing import Any

import orjson
from django.utils import timezone

from apps.core import ratelimit
from apps.markets import mirror
from apps.markets.domain.board import SpreadRow
from apps.markets.models import Instrument


def instrument(venue: str = "alpha", symbol: str = "BTC/USDT", **fields: object) -> Instrument:
    base, _, quote = symbol.partition("/")
    boring: dict[str, Any] = {
        "venue": venue,
        "symbol": symbol,
        "base": base,
        "quote": quote,
        "active": True,
        "taker_fee": "0.001",
        "seen_at": timezone.now(),
    }
    return Instrument.objects.create(**(boring | fields))


def spread_row(
    symbol: str = "BTC/USDT", buy: str = "alpha", sell: str = "beta", **fields: Any
) -> SpreadRow:
    boring: dict[str, Any] = {
        "key": f"{symbol}|{buy}|{sell}",
        "symbol": symbol,
        "buy_venue": buy,
        "sell_venue": sell,
        "buy_label": buy.title(),
        "sell_label": sell.title(),
        "gross": "0.003500",
        "fees": "0.002000",
        "slippage": "0.000100",
        "net": "0.001400",
        "quantity": "0.01000000",
        "notional": "1000.00",
        "age_ms": 100,
        "at": round(time.time() * 1000),
        "state": "ok",
        "reason": "",
        "simulated": False,
    }
    return SpreadRow(**(boring | fields))


def mirrored(*rows: SpreadRow, books: tuple[dict[str, Any], ...] = (), age_ms: int = 0) -> None:
    """Redis as the hub would have left it `age_ms` ago."""
    store = ratelimit.store()
    store.delete(mirror.BOARD, mirror.BOOKS)
    meta = orjson.dumps({"written_at": round(time.time() * 1000) - age_ms, "venues": []})
    board: dict[Any, Any] = {row.key: orjson.dumps(row.as_dict()) for row in rows}
    store.hset(mirror.BOARD, mapping=board | {mirror.META: meta})
    shelf: dict[Any, Any] = {book["symbol"]: orjson.dumps(book) for book in books}
    store.hset(mirror.BOOKS, mapping=shelf | {mirror.META: meta})


def book(symbol: str = "BTC/USDT", *venues: str, **fields: Any) -> dict[str, Any]:
    """The tops of books as the mirror holds them, alike at every venue."""
    face: dict[str, Any] = {
        "simulated": False,
        "state": "ok",
        "reason": "",
        "age_ms": 100,
        "at": round(time.time() * 1000),
        "bids": [["99", "2"]],
        "asks": [["101", "4"]],
    }
    faces = [face | {"venue": code, "label": code.title()} | fields for code in venues]
    return {"symbol": symbol, "venues": faces}
