"""Buy where it is cheap and sell where it is dear at the same moment, from inventory on both.

Nothing is moved between venues. The size is grown only through book levels whose own net, after
both fees, still reaches threshold + buffer; so even a fill at the last level walked is above the
threshold. The limits may then give way by at most the buffer and the allowed slippage.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from apps.core.domain.errors import InputRefused, gettext_noop
from apps.trading.domain.decisions import Decision
from apps.trading.domain.errors import VenuesTooFew
from apps.trading.domain.plans import PlanIntent
from apps.trading.domain.risk import Caps
from apps.trading.strategies import sizing
from apps.trading.strategies.guards import book_problem, cap_reached, pair_paused
from apps.trading.strategies.interface import BookTick, Facts, StrategyType, VenueFacts
from apps.trading.strategies.parameters import Kind, parameter

_ = gettext_noop


@dataclass(frozen=True, slots=True, kw_only=True)
class ArbitrageParams:
    pairs: tuple[str, ...] = parameter(
        Kind.SYMBOLS, label=_("Pairs"), help=_("Pairs to watch, such as BTC/USDT.")
    )
    venues: tuple[int, ...] = parameter(
        Kind.VENUES,
        label=_("Connections"),
        help=_("Two or more connections at different venues; each needs both assets of a pair."),
    )
    threshold: Decimal = parameter(
        Kind.PERCENT,
        label=_("Threshold"),
        help=_("Trade only when the net, after fees and slippage, is at least this."),
        minimum="0.01",
        maximum="20",
        default=Decimal("0.0015"),
    )
    notional: Decimal = parameter(
        Kind.DECIMAL,
        label=_("Amount per trade"),
        help=_("At most this much is bought, and the same size sold, in one trade."),
        unit=_("quote"),
        minimum="1",
        maximum="1000000",
        default=Decimal(500),
    )
    max_slippage: Decimal = parameter(
        Kind.PERCENT,
        label=_("Largest slippage"),
        help=_("How far from the best price a leg may trade."),
        minimum="0",
        maximum="5",
        default=Decimal("0.002"),
    )
    buffer: Decimal = parameter(
        Kind.PERCENT,
        label=_("Safety buffer"),
        help=_("Net needed on top of the threshold when deciding; limits may give way by it."),
        minimum="0",
        maximum="5",
        default=Decimal("0.0005"),
    )
    max_unwind_loss: Decimal = parameter(
        Kind.PERCENT,
        label=_("Largest unwind loss"),
        help=_("If only one leg fills, it is taken back at no worse than this from its price."),
        minimum="0.01",
        maximum="10",
        default=Decimal("0.01"),
    )
    max_open: int = parameter(
        Kind.INT, label=_("Open trades at once"), minimum="1", maximum="20", default=2
    )
    max_per_hour: int = parameter(
        Kind.INT, label=_("Trades per hour"), minimum="1", maximum="3600", default=120
    )
    max_per_day: int = parameter(
        Kind.INT, label=_("Trades per 24 hours"), minimum="1", maximum="50000", default=1000
    )
    daily_loss: Decimal = parameter(
        Kind.DECIMAL,
        label=_("Loss limit per 24 hours"),
        help=_("The bot waits once its trades of 24 hours lost this much."),
        unit=_("quote"),
        minimum="1",
        maximum="1000000",
        default=Decimal(100),
    )
    cooldown: int = parameter(
        Kind.INT,
        label=_("Cooldown after a failed trade"),
        unit="s",
        minimum="0",
        maximum="86400",
        default=10,
    )
    valid_for: int = parameter(
        Kind.INT,
        label=_("Order validity"),
        help=_("An order that was not sent within this time is dropped."),
        unit="s",
        minimum="1",
        maximum="60",
        default=5,
    )
    max_book_age: Decimal = parameter(
        Kind.DECIMAL,
        label=_("Oldest order book"),
        help=_("No trade on books older than this."),
        unit="s",
        minimum="0.1",
        maximum="30",
        default=Decimal(3),
    )


def on_event(
    state: None, event: BookTick, params: ArbitrageParams, facts: Facts
) -> tuple[None, list[PlanIntent], list[Decision]]:
    """At most one plan: the direction with the highest net that passes everything."""
    if event.symbol not in params.pairs or event.symbol in facts.bot.busy_symbols:
        return state, [], []
    if waiting := cap_reached(caps(params), facts):
        return state, [], [waiting]
    if paused := pair_paused(facts, event.symbol):
        return state, [], [paused]
    usable, decisions = _usable(event.symbol, params, facts)
    best = sizing.best_direction(usable)
    if best is None:
        return state, [], decisions
    intent, decision = sizing.plan_for(*best, event, params)
    return state, [intent] if intent else [], [*decisions, decision]


def _usable(
    symbol: str, params: ArbitrageParams, facts: Facts
) -> tuple[list[VenueFacts], list[Decision]]:
    """The venues whose books and fees may be believed, and why the others may not."""
    usable, decisions = [], []
    for venue in facts.venues:
        if problem := book_problem(venue, symbol, params.max_book_age):
            decisions.append(problem)
        else:
            usable.append(venue)
    return usable, decisions


def caps(params: ArbitrageParams) -> Caps:
    return Caps(
        max_notional=params.notional * Decimal("1.05"),  # limits stand above the walked price
        max_open_plans=params.max_open,
        max_plans_hour=params.max_per_hour,
        max_plans_day=params.max_per_day,
        daily_loss=params.daily_loss,
        cooldown=timedelta(seconds=params.cooldown),
        max_book_age=float(params.max_book_age),
    )


def symbols(params: ArbitrageParams) -> tuple[str, ...]:
    return params.pairs


def check(params: ArbitrageParams, venues: Mapping[int, str]) -> None:
    """Raises VenuesTooFew unless the connections stand at two or more venues, InputRefused for
    pairs of several quote assets: amounts and limits would mean different things."""
    if len(set(venues.values())) < 2:
        raise VenuesTooFew
    if len({pair.partition("/")[2] for pair in params.pairs}) > 1:
        raise InputRefused(details={"pairs": [_("All pairs of a bot need the same quote asset.")]})


STRATEGY = StrategyType(
    code="arbitrage",
    label=_("Arbitrage between exchanges"),
    summary=_(
        "Buys a pair where it is cheap and sells the same size where it is dear, at once, when "
        "the difference pays for fees, slippage and your threshold."
    ),
    params_type=ArbitrageParams,
    start=None,
    on_event=on_event,
    symbols=symbols,
    caps=caps,
    check=check,
)
