"""Stop commands as their readers may see them, and the states that are in force."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Q, QuerySet
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext

from apps.accounts.selectors import user_is_staff
from apps.core.domain.people import Reader
from apps.trading.domain.decisions import sentence
from apps.trading.domain.errors import KillRunMissing
from apps.trading.domain.kill import ACTIVE, KillScope
from apps.trading.domain.kill_texts import OUTCOMES, RULES, STEPS
from apps.trading.domain.states import TradingState, strictest
from apps.trading.models import KillRun
from apps.venues.registry import venue_label

STATES = """
SELECT a.state, a.state_at, a.state_reason, p.state, p.state_at, p.state_reason
FROM (SELECT 1) AS one
LEFT JOIN trading_tradingaccount AS a ON a.workspace_id = %s
LEFT JOIN trading_platformtrading AS p ON p.id = 1
"""


@dataclass(frozen=True, slots=True)
class StateShown:
    """The strictest state over a reader's workspace and who said it."""

    state: TradingState
    scope: KillScope
    at: datetime | None
    reason: str

    @property
    def halted(self) -> bool:
        return self.state is TradingState.HALTED

    @property
    def reducing(self) -> bool:
        return self.state is TradingState.REDUCING

    @property
    def everybody(self) -> bool:
        return self.scope is KillScope.PLATFORM


def state_shown(*, reader: Reader) -> StateShown:
    """One query: every page asks."""
    with connection.cursor() as cursor:
        cursor.execute(STATES, [reader.workspace_id])
        row = cursor.fetchone()
    mine = TradingState(row[0] or TradingState.ACTIVE)
    platform = TradingState(row[3] or TradingState.ACTIVE)
    if strictest((platform, mine)) is platform and platform is not TradingState.ACTIVE:
        return StateShown(platform, KillScope.PLATFORM, row[4], row[5] or "")
    return StateShown(mine, KillScope.WORKSPACE, row[1], row[2] or "")


def kill_list(*, reader: Reader) -> QuerySet[KillRun]:
    """The workspace's commands and those for everybody, newest first."""
    return _visible(reader).select_related("bot").order_by("-pk")


def kill_get(*, reader: Reader, run_id: int) -> KillRun:
    """Raises KillRunMissing, also for somebody else's."""
    found = _visible(reader).select_related("bot").filter(pk=run_id).first()
    if found is None:
        raise KillRunMissing
    return found


def kill_report(*, reader: Reader, run: KillRun) -> dict[str, Any] | None:
    """The report as far as it concerns the reader; whole for staff. None: not over yet."""
    report: dict[str, Any] | None = run.report
    if report is None or _sees_all(reader, run):
        return report
    parts = [part for part in report.get("workspaces", []) if _mine(part, reader)]
    return {**report, "workspaces": parts}


def kill_steps(*, reader: Reader, run: KillRun) -> list[dict[str, Any]]:
    """[{at, code, params, text}], oldest first; of other workspaces nothing is told."""
    everything = _sees_all(reader, run)
    return [
        {**step, "at": parse_datetime(step["at"]), "text": step_text(step)}
        for step in run.steps
        if everything or _mine(step["params"], reader) or "workspace" not in step["params"]
    ]


def step_text(step: Mapping[str, Any]) -> str:
    template = STEPS.get(step["code"])
    if template is None:
        return str(step["code"])
    words = dict(step["params"])
    if "venue" in words:
        words["venue"] = venue_label(words["venue"])
    return sentence(gettext(template), words)


def outcome_text(code: str) -> str:
    return gettext(OUTCOMES[code]) if code in OUTCOMES else code


def rule_text(run: KillRun) -> str:
    """Why a rule fired, "" where no rule did."""
    template = RULES.get(run.rule)
    return "" if template is None else sentence(gettext(template), run.rule_params)


def kill_active(*, reader: Reader) -> KillRun | None:
    """The newest command that is still under way."""
    return kill_list(reader=reader).filter(status__in=sorted(ACTIVE)).first()


def is_staff(reader: Reader) -> bool:
    return user_is_staff(user_id=reader.user_id)


def _visible(reader: Reader) -> QuerySet[KillRun]:
    return KillRun.objects.filter(Q(workspace_id=reader.workspace_id) | Q(scope=KillScope.PLATFORM))


def _sees_all(reader: Reader, run: KillRun) -> bool:
    return run.scope != KillScope.PLATFORM or is_staff(reader)


def _mine(part: Mapping[str, Any], reader: Reader) -> bool:
    return str(part.get("workspace")) == str(reader.workspace_id)
