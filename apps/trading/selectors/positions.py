"""A bot's inventory by venue, how far it drifted, and which transfers would help."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db.models import Sum

from apps.core.domain.money import ZERO
from apps.core.domain.people import Reader
from apps.markets.selectors import mids_now
from apps.portfolio.selectors import balance_list
from apps.trading.domain import rebalance
from apps.trading.models import Bot, BotInventory, CapitalReservation
from apps.venues.registry import venue_label


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """One asset at one venue. Shares are fractions of this asset over the bot's venues;
    value is None while no live price is known."""

    asset: str
    connection_id: int
    venue_label: str
    held: Decimal
    reserved: Decimal
    value: Decimal | None
    quote: str
    share: Decimal
    target: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    asset: str
    quantity: Decimal
    from_label: str
    to_label: str
    value: Decimal | None
    quote: str


@dataclass(frozen=True, slots=True)
class Positions:
    rows: list[Position]
    advice: list[Advice]
    as_of: datetime | None


def bot_positions(*, reader: Reader, bot: Bot) -> Positions:
    """The assets of the bot's pairs on its connections; wanted shares are those at its start."""
    held, as_of = _held(reader, bot)
    wanted = _wanted(bot, held)
    reserved = _reserved(bot)
    labels = {each.connection_id: venue_label(each.venue) for each in bot.venues.all()}
    quote, prices = _prices(bot)
    rows, advice = [], []
    for asset, by_place in sorted(held.items()):
        now, target = rebalance.shares(by_place), wanted[asset]
        price = prices.get(asset)
        for place, amount in by_place.items():
            rows.append(
                Position(
                    asset=asset,
                    connection_id=place,
                    venue_label=labels[place],
                    held=amount,
                    reserved=reserved.get((place, asset), ZERO),
                    value=None if price is None else amount * price,
                    quote=quote,
                    share=now[place],
                    target=target[place],
                )
            )
        advice += [
            Advice(
                asset=asset,
                quantity=move.quantity,
                from_label=labels[move.source],
                to_label=labels[move.target],
                value=None if price is None else move.quantity * price,
                quote=quote,
            )
            for move in rebalance.advise(by_place, target)
        ]
    return Positions(rows, advice, as_of)


def _assets(bot: Bot) -> set[str]:
    return {asset for pair in bot.params.get("pairs", []) for asset in str(pair).split("/")}


def _held(reader: Reader, bot: Bot) -> tuple[dict[str, dict[int, Decimal]], datetime | None]:
    places = [each.connection_id for each in bot.venues.all()]
    held = {asset: dict.fromkeys(places, ZERO) for asset in _assets(bot)}
    as_of: datetime | None = None
    for row in balance_list(reader=reader):
        if row.connection_id in places and row.asset in held:
            held[row.asset][row.connection_id] = row.free + row.used
            as_of = row.at if as_of is None else min(as_of, row.at)
    return held, as_of


def _wanted(bot: Bot, held: dict[str, dict[int, Decimal]]) -> dict[str, dict[int, Decimal]]:
    """Shares at the bot's start; an equal share where the start is not known."""
    start: dict[str, dict[int, Decimal]] = defaultdict(dict)
    for row in BotInventory.objects.filter(bot=bot):
        start[row.asset][row.connection_id] = row.amount
    wanted = {}
    for asset, by_place in held.items():
        known = {place: start[asset].get(place, ZERO) for place in by_place}
        wanted[asset] = rebalance.shares(known)
    return wanted


def _reserved(bot: Bot) -> dict[tuple[int, str], Decimal]:
    rows = CapitalReservation.objects.filter(bot=bot, released_at=None)
    summed = rows.values_list("connection_id", "asset").annotate(total=Sum("amount"))
    return {(place, asset): total for place, asset, total in summed}


def _prices(bot: Bot) -> tuple[str, dict[str, Decimal]]:
    """The quote asset of the bot's first pair, and what each asset is worth in it now."""
    pairs = [str(pair) for pair in bot.params.get("pairs", [])]
    quote = pairs[0].partition("/")[2] if pairs else ""
    mids = mids_now()
    prices = {quote: Decimal(1)}
    for asset in _assets(bot):
        if (mid := mids.get(f"{asset}/{quote}")) is not None:
            prices[asset] = mid
    return quote, prices
