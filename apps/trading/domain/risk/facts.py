"""What the rules of the gate look at: plain data, read elsewhere. None is "not known"."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from apps.core.domain.money import ZERO
from apps.trading.domain.plans import SizeRules
from apps.trading.domain.policies import UNKNOWN, Limits, Policy, Scope, Value
from apps.trading.domain.states import TradingState
from apps.venues.domain.ports import Side

Claim = tuple[int, str]  # (connection id, asset)
Market = tuple[int, str]  # (connection id, symbol)
ONE = Decimal(1)
DOLLARS = frozenset({"USD", "USDT", "USDC", "DAI", "FDUSD", "TUSD", "USDP", "PYUSD"})  # worth one
DUST = Decimal(5)  # dollars: a smaller position is what rounding left


@dataclass(frozen=True, slots=True, kw_only=True)
class Caps:
    """The limits in a bot's own parameters, quote units. None: no such limit."""

    max_notional: Decimal | None = None
    max_open_plans: int | None = None
    max_plans_hour: int | None = None
    max_plans_day: int | None = None
    daily_loss: Decimal | None = None
    cooldown: timedelta = timedelta(0)
    max_book_age: float | None = None  # seconds

    def policy(self, rate: Decimal | None = ONE) -> Policy:
        """As limits in dollars; rate: dollars per unit of quote, None: not known."""
        values: dict[str, Value] = {
            "max_order_value": _dollars(self.max_notional, rate),
            "max_open_plans": _number(self.max_open_plans),
            "max_plans_hour": _number(self.max_plans_hour),
            "max_trades_day": _number(self.max_plans_day),
            "daily_loss": _dollars(self.daily_loss, rate),
            "cooldown": _number(self.cooldown.total_seconds()) if self.cooldown else None,
            "max_book_age": _number(self.max_book_age),
        }
        return Policy(Scope.BOT, values)


def _dollars(amount: Decimal | None, rate: Decimal | None) -> Value:
    if amount is None:
        return None
    return UNKNOWN if rate is None else amount * rate


def _number(value: float | None) -> Decimal | None:
    return None if value is None else Decimal(str(value))


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """One order of what is wanted. reference: the top of book it was decided on."""

    connection_id: int
    symbol: str
    side: Side
    quantity: Decimal
    price: Decimal | None  # the limit; None: at the market
    reference: Decimal | None
    rules: SizeRules
    waits: bool = False  # for a trigger: its prices are not today's


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is asked of the gate: an order or a plan, with what it would use up."""

    symbol: str
    base: str
    quote: str
    quantity: Decimal  # base
    notional: Decimal | None  # quote; None: no price is known
    legs: tuple[Leg, ...]
    spends: Mapping[Claim, Decimal]
    plan: bool = True  # False: a single order
    reducing: bool = False  # brings exposure down: passes REDUCING and the caps on exposure
    closing: bool = False  # the kill switch's, or balances a plan: passes HALTED as well
    equal_legs: bool = True
    book_ages: tuple[float, ...] = ()
    slippage: Decimal | None = None  # fraction, foreseen from a book's depth
    leverage: Decimal = ONE
    liquidation_price: Decimal | None = None

    @property
    def connection_ids(self) -> frozenset[int]:
        return frozenset(leg.connection_id for leg in self.legs)

    def other_leg(self, leg: Leg) -> Leg | None:
        """The leg of the same symbol at another venue: its book is a second source."""
        for other in self.legs:
            if other.symbol == leg.symbol and other.connection_id != leg.connection_id:
                return other
        return None

    @property
    def alone(self) -> tuple[Market, ...]:
        """Markets whose price needs a second source from outside."""
        legs = () if self.closing else self.legs
        return tuple((g.connection_id, g.symbol) for g in legs if self.other_leg(g) is None)


@dataclass(frozen=True, slots=True)
class Holding:
    """A net position of one asset over all venues; value in dollars, None: no price."""

    net: Decimal
    value: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What a workspace, or one of its bots, has standing and has done. Money in dollars.

    pending: {asset: (base still to be bought, base still to be sold)} by orders that open.
    """

    working: Decimal | None = ZERO  # value of unfinished orders that open
    pending: Mapping[str, tuple[Decimal, Decimal]] = field(default_factory=dict)
    open_orders: int = 0
    orders_minute: int = 0
    open_plans: int = 0
    plans_hour: int = 0
    trades_day: int = 0
    holdings: Mapping[str, Holding] = field(default_factory=dict)  # by asset
    loss_day: Decimal | None = ZERO  # positive is a loss
    drawdown: Decimal | None = ZERO
    loss_streak: int = 0
    errors: tuple[datetime, ...] = ()  # newest first

    @property
    def held(self) -> Decimal | None:
        """Dollars of all positions, without regard to their direction."""
        total = ZERO
        for holding in self.holdings.values():
            if holding.value is None:
                return None
            total += holding.value
        return total

    @property
    def exposure(self) -> Decimal | None:
        held = self.held
        return None if held is None or self.working is None else held + self.working

    @property
    def positions(self) -> int:
        return sum(1 for each in self.holdings.values() if each.value is None or each.value > DUST)


@dataclass(frozen=True, slots=True)
class SecondPrice:
    """What other markets say. price None with possible False: only one venue has the pair."""

    price: Decimal | None
    possible: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskContext:
    """Everything a rule may look at. bot is None where no bot asks."""

    now: datetime
    state: TradingState = TradingState.ACTIVE  # platform, workspace, bot: the strictest
    state_scope: str = ""
    running: bool = True
    fenced: bool = False  # True: the caller's token is not the bot's current one
    connections_fit: bool = True
    unaligned: Mapping[int, str] = field(default_factory=dict)  # connection: its status
    live: bool = False  # real money
    live_locked: str = ""  # why real money is locked for what is wanted; "": it is not
    limits: Limits = field(default_factory=dict)  # of the workspace
    bot_limits: Limits = field(default_factory=dict)
    account: Figures = Figures()
    bot: Figures | None = None
    rate: Decimal | None = ONE  # dollars per unit of the quote asset
    second: Mapping[Market, SecondPrice] = field(default_factory=dict)
    last_failure_at: datetime | None = None
    failures_hour: int = 0  # of this pair
    free: Mapping[Claim, Decimal | None] = field(default_factory=dict)
    own_left: Mapping[Claim, Decimal] = field(default_factory=dict)  # of the bot's own capital

    def subjects(self) -> tuple[tuple[Figures, Limits], ...]:
        """Each with the limits that bind it."""
        if self.bot is None:
            return ((self.account, self.limits),)
        return ((self.account, self.limits), (self.bot, self.bot_limits))

    def value(self, wanted: Wanted) -> Decimal | None:
        if wanted.notional is None or self.rate is None:
            return None
        return wanted.notional * self.rate
