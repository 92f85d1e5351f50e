"""HALT, CANCEL and FLATTEN as words and arithmetic: what each covers, how much may be closed.

Sizes are base units, prices quote per base, slippage a fraction of the best price. Pure.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any

from apps.core.domain.money import ZERO
from apps.trading.domain.legs import SizeRules, assets_of
from apps.venues.domain.ports import Side


class KillScope(StrEnum):
    BOT = "BOT"
    WORKSPACE = "WORKSPACE"
    PLATFORM = "PLATFORM"


class KillCommand(StrEnum):
    REDUCE = "REDUCE"  # only rules ask for it: what brings exposure down still goes out
    HALT = "HALT"  # nothing opens any more
    CANCEL = "CANCEL"  # and every open order is cancelled
    FLATTEN = "FLATTEN"  # and every position is closed, until the venues say flat


class KillOrigin(StrEnum):
    UI = "UI"
    API = "API"
    COMMAND = "COMMAND"
    FILE = "FILE"
    RULE = "RULE"
    RESTART = "RESTART"


class KillStatus(StrEnum):
    PENDING = "PENDING"
    RUNNING = "RUNNING"
    DONE = "DONE"
    FAILED = "FAILED"  # it could not be carried out at all
    ATTENTION = "ATTENTION"  # time is over and something is left; the report says exactly what


ACTIVE = frozenset({KillStatus.PENDING, KillStatus.RUNNING})
INSTANT = frozenset({KillCommand.REDUCE, KillCommand.HALT})
STRENGTH = {command: place for place, command in enumerate(KillCommand)}


def scope_key(scope: KillScope, workspace_id: int | None, bot_id: int | None) -> str:
    """What may have one running command of a kind at a time."""
    if scope is KillScope.BOT:
        return f"BOT:{bot_id}"
    return "PLATFORM" if scope is KillScope.PLATFORM else f"WORKSPACE:{workspace_id}"


@dataclass(frozen=True, slots=True)
class Place:
    """An amount of an asset that trading left on a connection; symbol "": no market known there."""

    connection_id: int
    venue: str
    symbol: str
    amount: Decimal  # positive: bought there and not sold there


@dataclass(frozen=True, slots=True)
class NetPosition:
    """What all fills of a bot (None: of no bot) add up to in one asset. Flat: zero.

    An arbitrage that bought at one venue and sold as much at another is flat.
    """

    bot_id: int | None
    base: str
    quote: str  # of the place that would be closed first
    net: Decimal
    places: tuple[Place, ...]
    unknown: bool = False  # a price is missing, so that the amount is not certain

    @property
    def side(self) -> Side:
        """What closes it."""
        return Side.SELL if self.net > 0 else Side.BUY

    def closable(self) -> list[Place]:
        """Where it is held, the largest amount first."""
        same = [
            p for p in self.places if p.symbol and (p.amount > 0) == (self.net > 0) and p.amount
        ]
        return sorted(same, key=lambda place: -abs(place.amount))


@dataclass(frozen=True, slots=True)
class FillSum:
    """Fills of one bot at one place, added up. Bought is positive for base, negative for quote."""

    bot_id: int | None
    connection_id: int
    venue: str
    symbol: str
    base_net: Decimal
    quote_net: Decimal | None  # None: a price is missing


@dataclass(frozen=True, slots=True)
class FeeSum:
    """Fees of one bot on a connection, charged in an asset that it may hold a position in."""

    bot_id: int | None
    connection_id: int
    venue: str
    asset: str
    amount: Decimal


def positions_of(sums: Iterable[FillSum], fees: Iterable[FeeSum] = ()) -> list[NetPosition]:
    """Positions per bot and asset. An asset counts where it is the base of some fill of the bot:
    what it was then spent on as a quote, or as a fee, counts too; what is only ever a quote is
    money.
    """
    by_bot: dict[int | None, list[FillSum]] = {}
    paid: dict[tuple[int | None, str], list[FeeSum]] = {}
    for row in sums:
        by_bot.setdefault(row.bot_id, []).append(row)
    for fee in fees:
        paid.setdefault((fee.bot_id, fee.asset), []).append(fee)
    found = []
    for bot_id, rows in sorted(by_bot.items(), key=lambda item: item[0] or 0):
        for asset in sorted({assets_of(row.symbol)[0] for row in rows}):
            position = _position(bot_id, asset, rows, paid.get((bot_id, asset), []))
            if position.net or position.unknown:
                found.append(position)
    return found


def _position(
    bot_id: int | None, asset: str, rows: Sequence[FillSum], fees: Sequence[FeeSum]
) -> NetPosition:
    amounts: dict[int, Decimal] = {}
    markets: dict[int, tuple[Decimal, str, str]] = {}  # {connection: (largest, venue, symbol)}
    unknown = False
    for row in rows:
        base, quote = assets_of(row.symbol)
        if base == asset:
            moved = row.base_net
            size = abs(row.base_net)
            if row.connection_id not in markets or size > markets[row.connection_id][0]:
                markets[row.connection_id] = (size, row.venue, row.symbol)
        elif quote == asset:
            unknown = unknown or row.quote_net is None
            moved = row.quote_net or ZERO
            markets.setdefault(row.connection_id, (ZERO, row.venue, ""))
        else:
            continue
        amounts[row.connection_id] = amounts.get(row.connection_id, ZERO) + moved
    for fee in fees:
        markets.setdefault(fee.connection_id, (ZERO, fee.venue, ""))
        amounts[fee.connection_id] = amounts.get(fee.connection_id, ZERO) - fee.amount
    places = tuple(
        Place(number, markets[number][1], markets[number][2], amount)
        for number, amount in sorted(amounts.items())
    )
    made = NetPosition(bot_id, asset, "", sum(amounts.values(), ZERO), places, unknown)
    first = next(iter(made.closable()), None)
    named = first.symbol if first else next((p.symbol for p in places if p.symbol), f"{asset}/")
    return NetPosition(bot_id, asset, assets_of(named)[1], made.net, places, unknown)


def closing_size(
    *,
    remaining: Decimal,
    at_place: Decimal,
    side: Side,
    price: Decimal,
    free_base: Decimal,
    free_quote: Decimal,
    fee_rate: Decimal,
    rules: SizeRules,
) -> Decimal:
    """How much to close here: never more than is open, held here and paid for. 0: too little.

    Whatever part of it fills, the position shrinks and never changes its sign.
    """
    size = min(abs(remaining), abs(at_place))
    if side is Side.SELL:
        size = min(size, max(free_base, ZERO))
    else:
        size = min(size, max(free_quote, ZERO) / (price * (1 + max(fee_rate, ZERO))))
    return rules.tradable(size, price)


def closing_limit(side: Side, best: Decimal, slippage: Decimal, rules: SizeRules) -> Decimal:
    """The worst price a closing order may get, on the venue's steps, never beyond the bound."""
    if side is Side.SELL:
        return rules.price_up(best * (1 - slippage))
    return rules.price_down(best * (1 + slippage))


def slippage_at(attempt: int, ladder: Sequence[Decimal]) -> Decimal:
    """Wider with each attempt that did not close, up to the last rung."""
    return ladder[min(attempt, len(ladder) - 1)]


@dataclass(frozen=True, slots=True)
class Execution:
    side: Side
    quantity: Decimal
    price: Decimal | None
    fee_quote: Decimal | None  # None: not known in quote
    closing: bool  # of the command's own orders


def realised(executions: Iterable[Execution]) -> Decimal | None:
    """What closing earned against the average cost of what was open, fees of closing included.

    None: a price or fee that it needs is not known.
    """
    held, cost, earned = ZERO, ZERO, ZERO
    for each in executions:
        if each.price is None or (each.closing and each.fee_quote is None):
            return None
        signed = each.quantity if each.side is Side.BUY else -each.quantity
        opposite = min(abs(signed), abs(held)) if (signed > 0) != (held > 0) else ZERO
        if opposite:
            average = cost / held
            gain = (each.price - average) * (opposite if held > 0 else -opposite)
            earned += gain if each.closing else ZERO
            cost -= average * (opposite if held > 0 else -opposite)
            held += -opposite if held > 0 else opposite
        added = abs(signed) - opposite
        if added:
            held += added if signed > 0 else -added
            cost += each.price * (added if signed > 0 else -added)
        if each.closing:
            earned -= each.fee_quote or ZERO
    return earned


def canonical(report: Mapping[str, Any]) -> str:
    """The report as text that is the same for everyone who hashes it."""
    return json.dumps(report, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def report_hash(report: Mapping[str, Any]) -> str:
    """SHA-256 over the canonical text, in hex."""
    return hashlib.sha256(canonical(report).encode()).hexdigest()
