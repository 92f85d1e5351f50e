"""Rules about what is wanted itself: may it go at all, and is its price sane?"""

from __future__ import annotations

from decimal import Decimal

from apps.core.domain.errors import gettext_noop
from apps.core.domain.money import ZERO, plain
from apps.trading.domain.risk.facts import Leg, RiskContext, SecondPrice, Wanted
from apps.trading.domain.risk.findings import (
    PASSED,
    Finding,
    Verdict,
    refused,
    unknown,
    within,
)
from apps.trading.domain.states import TradingState
from apps.venues.domain.ports import Side


def kill_switch(wanted: Wanted, context: RiskContext) -> Finding:
    if context.state is TradingState.HALTED:
        return refused("HALTED", who=context.state_scope)
    if context.state is TradingState.REDUCING and not wanted.reducing:
        return refused("REDUCING", who=context.state_scope)
    return PASSED


def bot_running(wanted: Wanted, context: RiskContext) -> Finding:
    return PASSED if context.running else refused("BOT_NOT_RUNNING")


def fencing(wanted: Wanted, context: RiskContext) -> Finding:
    return refused("FENCED") if context.fenced else PASSED


def connections(wanted: Wanted, context: RiskContext) -> Finding:
    return PASSED if context.connections_fit else refused("CONNECTION_UNFIT")


def live_locked(wanted: Wanted, context: RiskContext) -> Finding:
    """Real money needs the permission that a person gave for this bot or this connection."""
    if not context.live_locked:
        return PASSED
    what = gettext_noop("connection") if context.bot is None else gettext_noop("bot")
    return refused("LIVE_LOCKED", what=what, why=context.live_locked)


def alignment(wanted: Wanted, context: RiskContext) -> Finding:
    """Nothing opens where our books and the venue's were not found to agree."""
    for connection_id in sorted(wanted.connection_ids & context.unaligned.keys()):
        status = context.unaligned[connection_id]
        return refused("UNALIGNED", connection_id=str(connection_id), status=status)
    return PASSED


def legs(wanted: Wanted, context: RiskContext) -> Finding:
    return PASSED if wanted.equal_legs else refused("LEGS_UNEQUAL")


def sizes(wanted: Wanted, context: RiskContext) -> Finding:
    """Each leg as the venue takes it: its step, minimum, maximum and least notional."""
    for leg in wanted.legs:
        price = leg.price or leg.reference or ZERO
        if leg.quantity <= 0 or leg.rules.tradable(leg.quantity, price) != leg.quantity:
            return refused("SIZE_TOO_SMALL", symbol=wanted.symbol, size=plain(leg.quantity))
    return PASSED


def reduce_only(wanted: Wanted, context: RiskContext) -> Finding:
    """On spot a sale gives away what is held. A purchase reduces only what was sold short."""
    if not wanted.reducing or wanted.plan or wanted.legs[0].side is Side.SELL:
        return PASSED
    held = (context.bot or context.account).holdings.get(wanted.base)
    short = max(-held.net, ZERO) if held else ZERO
    if wanted.quantity <= short:
        return PASSED
    return refused("NOT_REDUCING", quantity=plain(wanted.quantity), short=plain(short))


def stale_book(wanted: Wanted, context: RiskContext) -> Finding:
    if not wanted.book_ages:
        return PASSED
    age = Decimal(str(max(wanted.book_ages)))
    pairs = ((age, context.limits), (age, context.bot_limits))
    return within("max_book_age", "PRICES_STALE", pairs, word="age", symbol=wanted.symbol)


def notional(wanted: Wanted, context: RiskContext) -> Finding:
    value = context.value(wanted)
    if value is None:
        return unknown(gettext_noop("the value of the order"))
    if wanted.reducing:
        return PASSED
    pairs = ((value, context.limits), (value, context.bot_limits))
    return within("max_order_value", "NOTIONAL_TOO_HIGH", pairs, word="notional")


def price_deviation(wanted: Wanted, context: RiskContext) -> Finding:
    """Each price against markets other than its own. A better price than theirs is no fault.

    The legs of a plan stand at different venues: each is the other's second source. Where no
    second source can exist (one venue lists the pair) paper orders pass with a note.
    """
    worst = ZERO
    for leg in wanted.legs:
        price, second = _judged(leg), _second(leg, wanted, context)
        if price is None or leg.waits:
            continue
        if second.price is None:
            if context.live or second.possible:
                return refused("SECOND_PRICE_UNKNOWN", symbol=wanted.symbol)
            return Finding(Verdict.NOTED, "SECOND_PRICE_NONE", {"symbol": wanted.symbol})
        worst = max(worst, _harm(leg.side, price, second.price))
    pairs = ((worst, context.limits), (worst, context.bot_limits))
    return within("max_price_deviation", "PRICE_APART", pairs, word="apart", symbol=wanted.symbol)


def _judged(leg: Leg) -> Decimal | None:
    return leg.price if leg.price is not None else leg.reference


def _second(leg: Leg, wanted: Wanted, context: RiskContext) -> SecondPrice:
    if (other := wanted.other_leg(leg)) is not None:
        return SecondPrice(other.reference)
    return context.second.get((leg.connection_id, leg.symbol), SecondPrice(None))


def slippage(wanted: Wanted, context: RiskContext) -> Finding:
    """How far from the top of the book it may trade: its limits, or what the depth foresees."""
    worst = wanted.slippage
    for leg in wanted.legs:
        if leg.waits or leg.price is None or leg.reference is None:
            continue
        worst = max(worst or ZERO, _harm(leg.side, leg.price, leg.reference))
    name = "max_exit_slippage" if wanted.reducing else "max_slippage"
    if worst is None:
        if all(leg.waits for leg in wanted.legs) or not context.live:
            return Finding(Verdict.NOTED, "SLIPPAGE_UNFORESEEN", {"symbol": wanted.symbol})
        return unknown(gettext_noop("the slippage of the order"))
    pairs = ((worst, context.limits), (worst, context.bot_limits))
    return within(name, "SLIPPAGE_TOO_HIGH", pairs, word="slippage", symbol=wanted.symbol)


def _harm(side: Side, price: Decimal, fair: Decimal) -> Decimal:
    """By which fraction `price` is worse than `fair` for this side; 0 if it is better."""
    worse = price - fair if side is Side.BUY else fair - price
    return max(worse / fair, ZERO)


def leverage(wanted: Wanted, context: RiskContext) -> Finding:
    pairs = ((wanted.leverage, context.limits), (wanted.leverage, context.bot_limits))
    return within("max_leverage", "LEVERAGE_TOO_HIGH", pairs, word="leverage")


def liquidation(wanted: Wanted, context: RiskContext) -> Finding:
    """How far the price may move against a leveraged order before it is liquidated."""
    if wanted.leverage <= 1:
        return PASSED
    price, at = _judged(wanted.legs[0]), wanted.liquidation_price
    if price is None or at is None:
        return unknown(gettext_noop("the liquidation price"))
    away = (price - at) if wanted.legs[0].side is Side.BUY else (at - price)
    distance = max(away, ZERO) / price
    pairs = ((distance, context.limits), (distance, context.bot_limits))
    return within("min_liquidation_distance", "LIQUIDATION_NEAR", pairs, word="distance")
