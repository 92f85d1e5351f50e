"""Risk rules as data: small functions that answer with a reason or with nothing.

No rule fetches. What a rule needs and is not known (None) refuses: unknown fails closed.
Amounts are quote units unless the name says otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from apps.core.domain.money import plain
from apps.trading.domain.decisions import text_of
from apps.trading.domain.errors import RiskLimitBreached
from apps.trading.domain.plans import SizeRules
from apps.trading.domain.states import TradingState

CHURN_LIMIT = 5  # failed plans of one pair within an hour
Claim = tuple[int, str]  # (connection id, asset)


@dataclass(frozen=True, slots=True, kw_only=True)
class Caps:
    """The bot's own limits. None: no such limit."""

    max_notional: Decimal | None = None
    max_open_plans: int | None = None
    max_plans_hour: int | None = None
    max_plans_day: int | None = None
    daily_loss: Decimal | None = None
    cooldown: timedelta = timedelta(0)
    max_book_age: float | None = None  # seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is asked of the gate: an order or a plan, with what it would use up."""

    symbol: str
    notional: Decimal | None  # quote; None: no price is known
    sizes: tuple[tuple[Decimal, Decimal, SizeRules], ...]  # (quantity, limit price, rules)
    spends: Mapping[Claim, Decimal]
    connection_ids: frozenset[int] = frozenset()
    plan: bool = True  # False: a single order
    reducing: bool = False  # brings exposure down: passes REDUCING and the caps on exposure
    closing: bool = False  # the kill switch's, or balances a plan: passes HALTED as well
    equal_legs: bool = True
    book_ages: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskContext:
    """Everything a rule may look at."""

    now: datetime
    state: TradingState  # platform, workspace, bot: the strictest
    running: bool
    fenced: bool  # True: the caller's token is not the bot's current one
    connections_fit: bool
    account_max_notional: Decimal | None
    account_daily_loss: Decimal | None
    account_loss_today: Decimal | None  # of the whole workspace, positive is a loss
    caps: Caps
    open_plans: int = 0
    plans_hour: int = 0
    plans_day: int = 0
    loss_day: Decimal = Decimal(0)
    last_failure_at: datetime | None = None
    failures_hour: int = 0  # of this pair
    free: Mapping[Claim, Decimal | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Refusal:
    rule: str = ""  # "": allowed
    code: str = ""
    params: Mapping[str, str] = field(default_factory=dict)

    @property
    def allowed(self) -> bool:
        return not self.rule


Reason = tuple[str, dict[str, str]] | None
Rule = Callable[[Wanted, RiskContext], Reason]


def kill_switch(wanted: Wanted, context: RiskContext) -> Reason:
    if context.state is TradingState.HALTED:
        return "HALTED", {}
    if context.state is TradingState.REDUCING and not wanted.reducing:
        return "REDUCING", {}
    return None


def bot_running(wanted: Wanted, context: RiskContext) -> Reason:
    return None if context.running else ("BOT_NOT_RUNNING", {})


def fencing(wanted: Wanted, context: RiskContext) -> Reason:
    return ("FENCED", {}) if context.fenced else None


def connections(wanted: Wanted, context: RiskContext) -> Reason:
    return None if context.connections_fit else ("CONNECTION_UNFIT", {})


def legs(wanted: Wanted, context: RiskContext) -> Reason:
    return None if wanted.equal_legs else ("LEGS_UNEQUAL", {})


def sizes(wanted: Wanted, context: RiskContext) -> Reason:
    """Each leg as the venue takes it: its step, minimum, maximum and least notional."""
    for quantity, price, rules in wanted.sizes:
        if quantity <= 0 or rules.tradable(quantity, price) != quantity:
            return "SIZE_TOO_SMALL", {"symbol": wanted.symbol, "size": plain(quantity)}
    return None


def stale_book(wanted: Wanted, context: RiskContext) -> Reason:
    limit = context.caps.max_book_age
    if limit is None or not wanted.book_ages or max(wanted.book_ages) <= limit:
        return None
    age = f"{max(wanted.book_ages):.1f}"
    return "BOOK_STALE", {
        "symbol": wanted.symbol,
        "venue": "?",
        "age": age,
        "max_age": f"{limit:g}",
    }


def notional(wanted: Wanted, context: RiskContext) -> Reason:
    if context.account_max_notional is None or wanted.notional is None:
        return "UNKNOWN_STATE", {"what": "the value of the order"}
    if wanted.reducing:
        return None
    limits = (context.account_max_notional, context.caps.max_notional)
    strictest = min(limit for limit in limits if limit is not None)
    if wanted.notional <= strictest:
        return None
    return "NOTIONAL_TOO_HIGH", {"notional": plain(wanted.notional), "max": plain(strictest)}


def open_plans(wanted: Wanted, context: RiskContext) -> Reason:
    return _count("CAP_OPEN_PLANS", "open", context.open_plans, context.caps.max_open_plans)


def plans_per_hour(wanted: Wanted, context: RiskContext) -> Reason:
    return _count("CAP_PER_HOUR", "count", context.plans_hour, context.caps.max_plans_hour)


def plans_per_day(wanted: Wanted, context: RiskContext) -> Reason:
    return _count("CAP_PER_DAY", "count", context.plans_day, context.caps.max_plans_day)


def daily_loss(wanted: Wanted, context: RiskContext) -> Reason:
    if context.account_loss_today is None:
        return "UNKNOWN_STATE", {"what": "daily loss"}
    pairs = (
        (context.loss_day, context.caps.daily_loss),
        (context.account_loss_today, context.account_daily_loss),
    )
    for loss, limit in pairs:
        if limit is not None and loss >= limit:
            return "CAP_DAILY_LOSS", {"loss": plain(loss), "max": plain(limit)}
    return None


def cooldown(wanted: Wanted, context: RiskContext) -> Reason:
    if context.last_failure_at is None:
        return None
    left = context.last_failure_at + context.caps.cooldown - context.now
    return ("COOLDOWN", {"seconds": str(int(left.total_seconds()) + 1)}) if left > NONE else None


def churn(wanted: Wanted, context: RiskContext) -> Reason:
    """Zero-fill opens again and again mean that the price is not really there."""
    if context.failures_hour < CHURN_LIMIT:
        return None
    return "CHURN", {"count": str(context.failures_hour), "symbol": wanted.symbol}


def capital(wanted: Wanted, context: RiskContext) -> Reason:
    """Free balances after every reservation, also other bots': one balance is spent once."""
    for claim, needed in wanted.spends.items():
        free = context.free.get(claim)
        if free is None:
            return "UNKNOWN_STATE", {"what": f"balance of {claim[1]}"}
        if needed > free:
            figures = {"needed": plain(needed), "asset": claim[1], "free": plain(free)}
            return "CAPITAL_TAKEN", figures
    return None


NONE = timedelta(0)
RULES: tuple[Rule, ...] = (
    kill_switch,
    bot_running,
    fencing,
    connections,
    legs,
    sizes,
    stale_book,
    notional,
    open_plans,
    plans_per_hour,
    plans_per_day,
    daily_loss,
    cooldown,
    churn,
    capital,
)


PLANS_ONLY: frozenset[Rule] = frozenset({legs, open_plans, plans_per_hour, plans_per_day, churn})
OPENING_ONLY: frozenset[Rule] = frozenset({stale_book, daily_loss, cooldown})
CLOSING: tuple[Rule, ...] = (connections, sizes)


def rules_for(wanted: Wanted) -> list[Rule]:
    """What closes is judged by little: it must go out, even in trouble."""
    if wanted.closing:
        return list(CLOSING)
    left_out = (PLANS_ONLY if not wanted.plan else frozenset()) | (
        OPENING_ONLY if wanted.reducing else frozenset()
    )
    return [rule for rule in RULES if rule not in left_out]


def decide(wanted: Wanted, context: RiskContext, *, rules: Iterable[Rule] | None = None) -> Refusal:
    """The first rule that objects, or an empty Refusal."""
    for rule in rules_for(wanted) if rules is None else rules:
        if reason := rule(wanted, context):
            return Refusal(rule.__name__, *reason)
    return Refusal()


def require_allowed(*, rule: str, code: str, params: Mapping[str, str]) -> None:
    """For the edge, after commit: a refusal is stored first and reported second."""
    if rule:
        raise RiskLimitBreached(rule=rule, reason=text_of(code, params), details={"code": code})


def _count(code: str, word: str, count: int, limit: int | None) -> Reason:
    if limit is None or count < limit:
        return None
    return code, {word: str(count), "max": str(limit)}
