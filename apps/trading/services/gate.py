"""What the gate looks at before it says yes: read here, under the trading account's lock."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from apps.core.domain.money import ZERO
from apps.core.domain.people import Actor
from apps.trading.domain import legs, risk
from apps.trading.domain.orders import OrderIntent
from apps.trading.domain.plans import LegSpec, PlanIntent, PlanKind
from apps.trading.domain.states import TradingState, strictest
from apps.trading.models import TradingAccount
from apps.trading.selectors import exposure
from apps.trading.selectors.exposure import GateBot
from apps.trading.strategies.parameters import params_parse
from apps.trading.strategies.registry import strategy_type
from apps.venues.domain.ports import Side
from apps.venues.selectors import connection_list

FEE_UNKNOWN = Decimal("0.01")  # reserved where the account's own fee is not known


def plan_wanted(intent: PlanIntent) -> risk.Wanted:
    in_sequence = intent.kind is PlanKind.SEQUENTIAL
    return risk.Wanted(
        symbol=intent.symbol,
        notional=intent.notional,
        sizes=tuple(
            (_size(leg, intent, number), leg.limit_price, leg.rules)
            for number, leg in enumerate(intent.legs)
        ),
        spends=legs.spends(intent.legs, intent.quantity, intent.homes, in_sequence=in_sequence),
        connection_ids=frozenset(leg.connection_id for leg in intent.legs),
        equal_legs=legs.legs_meet(intent.legs, intent.homes, in_sequence=in_sequence),
        book_ages=intent.book_ages,
    )


def _size(leg: LegSpec, intent: PlanIntent, number: int) -> Decimal:
    """What a leg will ask for. A following leg is sized by its fill: it need only be tradable."""
    size = intent.quantity * leg.ratio
    if number and intent.kind is PlanKind.SEQUENTIAL:
        return leg.rules.tradable(size, leg.limit_price)
    return size


def order_wanted(intent: OrderIntent) -> risk.Wanted:
    """A single order in the gate's words. `spends` is what its reservation holds."""
    price, rules = intent.price, intent.rules
    if (
        price is None
    ):  # its least value cannot be judged; whether it may go at all, another rule says
        rules = replace(rules, min_notional=None)
    return risk.Wanted(
        symbol=intent.symbol,
        notional=intent.notional,
        sizes=((intent.quantity, price or ZERO, rules),),
        spends=_order_spends(intent),
        connection_ids=frozenset({intent.connection_id}),
        plan=False,
        reducing=intent.reduce_only or intent.closing,
        closing=intent.closing,
        book_ages=() if intent.book_age is None else (intent.book_age,),
    )


def _order_spends(intent: OrderIntent) -> dict[risk.Claim, Decimal]:
    if not intent.reserves:
        return {}
    if intent.side is Side.SELL:
        return {(intent.connection_id, intent.base): intent.quantity}
    price = intent.worst_price
    if price is None:
        return {}  # such an order is refused: its value is not known
    fee = FEE_UNKNOWN if intent.fee_rate is None else max(intent.fee_rate, ZERO)
    return {(intent.connection_id, intent.quote): intent.quantity * price * (1 + fee)}


def order_decide(
    *,
    account: TradingAccount,
    intent: OrderIntent,
    bot_id: int | None,
    fencing_token: int | None,
    now: datetime,
) -> risk.Refusal:
    """May this single order go? The caller holds the account's lock and stores the answer."""
    wanted = order_wanted(intent)
    context = _context(account, wanted, bot_id, fencing_token, None, now)
    return risk.decide(wanted, context)


def plan_context(
    account: TradingAccount,
    bot_id: int | None,
    fencing_token: int | None,
    caps: risk.Caps | None,
    intent: PlanIntent,
    now: datetime,
) -> risk.RiskContext:
    return _context(account, plan_wanted(intent), bot_id, fencing_token, caps, now)


def _context(
    account: TradingAccount,
    wanted: risk.Wanted,
    bot_id: int | None,
    fencing_token: int | None,
    caps: risk.Caps | None,
    now: datetime,
) -> risk.RiskContext:
    workspace_id = account.workspace_id
    bot = None if bot_id is None else exposure.gate_bot(workspace_id, bot_id)
    counts = exposure.plan_counts(workspace_id, bot_id, wanted.symbol, now)
    return risk.RiskContext(
        now=now,
        state=_state(account, bot),
        running=bot_id is None or (bot is not None and bot.status == "RUNNING"),
        fenced=bot is not None and bot.fencing_token != fencing_token,
        connections_fit=_fit(workspace_id, bot_id, bot, wanted),
        account_max_notional=account.max_notional,
        account_daily_loss=account.daily_loss_limit,
        account_loss_today=exposure.loss(counts.pnl_all),
        caps=caps or _caps(bot),
        open_plans=counts.open_plans,
        plans_hour=counts.plans_hour,
        plans_day=counts.plans_day,
        loss_day=exposure.loss(counts.pnl_day),
        last_failure_at=counts.last_failure_at,
        failures_hour=counts.failures_hour,
        free=dict(exposure.free_capital(workspace_id)),
    )


def _state(account: TradingAccount, bot: GateBot | None) -> TradingState:
    states = [exposure.platform_state(), TradingState(account.state)]
    return strictest(states if bot is None else [*states, TradingState(bot.trading_state)])


def _caps(bot: GateBot | None) -> risk.Caps:
    if bot is None:
        return risk.Caps()
    kind = strategy_type(bot.strategy)
    return kind.caps(params_parse(kind.params_type, bot.params))


def _fit(workspace_id: int, bot_id: int | None, bot: GateBot | None, wanted: risk.Wanted) -> bool:
    """Every connection is the workspace's and active, and the bot's own if a bot asks.

    To close, a connection of the workspace is enough, whatever its status and the bot's list.
    """
    if bot_id is not None and not wanted.closing:
        return bot is not None and wanted.connection_ids <= bot.connections
    mine = connection_list(reader=Actor.platform(workspace_id))
    return wanted.connection_ids <= {
        each.pk for each in mine if wanted.closing or each.status == "ACTIVE"
    }
