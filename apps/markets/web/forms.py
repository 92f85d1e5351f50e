"""What an address of the spread table may ask for; nonsense asks for nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation

from apps.markets.domain.board import SpreadRow
from apps.markets.selectors import BoardFilter

SORTS: dict[str, Callable[[SpreadRow], tuple[object, ...]]] = {
    "pair": lambda row: (row.symbol,),
    "buy": lambda row: (row.buy_label,),
    "sell": lambda row: (row.sell_label,),
    "age": lambda row: (row.at or 0,),
    "net": lambda row: _figure(row.net),
    "gross": lambda row: _figure(row.gross),
    "fees": lambda row: _figure(row.fees),
    "slippage": lambda row: _figure(row.slippage),
    "size": lambda row: _figure(row.notional),
}
TEXTS = {"pair", "buy", "sell"}


def board_filter(query: Mapping[str, str]) -> BoardFilter:
    """search, venue, net (percent, as the field on the page is)."""
    return BoardFilter(
        search=query.get("search", "").strip()[:40],
        venue=query.get("venue", "")[:60],
        min_net=_percent(query.get("net", "")),
    )


def board_order(query: Mapping[str, str], rows: list[SpreadRow]) -> list[SpreadRow]:
    """sort=net, or sort=-net for the other way round; figures fall first, names rise."""
    asked = query.get("sort", "")
    key = asked.removeprefix("-")
    if key not in SORTS:
        return rows
    falling = (key not in TEXTS) is not asked.startswith("-")
    return sorted(rows, key=SORTS[key], reverse=falling)


def _figure(text: str | None) -> tuple[object, ...]:
    return (text is not None, Decimal(text or 0))


def _percent(text: str) -> Decimal | None:
    try:
        number = Decimal(text.strip().replace(",", "."))
    except InvalidOperation:
        return None
    return number / 100 if number.is_finite() else None
