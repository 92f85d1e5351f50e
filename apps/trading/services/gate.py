"""What the gate looks at before it says yes: read here, under the trading account's lock."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from apps.core.domain.money import ZERO
from apps.core.domain.people import Actor
from apps.trading.domain import risk
from apps.trading.domain.plans import LegSpec, PlanIntent
from apps.trading.models import TradingAccount
from apps.trading.selectors import exposure
from apps.trading.selectors.exposure import GateBot
from apps.trading.strategies.parameters import params_parse
from apps.trading.strategies.registry import strategy_type
from apps.venues.domain.ports import Side
from apps.venues.selectors import connection_list


def plan_wanted(intent: PlanIntent) -> risk.Wanted:
    spends: dict[risk.Claim, Decimal] = {}
    for leg in intent.legs:
        claim, needed = _spend(leg, intent)
        spends[claim] = spends.get(claim, ZERO) + needed
    sides = sorted(leg.side for leg in intent.legs)
    return risk.Wanted(
        symbol=intent.symbol,
        notional=intent.notional,
        sizes=tuple((intent.quantity, leg.limit_price, leg.rules) for leg in intent.legs),
        spends=spends,
        equal_legs=sides == [Side.BUY, Side.SELL]
        and {leg.symbol for leg in intent.legs} == {intent.symbol},
        book_ages=intent.book_ages,
    )


def _spend(leg: LegSpec, intent: PlanIntent) -> tuple[risk.Claim, Decimal]:
    """What a leg may use up at most: quote with its fee for a buy, base for a sale."""
    if leg.side is Side.BUY:
        worst = intent.quantity * leg.limit_price * (1 + max(leg.fee_rate, ZERO))
        return (leg.connection_id, intent.quote), worst
    return (leg.connection_id, intent.base), intent.quantity


def plan_context(
    account: TradingAccount,
    bot_id: int | None,
    fencing_token: int | None,
    caps: risk.Caps | None,
    intent: PlanIntent,
    now: datetime,
) -> risk.RiskContext:
    workspace_id = account.workspace_id
    bot = None if bot_id is None else exposure.gate_bot(workspace_id, bot_id)
    counts = exposure.plan_counts(workspace_id, bot_id, intent.symbol, now)
    return risk.RiskContext(
        now=now,
        halted=account.halted,
        running=bot_id is None or (bot is not None and bot.status == "RUNNING"),
        fenced=bot is not None and bot.fencing_token != fencing_token,
        connections_fit=_fit(workspace_id, bot_id, bot, intent),
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


def _caps(bot: GateBot | None) -> risk.Caps:
    if bot is None:
        return risk.Caps()
    kind = strategy_type(bot.strategy)
    return kind.caps(params_parse(kind.params_type, bot.params))


def _fit(workspace_id: int, bot_id: int | None, bot: GateBot | None, intent: PlanIntent) -> bool:
    """Every leg's connection is the workspace's, active, and the bot's own."""
    wanted = {leg.connection_id for leg in intent.legs}
    if bot_id is not None:
        return bot is not None and wanted <= bot.connections
    mine = connection_list(reader=Actor.platform(workspace_id))
    return wanted <= {each.pk for each in mine if each.status == "ACTIVE"}
