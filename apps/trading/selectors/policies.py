"""Limits as people see them: what is in force, who set it, and how much of it is used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db.models import Q, QuerySet

from apps.billing.selectors import plan_of
from apps.core.domain.money import ZERO
from apps.core.domain.people import Reader
from apps.trading.domain.errors import RiskDecisionMissing
from apps.trading.domain.policies import LIMITS, SPECS, LimitSpec, Policy, Scope, strictest
from apps.trading.domain.risk import Figures
from apps.trading.domain.risk.account_rules import ERROR_WINDOW
from apps.trading.models import RiskDecision, RiskPolicy
from apps.trading.selectors import gate_facts, gate_prices

PERSONAL = (Scope.PLATFORM, Scope.PLAN, Scope.WORKSPACE)


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitLine:
    """One limit. value None: no limit. own: what the workspace (or the bot) set itself; cap: the
    loosest that it may set, None: any. used None: nothing stands against this limit, or its
    figure is not known."""

    spec: LimitSpec
    value: Decimal | None
    scope: str
    own: Decimal | None
    cap: Decimal | None
    cap_scope: str
    used: Decimal | None

    @property
    def share(self) -> int | None:
        """Percent of the limit that is used, at most 100."""
        if self.used is None or not self.value:
            return None
        return min(100, int(max(self.used, ZERO) * 100 / self.value))


def policies_of(workspace_id: int, bot_id: int | None = None) -> tuple[Policy, ...]:
    """Every policy that binds a workspace, and a bot of it; unset rows as the gate reads them."""
    rows = RiskPolicy.objects.filter(
        Q(scope=Scope.PLATFORM)
        | Q(scope=Scope.PLAN, plan_code=plan_of(workspace_id).code)
        | Q(scope=Scope.WORKSPACE, workspace_id=workspace_id)
        | Q(scope=Scope.BOT, workspace_id=workspace_id, bot_id=bot_id)
    )
    return gate_facts.policies_read(rows.values("scope", *SPECS))


def limit_lines(*, reader: Reader, figures: Figures, now: datetime) -> list[LimitLine]:
    """The workspace's limits in the order of the table, with what is used of them."""
    known = {each.scope: each for each in policies_of(reader.workspace_id)}
    return _lines(
        [known[scope] for scope in PERSONAL if scope in known],
        known[Scope.WORKSPACE],
        [known[scope] for scope in (Scope.PLATFORM, Scope.PLAN) if scope in known],
        used_of(figures, now),
    )


def bot_limit_lines(*, reader: Reader, bot_id: int) -> list[LimitLine]:
    """A bot's own limits beside its settings; what stands above it caps them."""
    known = policies_of(reader.workspace_id, bot_id)
    own = next((each for each in known if each.scope is Scope.BOT), Policy(Scope.BOT, {}))
    above = [each for each in known if each.scope is not Scope.BOT]
    return _lines([*above, own], own, above, {})


def _lines(
    all_: list[Policy], own: Policy, above: list[Policy], used: Mapping[str, Decimal | None]
) -> list[LimitLine]:
    force, caps = strictest(all_), strictest(above)
    lines = []
    for spec in LIMITS:
        held, cap, mine = force.get(spec.name), caps.get(spec.name), own.values.get(spec.name)
        lines.append(
            LimitLine(
                spec=spec,
                value=held.value if held and isinstance(held.value, Decimal) else None,
                scope=held.scope if held else "",
                own=mine if isinstance(mine, Decimal) else None,
                cap=cap.value if cap and isinstance(cap.value, Decimal) else None,
                cap_scope=cap.scope if cap else "",
                used=used.get(spec.name),
            )
        )
    return lines


def figures_now(*, reader: Reader, now: datetime) -> Figures:
    """What stands against the workspace's limits now."""
    stands = gate_facts.standing(reader.workspace_id, None, "", now)
    return gate_facts.figures(stands, gate_prices.rates(stands.quotes), of_bot=False)


def used_of(figures: Figures, now: datetime) -> dict[str, Decimal | None]:
    """{limit: how much of it is used}, of those that something stands against."""
    values = [each.value for each in figures.holdings.values()]
    largest = None if None in values else max([v for v in values if v is not None], default=ZERO)
    failed = sum(1 for at in figures.errors if at > now - ERROR_WINDOW)
    return {
        "max_position_value": largest,
        "max_exposure": figures.exposure,
        "max_positions": Decimal(figures.positions),
        "max_open_orders": Decimal(figures.open_orders),
        "max_open_plans": Decimal(figures.open_plans),
        "max_orders_minute": Decimal(figures.orders_minute),
        "max_plans_hour": Decimal(figures.plans_hour),
        "max_trades_day": Decimal(figures.trades_day),
        "daily_loss": figures.loss_day,
        "max_drawdown": figures.drawdown,
        "max_loss_streak": Decimal(figures.loss_streak),
        "max_errors": Decimal(failed),
    }


def refusal_list(*, reader: Reader) -> QuerySet[RiskDecision]:
    """What the gate refused, newest first, with the order or the plan it was about."""
    rows = RiskDecision.objects.within(reader.workspace_id).exclude(rule="")
    return rows.select_related("order__bot", "plan__bot").order_by("-pk")


def decision_rows_all(*, reader: Reader) -> QuerySet[RiskDecision]:
    """Every answer of the gate, newest first."""
    rows = RiskDecision.objects.within(reader.workspace_id)
    return rows.select_related("order__bot", "plan__bot").order_by("-pk")


def risk_decision_get(*, reader: Reader, decision_id: int) -> RiskDecision:
    """Raises RiskDecisionMissing."""
    found = decision_rows_all(reader=reader).filter(pk=decision_id).first()
    if found is None:
        raise RiskDecisionMissing
    row: RiskDecision = found
    return row
