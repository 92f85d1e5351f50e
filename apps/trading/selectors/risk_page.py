"""The gate's answers as sentences: what was refused, why, and what every rule compared."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext

from apps.core.domain.people import Reader
from apps.trading.domain.policies import SCOPE_TEXTS
from apps.trading.domain.risk.rule_texts import RULE_TEXTS
from apps.trading.domain.states import TradingState, strictest
from apps.trading.models import Bot, PlatformTrading, RiskDecision, TradingAccount
from apps.trading.selectors.decisions import decision_text, grouped


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleRow:
    """One rule of a decision. verdict: PASSED, NOTED or REFUSED; actual and limit are texts."""

    rule: str
    label: str
    verdict: str
    code: str
    text: str
    actual: str
    limit: str
    scope: str
    scope_text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerRow:
    """One answer of the gate. subject_id is the order's, or the plan's for kind PLAN."""

    pk: int
    at: datetime
    allowed: bool
    kind: str
    subject_id: int
    symbol: str
    side: str
    quantity: Decimal
    bot_id: int | None
    bot_name: str
    rule: str
    label: str
    code: str
    text: str
    scope: str
    scope_text: str
    rules: list[RuleRow]


@dataclass(frozen=True, slots=True, kw_only=True)
class StateRow:
    """What may go out for a bot, or (bot_id None) for the whole workspace."""

    bot_id: int | None
    name: str
    state: str
    at: datetime | None
    reason: str


def answer_row(row: RiskDecision) -> AnswerRow:
    subject: Any = row.order or row.plan
    scope = str(row.params.get("scope", ""))
    return AnswerRow(
        pk=row.pk,
        at=row.at,
        allowed=not row.rule,
        kind="ORDER" if row.order_id else "PLAN",
        subject_id=subject.pk,
        symbol=subject.symbol,
        side=row.order.side if row.order else "",
        quantity=subject.quantity,
        bot_id=subject.bot_id,
        bot_name=subject.bot.name if subject.bot else "",
        rule=row.rule,
        label=label_of(row.rule),
        code=row.code,
        text=decision_text(row.code, row.params) if row.rule else "",
        scope=scope,
        scope_text=scope_text(scope),
        rules=[_rule_row(figures) for figures in row.figures],
    )


def answer_rows(rows: list[RiskDecision]) -> list[AnswerRow]:
    return [answer_row(row) for row in rows]


def _rule_row(figures: dict[str, Any]) -> RuleRow:
    return RuleRow(
        rule=figures["rule"],
        label=label_of(figures["rule"]),
        verdict=figures["verdict"],
        code=figures["code"],
        text=decision_text(figures["code"], figures["params"]) if figures["code"] else "",
        actual=grouped(figures["actual"]),
        limit=grouped(figures["limit"]),
        scope=figures["scope"],
        scope_text=scope_text(figures["scope"]),
    )


def label_of(rule: str) -> str:
    return gettext(RULE_TEXTS[rule]) if rule in RULE_TEXTS else rule


def scope_text(scope: str) -> str:
    return gettext(SCOPE_TEXTS[scope]) if scope in SCOPE_TEXTS else ""


def states_shown(*, reader: Reader) -> list[StateRow]:
    """The workspace first, then its bots. What the platform is in binds them all."""
    account = TradingAccount.objects.filter(workspace_id=reader.workspace_id).first()
    platform = PlatformTrading.objects.first()
    own = TradingState(account.state) if account else TradingState.ACTIVE
    whole = TradingState(platform.state) if platform else TradingState.ACTIVE
    both = strictest([whole, own])
    source = platform if platform and both is not own else account
    rows = [
        StateRow(
            bot_id=None,
            name="",
            state=both,
            at=source.state_at if source else None,
            reason=source.state_reason if source else "",
        )
    ]
    bots = Bot.objects.within(reader.workspace_id).filter(deleted_at=None).order_by("name")
    rows += [
        StateRow(
            bot_id=bot.pk,
            name=bot.name,
            state=bot.trading_state,
            at=bot.trading_state_at,
            reason=bot.trading_state_reason,
        )
        for bot in bots
    ]
    return rows
