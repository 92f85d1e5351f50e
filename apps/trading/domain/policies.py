"""Limits as data: who set them, which is the stricter one, and what nobody set.

Values are Decimal: money in US dollars (what a dollar coin is worth), fractions, seconds or
counts, as the limit's kind says. None is "no such limit". UNKNOWN is "there may be one and we
could not read it", which is never the same: a rule that meets it refuses.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum, StrEnum
from typing import Final

from apps.core.domain.errors import gettext_noop

_ = gettext_noop


class Scope(StrEnum):
    """Who set a limit. PLATFORM, PLAN and WORKSPACE bind a workspace as a whole, BOT one bot."""

    PLATFORM = "PLATFORM"
    PLAN = "PLAN"
    WORKSPACE = "WORKSPACE"
    BOT = "BOT"


SCOPE_TEXTS: dict[str, str] = {
    Scope.PLATFORM: _("limit of the platform"),
    Scope.PLAN: _("limit of your plan"),
    Scope.WORKSPACE: _("your own limit"),
    Scope.BOT: _("limit of the bot"),
}


class Kind(StrEnum):
    MONEY = "money"
    COUNT = "count"
    FRACTION = "fraction"  # shown and typed in percent
    SECONDS = "seconds"
    RATIO = "ratio"


class Unknown(Enum):
    UNKNOWN = "UNKNOWN"


UNKNOWN: Final = Unknown.UNKNOWN
Value = Decimal | None | Unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitSpec:
    """One limit. platform: the cap as installed; own: a workspace's until it sets its own."""

    name: str
    kind: Kind
    label: str
    help: str
    platform: Decimal | None = None
    own: Decimal | None = None
    least: bool = False  # True: a floor, the higher value is the stricter

    def stricter(self, left: Decimal, right: Decimal) -> Decimal:
        return max(left, right) if self.least else min(left, right)

    def is_looser(self, value: Decimal | None, than: Decimal | None) -> bool:
        if than is None or value == than:
            return False
        return value is None or self.stricter(value, than) == than


def _spec(
    name: str,
    kind: Kind,
    label: str,
    help: str,
    platform: str | None = None,
    own: str | None = None,
    *,
    least: bool = False,
) -> LimitSpec:
    caps = [None if each is None else Decimal(each) for each in (platform, own)]
    return LimitSpec(
        name=name, kind=kind, label=label, help=help, platform=caps[0], own=caps[1], least=least
    )


LIMITS: tuple[LimitSpec, ...] = (
    _spec(
        "max_order_value", Kind.MONEY, _("Largest order"),
        _("What one order, or one trade of several legs, may be worth."), "500000", "25000",
    ),
    _spec(
        "max_position_value", Kind.MONEY, _("Largest position"),
        _("What may be held net of one asset."), "500000", "50000",
    ),
    _spec(
        "max_exposure", Kind.MONEY, _("Largest exposure"),
        _("All positions and all open orders together."), "2000000", "100000",
    ),
    _spec(
        "max_positions", Kind.COUNT, _("Positions at once"),
        _("In how many assets a position may stand."), "100", "20",
    ),
    _spec(
        "max_open_orders", Kind.COUNT, _("Open orders at once"),
        _("Orders that are not finished, also those waiting for a price."), "2000", "200",
    ),
    _spec(
        "max_open_plans", Kind.COUNT, _("Open trades at once"),
        _("Trades of several legs under way."), "200", "50",
    ),
    _spec(
        "max_orders_minute", Kind.COUNT, _("Orders per minute"),
        _("A program that runs wild is stopped by this."), "1200", "300",
    ),
    _spec(
        "max_plans_hour", Kind.COUNT, _("Trades per hour"),
        _("Trades of several legs opened within an hour."),
    ),
    _spec(
        "max_trades_day", Kind.COUNT, _("Trades per day"),
        _("Trades and single orders within 24 hours."), "20000", "2000",
    ),
    _spec(
        "max_leverage", Kind.RATIO, _("Highest leverage"),
        _("Spot orders have none: 1."), "3", "3",
    ),
    _spec(
        "min_liquidation_distance", Kind.FRACTION, _("Distance to liquidation"),
        _("How far the price must be from the liquidation price at least."), "0.2", "0.2",
        least=True,
    ),
    _spec(
        "max_price_deviation", Kind.FRACTION, _("Price apart from other markets"),
        _("How much worse than other markets' price an order may be."), "0.05", "0.02",
    ),
    _spec(
        "max_slippage", Kind.FRACTION, _("Slippage of an entry"),
        _("How far from the best price an order that opens may trade."), "0.05", "0.005",
    ),
    _spec(
        "max_exit_slippage", Kind.FRACTION, _("Slippage of an exit"),
        _("How far from the best price an order that reduces may trade."), "0.1", "0.01",
    ),
    _spec(
        "max_book_age", Kind.SECONDS, _("Age of prices"),
        _("Prices older than this are not traded on."), "10",
    ),
    _spec(
        "daily_loss", Kind.MONEY, _("Loss in 24 hours"),
        _("From this loss on nothing opens any more."), "100000", "500",
    ),
    _spec(
        "max_drawdown", Kind.MONEY, _("Loss from the best result"),
        _("How far the summed profit may fall from its highest point."), "250000", "2000",
    ),
    _spec(
        "max_loss_streak", Kind.COUNT, _("Losing trades in a row"),
        _("Of the last 24 hours. From this many on nothing opens any more."), "100", "5",
    ),
    _spec(
        "max_errors", Kind.COUNT, _("Failed orders in 10 minutes"),
        _("Rejected by an exchange, or without an answer. Then a pause begins."), "100", "10",
    ),
    _spec(
        "error_cooldown", Kind.SECONDS, _("Pause after failed orders"),
        _("How long nothing opens after too many failed orders."), "60", "300", least=True,
    ),
    _spec(
        "cooldown", Kind.SECONDS, _("Pause after a failed trade"),
        _("How long nothing opens after a trade of several legs failed."), least=True,
    ),
)  # fmt: skip
SPECS: Mapping[str, LimitSpec] = {spec.name: spec for spec in LIMITS}


@dataclass(frozen=True, slots=True)
class Policy:
    """Limits that one scope sets. A name that is absent is not limited by it."""

    scope: Scope
    values: Mapping[str, Value]

    @classmethod
    def unreadable(cls, scope: Scope) -> Policy:
        return cls(scope, dict.fromkeys(SPECS, UNKNOWN))


@dataclass(frozen=True, slots=True)
class Limit:
    """What is in force, and who set it. value UNKNOWN: nobody may say that it is kept."""

    value: Decimal | Unknown
    scope: Scope


Limits = Mapping[str, Limit]  # a name that is absent: no such limit


def strictest(policies: Iterable[Policy]) -> Limits:
    """One limit per name: never looser than any member's; of equal ones the first scope's."""
    found: dict[str, Limit] = {}
    for policy in sorted(policies, key=_rank):
        for name, value in policy.values.items():
            if value is not None:
                found[name] = _joined(SPECS[name], found.get(name), Limit(value, policy.scope))
    return found


def _joined(spec: LimitSpec, held: Limit | None, new: Limit) -> Limit:
    if held is None:
        return new
    if held.value is UNKNOWN or new.value is UNKNOWN:
        return held if held.value is UNKNOWN else new
    return new if spec.is_looser(held.value, new.value) else held


def _rank(policy: Policy) -> int:
    return _ORDER[policy.scope]


_ORDER = {scope: place for place, scope in enumerate(Scope)}
PLATFORM_DEFAULTS: Mapping[str, Decimal | None] = {s.name: s.platform for s in LIMITS}
OWN_DEFAULTS: Mapping[str, Decimal | None] = {s.name: s.own for s in LIMITS}
PLAN_DEFAULTS: Mapping[str, Mapping[str, Decimal]] = {
    code: {"max_open_orders": Decimal(orders), "max_orders_minute": Decimal(rate)}
    for code, orders, rate in (
        ("free", 50, 60),
        ("plus", 100, 120),
        ("pro", 200, 300),
        ("power", 500, 600),
        ("standard", 500, 600),
        ("pro_trader", 2000, 1200),
    )
}
