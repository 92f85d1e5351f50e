"""Rules about what stands already: room under the limits of the workspace and of the bot."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

from apps.core.domain.errors import gettext_noop
from apps.core.domain.money import ZERO, plain
from apps.trading.domain.policies import Kind, Limit, Limits, Unknown
from apps.trading.domain.risk.facts import DUST, Figures, RiskContext, Wanted
from apps.trading.domain.risk.findings import (
    PASSED,
    Finding,
    Number,
    Verdict,
    refused,
    unknown,
    within,
)
from apps.venues.domain.ports import Side

CHURN_LIMIT = 5  # failed plans of one pair within an hour
ERROR_WINDOW = timedelta(minutes=10)
DAY = timedelta(days=1)
Pair = tuple[Number | None, Limits]


def _each(context: RiskContext, measure: Callable[[Figures], Number | None]) -> list[Pair]:
    return [(measure(figures), limits) for figures, limits in context.subjects()]


def open_orders(wanted: Wanted, context: RiskContext) -> Finding:
    more = len(wanted.legs)
    pairs = _each(context, lambda figures: figures.open_orders + more)
    return within("max_open_orders", "CAP_OPEN_ORDERS", pairs, word="open")


def order_rate(wanted: Wanted, context: RiskContext) -> Finding:
    more = len(wanted.legs)
    pairs = _each(context, lambda figures: figures.orders_minute + more)
    return within("max_orders_minute", "CAP_PER_MINUTE", pairs, word="count")


def open_plans(wanted: Wanted, context: RiskContext) -> Finding:
    pairs = _each(context, lambda figures: figures.open_plans)
    return within("max_open_plans", "CAP_OPEN_PLANS", pairs, word="open", reached=True)


def plans_per_hour(wanted: Wanted, context: RiskContext) -> Finding:
    pairs = _each(context, lambda figures: figures.plans_hour)
    return within("max_plans_hour", "CAP_PER_HOUR", pairs, word="count", reached=True)


def plans_per_day(wanted: Wanted, context: RiskContext) -> Finding:
    pairs = _each(context, lambda figures: figures.trades_day)
    return within("max_trades_day", "CAP_PER_DAY", pairs, word="count", reached=True)


def position(wanted: Wanted, context: RiskContext) -> Finding:
    """What would be held net of the asset once everything that stands is filled with this.

    A plan is flat at its end; until then either of its legs may be filled alone.
    """
    value = context.value(wanted)
    price = None if value is None or not wanted.quantity else value / wanted.quantity
    buys = wanted.plan or wanted.legs[0].side is Side.BUY
    sells = wanted.plan or not buys

    def after(figures: Figures) -> Decimal | None:
        if price is None:
            return None
        held = figures.holdings.get(wanted.base)
        net = held.net if held else ZERO
        buying, selling = figures.pending.get(wanted.base, (ZERO, ZERO))
        long = net + buying + wanted.quantity if buys else ZERO
        short = selling + wanted.quantity - net if sells else ZERO
        return max(long, short, ZERO) * price

    pairs = _each(context, after)
    return within(
        "max_position_value", "POSITION_TOO_LARGE", pairs, word="value", asset=wanted.base
    )


def exposure(wanted: Wanted, context: RiskContext) -> Finding:
    value = context.value(wanted)

    def after(figures: Figures) -> Decimal | None:
        stands = figures.exposure
        return None if stands is None or value is None else stands + value

    pairs = _each(context, after)
    return within("max_exposure", "EXPOSURE_TOO_HIGH", pairs, word="exposure")


def positions(wanted: Wanted, context: RiskContext) -> Finding:
    def after(figures: Figures) -> int:
        held = figures.holdings.get(wanted.base)
        new = held is None or (held.value is not None and held.value <= DUST)
        return figures.positions + (1 if new else 0)

    return within("max_positions", "CAP_POSITIONS", _each(context, after), word="count")


def daily_loss(wanted: Wanted, context: RiskContext) -> Finding:
    pairs = _each(context, lambda figures: figures.loss_day)
    return within("daily_loss", "CAP_DAILY_LOSS", pairs, word="loss", reached=True)


def drawdown(wanted: Wanted, context: RiskContext) -> Finding:
    pairs = _each(context, lambda figures: figures.drawdown)
    return within("max_drawdown", "CAP_DRAWDOWN", pairs, word="loss", reached=True)


def loss_streak(wanted: Wanted, context: RiskContext) -> Finding:
    pairs = _each(context, lambda figures: figures.loss_streak)
    return within("max_loss_streak", "CAP_LOSS_STREAK", pairs, word="count", reached=True)


def error_burst(wanted: Wanted, context: RiskContext) -> Finding:
    """As many failed orders as the limit says, within ERROR_WINDOW, begin a pause."""
    near = PASSED
    for figures, limits in context.subjects():
        limit, pause = limits.get("max_errors"), limits.get("error_cooldown")
        if limit is None:
            continue
        if isinstance(limit.value, Unknown):
            return unknown(gettext_noop("the limit on failed orders"))
        length = _length(pause)
        count = _recent(figures.errors, context.now)
        near = Finding(actual=count, limit=limit.value, scope=limit.scope, kind=Kind.COUNT)
        left = _pause_left(figures.errors, int(limit.value), length, context.now)
        if left > NONE:
            told = {"max": plain(limit.value), "seconds": _seconds(left), "scope": limit.scope}
            return replace(near, verdict=Verdict.REFUSED, code="ERROR_BURST", params=told)
    return near


def _length(pause: Limit | None) -> timedelta:
    """Of the pause; one that is not known lasts until no failure is in sight any more."""
    if pause is None:
        return ERROR_WINDOW
    return DAY if isinstance(pause.value, Unknown) else timedelta(seconds=float(pause.value))


def _recent(errors: tuple[datetime, ...], now: datetime) -> int:
    return sum(1 for at in errors if at > now - ERROR_WINDOW)


def _pause_left(
    errors: tuple[datetime, ...], limit: int, length: timedelta, now: datetime
) -> timedelta:
    """Of the newest `limit` failures, all within the window: what is left of the pause."""
    if limit < 1 or len(errors) < limit or errors[0] - errors[limit - 1] > ERROR_WINDOW:
        return NONE
    return errors[0] + length - now


def cooldown(wanted: Wanted, context: RiskContext) -> Finding:
    if context.last_failure_at is None:
        return PASSED
    for _figures, limits in context.subjects():
        limit = limits.get("cooldown")
        if limit is None:
            continue
        if isinstance(limit.value, Unknown):
            return unknown(gettext_noop("the pause after a failed trade"))
        left = context.last_failure_at + timedelta(seconds=float(limit.value)) - context.now
        if left > NONE:
            return refused("COOLDOWN", seconds=_seconds(left), scope=limit.scope)
    return PASSED


def churn(wanted: Wanted, context: RiskContext) -> Finding:
    """Zero-fill opens again and again mean that the price is not really there."""
    if context.failures_hour < CHURN_LIMIT:
        return PASSED
    return refused("CHURN", count=str(context.failures_hour), symbol=wanted.symbol)


def capital(wanted: Wanted, context: RiskContext) -> Finding:
    """Free balances after every reservation, also other bots': one balance is spent once."""
    for claim, needed in wanted.spends.items():
        free = context.free.get(claim)
        if free is None:
            return unknown(gettext_noop("the balance of {asset}"), asset=claim[1])
        if needed > free:
            return refused("CAPITAL_TAKEN", needed=plain(needed), asset=claim[1], free=plain(free))
    return PASSED


def capital_cap(wanted: Wanted, context: RiskContext) -> Finding:
    """A bot with capital of its own uses no more than that at once."""
    for claim, needed in wanted.spends.items():
        left = context.own_left.get(claim)
        if left is not None and needed > left:
            return refused(
                "CAPITAL_CAP", needed=plain(needed), asset=claim[1], left=plain(max(left, ZERO))
            )
    return PASSED


def _seconds(left: timedelta) -> str:
    return str(int(left.total_seconds()) + 1)


NONE = timedelta(0)
