"""What an engine needs to know of the bots it holds; read together, few queries for any number."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import Exists, OuterRef

from apps.markets.selectors import instrument_list
from apps.trading.domain.alignment import AlignmentFact
from apps.trading.domain.plans import SizeRules
from apps.trading.domain.risk import Claim
from apps.trading.models import AccountFee, Bot, BotRestart, BotVenue
from apps.trading.selectors import exposure
from apps.trading.selectors.alignment import alignment_of
from apps.trading.selectors.capital import capital_left
from apps.trading.selectors.plans import Pause, pairs_churned
from apps.trading.strategies.interface import BotFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineBot:
    bot_id: int
    workspace_id: int
    fencing_token: int
    running: bool
    restarting: bool  # its owner's choice after an unclean end is not carried out yet
    paused_until: datetime | None
    strategy: str
    params: Mapping[str, Any]
    connections: tuple[tuple[int, str], ...]  # (connection id, venue code)


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineFacts:
    """Free capital by (connection, asset), what is left of each bot's own, and taker fees by
    (connection, symbol)."""

    bots: Mapping[int, BotFacts]
    free: Mapping[Claim, Decimal]
    own: Mapping[int, Mapping[Claim, Decimal]]
    fees: Mapping[tuple[int, str], Decimal]
    alignment: Mapping[int, AlignmentFact]


def engine_roster(*, owner: str) -> list[EngineBot]:
    """The bots whose lease this engine holds."""
    rows = Bot.objects.filter(lease_owner=owner, deleted_at=None).exclude(status="STOPPED")
    waiting = BotRestart.objects.filter(bot=OuterRef("pk"), outcome="WAITING")
    rows = rows.annotate(restarting=Exists(waiting))
    return [
        EngineBot(
            bot_id=bot.pk,
            workspace_id=bot.workspace_id,
            fencing_token=bot.fencing_token,
            running=bot.status == "RUNNING",
            restarting=bot.restarting,
            paused_until=bot.paused_until if bot.status == "PAUSED" else None,
            strategy=bot.strategy,
            params=bot.params,
            connections=tuple((each.connection_id, each.venue) for each in bot.venues.all()),
        )
        for bot in rows.prefetch_related("venues").order_by("pk")
    ]


def lease_owners(*, now: datetime) -> list[str]:
    """Who holds leases that did not end yet."""
    rows = Bot.objects.filter(lease_until__gte=now, deleted_at=None).exclude(lease_owner="")
    return list(rows.values_list("lease_owner", flat=True).distinct())


def engine_facts(*, bots: Sequence[EngineBot], now: datetime) -> EngineFacts:
    numbers = [bot.bot_id for bot in bots]
    counts = exposure.bot_counts(numbers, now)
    busy = exposure.busy_symbols(numbers)
    churned = pairs_churned(numbers, now)
    free: dict[Claim, Decimal] = {}
    for workspace_id in sorted({bot.workspace_id for bot in bots}):
        free |= exposure.free_capital(workspace_id)
    connection_ids = {number for bot in bots for number, _ in bot.connections}
    return EngineFacts(
        bots={
            number: _bot_facts(
                counts.get(number, {}), busy.get(number, frozenset()), churned.get(number, {})
            )
            for number in numbers
        },
        free=free,
        own=capital_left(numbers),
        fees=account_fees(connection_ids),
        alignment=alignment_of(connection_ids, now=now),
    )


def account_fees(connection_ids: Iterable[int]) -> dict[tuple[int, str], Decimal]:
    rows = AccountFee.objects.filter(connection_id__in=list(connection_ids))
    return {(row.connection_id, row.symbol): row.taker for row in rows}


def instrument_rules(
    venues: Iterable[str],
) -> dict[tuple[str, str], tuple[SizeRules, Decimal | None]]:
    """{(venue, symbol): (rules, list price of taking)} of what may be traded now."""
    found: dict[tuple[str, str], tuple[SizeRules, Decimal | None]] = {}
    for venue in sorted(set(venues)):
        for each in instrument_list(venue=venue):
            found[venue, each.symbol] = rules_of(each), each.taker_fee
    return found


def rules_of(instrument: Any) -> SizeRules:
    return SizeRules(
        quantity_step=instrument.quantity_step,
        price_step=instrument.price_step,
        min_quantity=instrument.min_quantity,
        max_quantity=instrument.max_quantity,
        min_notional=instrument.min_notional,
    )


def connection_symbols(*, connection_id: int) -> list[str]:
    """The pairs that bots trade over a connection and its venue lists: whose fees can be asked.

    One bot's mistyped pair must not make the question fail for all.
    """
    symbols: dict[str, None] = {}
    rows = Bot.objects.filter(venues__connection_id=connection_id, deleted_at=None)
    for params in rows.values_list("params", flat=True):
        symbols |= dict.fromkeys(params.get("pairs", ()))
    venues = BotVenue.objects.filter(connection_id=connection_id).values_list("venue", flat=True)
    listed = {each.symbol for venue in set(venues) for each in instrument_list(venue=venue)}
    return [symbol for symbol in symbols if symbol in listed]


def connections_trading() -> set[int]:
    """Platform-wide: the connections that running bots trade over."""
    rows = BotVenue.objects.filter(bot__status="RUNNING", bot__deleted_at=None)
    return set(rows.values_list("connection_id", flat=True))


def bots_on(*, connection_id: int) -> dict[int, list[tuple[int, str, str]]]:
    """{workspace: [(bot, status, status code)]} of the bots that trade over a connection."""
    found: dict[int, list[tuple[int, str, str]]] = defaultdict(list)
    rows = Bot.objects.filter(venues__connection_id=connection_id, deleted_at=None)
    for workspace_id, bot_id, status, code in rows.values_list(
        "workspace_id", "pk", "status", "status_code"
    ):
        found[workspace_id].append((bot_id, status, code))
    return found


def bot_names_on(workspace_id: int, connection_id: int) -> list[tuple[int, str]]:
    """The running bots that would lose a connection, for whoever wants to remove it."""
    rows = Bot.objects.filter(
        workspace_id=workspace_id, venues__connection_id=connection_id, deleted_at=None
    ).exclude(status="STOPPED")
    return list(rows.order_by("name").values_list("pk", "name"))


def _bot_facts(
    counts: Mapping[str, Any], busy: frozenset[str], churned: Mapping[str, Pause]
) -> BotFacts:
    return BotFacts(
        open_plans=counts.get("open_plans", 0),
        plans_hour=counts.get("plans_hour", 0),
        plans_day=counts.get("plans_day", 0),
        loss_day=exposure.loss(counts.get("pnl_day")),
        last_failure_at=counts.get("last_failure_at"),
        busy_symbols=busy,
        churned=churned,
    )
