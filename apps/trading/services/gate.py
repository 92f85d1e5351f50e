"""What the gate looks at before it says yes: read here, under the trading account's lock."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from apps.core.domain.money import ZERO
from apps.trading.domain import legs, risk
from apps.trading.domain.orders import OrderIntent
from apps.trading.domain.plans import LegSpec, PlanIntent, PlanKind
from apps.trading.domain.policies import Policy, Scope, strictest
from apps.trading.domain.risk import Leg, RiskContext, SecondPrice, Wanted
from apps.trading.domain.states import SEVERITY, TradingState
from apps.trading.models import RiskDecision, TradingAccount
from apps.trading.selectors import gate_facts, gate_prices
from apps.trading.selectors.gate_facts import GateBot, Parties
from apps.trading.selectors.live import gate_fault
from apps.trading.strategies.parameters import params_parse
from apps.trading.strategies.registry import strategy_type
from apps.venues.domain.ports import UNPRICED, Side

FEE_UNKNOWN = Decimal("0.01")  # reserved where the account's own fee is not known
LIVE = "LIVE"


def plan_wanted(intent: PlanIntent) -> Wanted:
    in_sequence = intent.kind is PlanKind.SEQUENTIAL
    return Wanted(
        symbol=intent.symbol,
        base=intent.base,
        quote=intent.quote,
        quantity=intent.quantity,
        notional=intent.notional,
        legs=tuple(_leg(leg, intent, number) for number, leg in enumerate(intent.legs)),
        spends=legs.spends(intent.legs, intent.quantity, intent.homes, in_sequence=in_sequence),
        equal_legs=legs.legs_meet(intent.legs, intent.homes, in_sequence=in_sequence),
        book_ages=intent.book_ages,
    )


def _leg(leg: LegSpec, intent: PlanIntent, number: int) -> Leg:
    """A following leg is sized by what was filled before it: it need only be tradable."""
    size = intent.quantity * leg.ratio
    if number and intent.kind is PlanKind.SEQUENTIAL:
        size = leg.rules.tradable(size, leg.limit_price)
    return Leg(
        connection_id=leg.connection_id,
        symbol=leg.symbol,
        side=leg.side,
        quantity=size,
        price=leg.limit_price,
        reference=leg.reference_price,
        rules=leg.rules,
    )


def order_wanted(intent: OrderIntent) -> Wanted:
    """A single order in the gate's words. `spends` is what its reservation holds."""
    rules = intent.rules
    if intent.price is None:  # its least value cannot be judged; another rule refuses it
        rules = replace(rules, min_notional=None)
    leg = Leg(
        connection_id=intent.connection_id,
        symbol=intent.symbol,
        side=intent.side,
        quantity=intent.quantity,
        price=intent.limit_price,
        reference=intent.trigger_price or intent.reference_price,
        rules=rules,
        waits=intent.trigger_price is not None or intent.trail is not None,
    )
    return Wanted(
        symbol=intent.symbol,
        base=intent.base,
        quote=intent.quote,
        quantity=intent.quantity,
        notional=intent.notional,
        legs=(leg,),
        spends=_order_spends(intent),
        plan=False,
        reducing=intent.reduce_only or intent.closing,
        closing=intent.closing,
        book_ages=() if intent.book_age is None else (intent.book_age,),
        slippage=intent.max_slippage if intent.kind in UNPRICED else None,
        leverage=intent.leverage,
        liquidation_price=intent.liquidation_price,
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
    """May this single order go? The caller holds the account's lock and stores the answer
    (`decision_of`)."""
    wanted = order_wanted(intent)
    return risk.decide(wanted, context_of(account, wanted, bot_id, fencing_token, None, now))


def decision_of(refusal: risk.Refusal, *, workspace_id: int, at: datetime) -> RiskDecision:
    """The answer as an unsaved row; the caller names the plan or the order and stores it."""
    return RiskDecision(
        workspace_id=workspace_id,
        rule=refusal.rule,
        code=refusal.code,
        params=dict(refusal.params),
        figures=[result.dump() for result in refusal.results],
        at=at,
    )


def plan_context(
    account: TradingAccount,
    bot_id: int | None,
    fencing_token: int | None,
    caps: risk.Caps | None,
    intent: PlanIntent,
    now: datetime,
) -> RiskContext:
    return context_of(account, plan_wanted(intent), bot_id, fencing_token, caps, now)


def context_of(
    account: TradingAccount,
    wanted: Wanted,
    bot_id: int | None,
    fencing_token: int | None,
    caps: risk.Caps | None,
    now: datetime,
) -> RiskContext:
    """All that the rules may ask about `wanted`. To close, only who and where is read."""
    workspace_id = account.workspace_id
    told = gate_facts.parties(workspace_id, bot_id, wanted.connection_ids, now)
    who = _state(account, told)
    context = RiskContext(
        now=now,
        state=who[1],
        state_scope=who[0],
        running=bot_id is None or (told.bot is not None and told.bot.status == "RUNNING"),
        fenced=told.bot is not None and told.bot.fencing_token != fencing_token,
        connections_fit=_fit(bot_id, told, wanted),
        live=any(each.mode == LIVE for each in told.connections.values()),
        live_locked=gate_fault(told, bot_id, wanted.connection_ids),
    )
    if wanted.closing:
        return context
    return _with_figures(context, workspace_id, bot_id, told, caps, wanted)


def _with_figures(
    context: RiskContext,
    workspace_id: int,
    bot_id: int | None,
    told: Parties,
    caps: risk.Caps | None,
    wanted: Wanted,
) -> RiskContext:
    stands = gate_facts.standing(workspace_id, bot_id, wanted.symbol, context.now)
    rates = gate_prices.rates(stands.quotes | {wanted.quote})
    rate = rates[wanted.quote]
    held = gate_facts.capital_of(workspace_id, wanted.spends.keys(), bot_id=bot_id)
    own = (caps or _caps(told.bot)).policy(rate)
    asked = bot_id is not None or caps is not None
    return replace(
        context,
        unaligned={
            number: each.alignment.status.value
            for number, each in told.connections.items()
            if not each.alignment.aligned
        },
        limits=strictest(each for each in told.policies if each.scope is not Scope.BOT),
        bot_limits=strictest([own, *_of_bot(told.policies)]),
        account=gate_facts.figures(stands, rates, of_bot=False),
        bot=gate_facts.figures(stands, rates, of_bot=True) if asked else None,
        rate=rate,
        second=_second_prices(wanted, told),
        last_failure_at=stands.last_failure_at,
        failures_hour=stands.failures_hour,
        free={claim: each.free for claim, each in held.items()},
        own_left={c: each.own_left for c, each in held.items() if each.own_left is not None},
    )


def _of_bot(policies: tuple[Policy, ...]) -> list[Policy]:
    return [each for each in policies if each.scope is Scope.BOT]


def _second_prices(wanted: Wanted, told: Parties) -> Mapping[risk.Market, SecondPrice]:
    return {
        (number, symbol): gate_prices.second_price(symbol, told.connections[number].venue)
        for number, symbol in wanted.alone
        if number in told.connections
    }


def _state(account: TradingAccount, told: Parties) -> tuple[str, TradingState]:
    """The strictest state and who is in it."""
    states = {
        Scope.PLATFORM: told.platform,
        Scope.WORKSPACE: TradingState(account.state),
        Scope.BOT: told.bot.trading_state if told.bot else TradingState.ACTIVE,
    }
    return max(states.items(), key=lambda each: SEVERITY[each[1]])


def _caps(bot: GateBot | None) -> risk.Caps:
    if bot is None:
        return risk.Caps()
    kind = strategy_type(bot.strategy)
    return kind.caps(params_parse(kind.params_type, bot.params))


def _fit(bot_id: int | None, told: Parties, wanted: Wanted) -> bool:
    """Every connection is the workspace's and active, and the bot's own if a bot asks.

    To close, a connection of the workspace is enough, whatever its status and the bot's list.
    """
    if wanted.closing:
        return wanted.connection_ids <= told.connections.keys()
    if bot_id is not None and (
        told.bot is None or not wanted.connection_ids <= told.bot.connections
    ):
        return False
    active = {number for number, each in told.connections.items() if each.status == "ACTIVE"}
    return wanted.connection_ids <= active
