"""Risk rules as data: small functions, each of which answers with a Finding.

No rule fetches. What a rule needs and is not known (None) refuses: unknown fails closed.
`decide` stops at the first objection, `explain` asks every rule and gives all figures.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from apps.trading.domain.decisions import phrase_of
from apps.trading.domain.errors import RiskLimitBreached
from apps.trading.domain.risk import account_rules as account
from apps.trading.domain.risk import order_rules as order
from apps.trading.domain.risk.account_rules import CHURN_LIMIT
from apps.trading.domain.risk.facts import (
    Caps,
    Claim,
    Figures,
    Holding,
    Leg,
    Market,
    RiskContext,
    SecondPrice,
    Wanted,
)
from apps.trading.domain.risk.findings import Finding, Rule, Verdict, shown

__all__ = [
    "CHURN_LIMIT",
    "RULES",
    "Caps",
    "Claim",
    "Figures",
    "Finding",
    "Holding",
    "Leg",
    "Market",
    "Refusal",
    "RiskContext",
    "RuleResult",
    "SecondPrice",
    "Verdict",
    "Wanted",
    "decide",
    "explain",
    "require_allowed",
    "rules_for",
]

RULES: tuple[Rule, ...] = (
    order.kill_switch,
    order.bot_running,
    order.fencing,
    order.connections,
    order.live_locked,
    order.alignment,
    order.legs,
    order.sizes,
    order.reduce_only,
    order.stale_book,
    order.notional,
    order.price_deviation,
    order.slippage,
    order.leverage,
    order.liquidation,
    account.open_plans,
    account.plans_per_hour,
    account.plans_per_day,
    account.open_orders,
    account.order_rate,
    account.position,
    account.positions,
    account.exposure,
    account.daily_loss,
    account.drawdown,
    account.loss_streak,
    account.error_burst,
    account.cooldown,
    account.churn,
    account.capital_cap,
    account.capital,
)
CLOSING: tuple[Rule, ...] = (order.connections, order.sizes)
PLANS_ONLY: frozenset[Rule] = frozenset(
    {order.legs, account.open_plans, account.plans_per_hour, account.cooldown, account.churn}
)
OPENING_ONLY: frozenset[Rule] = frozenset(
    {
        order.live_locked,
        order.alignment,
        order.stale_book,
        account.plans_per_day,
        account.open_orders,
        account.position,
        account.positions,
        account.exposure,
        account.daily_loss,
        account.drawdown,
        account.loss_streak,
        account.error_burst,
        account.capital_cap,
    }
)


@dataclass(frozen=True, slots=True)
class RuleResult:
    """One line of "why?": texts ready to be stored and shown."""

    rule: str
    verdict: Verdict
    code: str = ""
    params: Mapping[str, str] = field(default_factory=dict)
    actual: str = ""
    limit: str = ""
    scope: str = ""

    def dump(self) -> dict[str, object]:
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class Refusal:
    """The gate's answer. results: every rule's figures, for refusals only."""

    rule: str = ""  # "": allowed
    code: str = ""
    params: Mapping[str, str] = field(default_factory=dict)
    results: tuple[RuleResult, ...] = ()

    @property
    def allowed(self) -> bool:
        return not self.rule


def _sets() -> dict[tuple[bool, bool], tuple[Rule, ...]]:
    found = {}
    for plan in (True, False):
        for reducing in (True, False):
            out = (frozenset() if plan else PLANS_ONLY) | (OPENING_ONLY if reducing else set())
            found[plan, reducing] = tuple(rule for rule in RULES if rule not in out)
    return found


RULES_BY_KIND = _sets()


def rules_for(wanted: Wanted) -> tuple[Rule, ...]:
    """What closes is judged by little: it must go out, even in trouble."""
    return CLOSING if wanted.closing else RULES_BY_KIND[wanted.plan, wanted.reducing]


def decide(wanted: Wanted, context: RiskContext, *, rules: Iterable[Rule] | None = None) -> Refusal:
    """The first rule that objects with everything that the others say, or an empty Refusal."""
    for rule in rules_for(wanted) if rules is None else rules:
        found = rule(wanted, context)
        if found.verdict is Verdict.REFUSED:
            results = tuple(explain(wanted, context))
            return Refusal(rule.__name__, found.code, found.params, results)
    return Refusal()


def explain(wanted: Wanted, context: RiskContext) -> list[RuleResult]:
    """Every rule that applies, with what it compared."""
    return [_result(rule, rule(wanted, context)) for rule in rules_for(wanted)]


def _result(rule: Rule, found: Finding) -> RuleResult:
    return RuleResult(
        rule=rule.__name__,
        verdict=found.verdict,
        code=found.code,
        params=dict(found.params),
        actual="" if found.actual is None else shown(found.actual, found.kind),
        limit="" if found.limit is None else shown(found.limit, found.kind),
        scope=found.scope,
    )


def require_allowed(*, rule: str, code: str, params: Mapping[str, str]) -> None:
    """For the edge, after commit: a refusal is stored first and reported second."""
    if rule:
        raise RiskLimitBreached(rule=rule, reason=phrase_of(code, params), details={"code": code})
