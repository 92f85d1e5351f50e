"""When a strategy must not even look: caps reached, books not to be believed, facts missing."""

from __future__ import annotations

from decimal import Decimal

from apps.core.domain.money import plain
from apps.trading.domain.decisions import Decision
from apps.trading.domain.risk import Caps
from apps.trading.strategies.interface import Facts, VenueFacts


def cap_reached(caps: Caps, facts: Facts) -> Decision | None:
    """The first of the bot's own limits that is used up."""
    bot = facts.bot
    counts = (
        ("CAP_OPEN_PLANS", "open", bot.open_plans, caps.max_open_plans),
        ("CAP_PER_HOUR", "count", bot.plans_hour, caps.max_plans_hour),
        ("CAP_PER_DAY", "count", bot.plans_day, caps.max_plans_day),
    )
    for code, word, count, limit in counts:
        if limit is not None and count >= limit:
            return Decision(code, params={word: str(count), "max": str(limit)})
    if caps.daily_loss is not None and bot.loss_day >= caps.daily_loss:
        params = {"loss": plain(bot.loss_day), "max": plain(caps.daily_loss)}
        return Decision("CAP_DAILY_LOSS", params=params)
    if bot.last_failure_at is not None:
        left = (bot.last_failure_at + caps.cooldown - facts.now).total_seconds()
        if left > 0:
            return Decision("COOLDOWN", params={"seconds": str(int(left) + 1)})
    return None


def pair_paused(facts: Facts, symbol: str) -> Decision | None:
    """Opens that find nobody, again and again: the price is not really there. Say until when."""
    paused = facts.bot.churned.get(symbol)
    if paused is None or paused[1] <= facts.now:
        return None
    count, until = paused
    params = {"count": str(count), "symbol": symbol, "until": f"{until:%H:%M:%S} UTC"}
    return Decision("PAIR_PAUSED", symbol, params)


def book_problem(venue: VenueFacts, symbol: str, max_age: Decimal) -> Decision | None:
    """Why this venue is left out now, or None."""
    where = {"symbol": symbol, "venue": venue.venue}
    if venue.rules is None:
        return Decision("INSTRUMENT_UNKNOWN", symbol, where)
    if venue.book_age is not None and venue.book_age > max_age:
        ages = {"age": f"{venue.book_age:.1f}", "max_age": plain(max_age)}
        return Decision("BOOK_STALE", symbol, where | ages)
    if venue.book_age is None or not venue.bids or not venue.asks:
        return Decision("BOOK_AWAITED", symbol, where)
    if venue.taker_fee is None:
        return Decision("FEES_UNKNOWN", symbol, where)
    if venue.free_base is None or venue.free_quote is None:
        return Decision("BALANCE_UNKNOWN", symbol, where)
    return None
