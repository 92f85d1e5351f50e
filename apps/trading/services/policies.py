"""Who may set which limit, and how: only stricter than what stands above, loosening confirmed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction

from apps.accounts.selectors import user_is_staff
from apps.core import audit, outbox
from apps.core.domain.errors import gettext_noop
from apps.core.domain.money import plain
from apps.core.domain.people import Actor, Role
from apps.trading import locks
from apps.trading.domain.errors import (
    BotMissing,
    LimitsLoosened,
    LimitsWrong,
    PlatformNeedsStaff,
)
from apps.trading.domain.events import LimitsChanged
from apps.trading.domain.policies import (
    OWN_DEFAULTS,
    PLATFORM_DEFAULTS,
    SPECS,
    Kind,
    Limits,
    LimitSpec,
    Scope,
    strictest,
)
from apps.trading.models import RiskPolicy
from apps.trading.selectors import policies as reads
from apps.trading.services.account import account_open

_ = gettext_noop
Values = Mapping[str, Decimal | None]
EVERYBODY = 0  # the workspace number of what concerns all
MOST = Decimal(10) ** 12


@transaction.atomic
def limits_set(
    *, actor: Actor, values: Values, now: datetime, bot_id: int | None = None, confirmed: bool
) -> RiskPolicy:
    """The workspace's own limits, or those of one of its bots. Names left out stay as they are.

    None takes a limit away. Raises LimitsWrong by name (also for what is looser than the platform
    or the plan allows), LimitsLoosened unless confirmed, BotMissing, RoleTooLow.
    """
    actor.require(Role.TRADER)
    account_open(actor.workspace_id)
    locks.trading_account(actor.workspace_id)
    if bot_id is not None and locks.bot(actor.workspace_id, bot_id) is None:
        raise BotMissing
    known = reads.policies_of(actor.workspace_id)
    above = [each for each in known if each.scope in (Scope.PLATFORM, Scope.PLAN)]
    if bot_id is not None:
        above = list(known)
    require_sound(values, strictest(above))
    scope = Scope.WORKSPACE if bot_id is None else Scope.BOT
    defaults = OWN_DEFAULTS if bot_id is None else {}
    rows = RiskPolicy.objects.filter(scope=scope, workspace_id=actor.workspace_id)
    row = rows.filter(bot=bot_id).first() or RiskPolicy(
        scope=scope, workspace_id=actor.workspace_id, bot_id=bot_id, **defaults
    )
    return _store(row, values, actor, actor.workspace_id, now, confirmed=confirmed)


@transaction.atomic
def caps_set(
    *, actor: Actor, values: Values, now: datetime, plan_code: str = "", confirmed: bool = True
) -> RiskPolicy:
    """The platform's caps, or a plan's: staff and the program itself only."""
    if actor.role < Role.PLATFORM and not user_is_staff(user_id=actor.user_id):
        raise PlatformNeedsStaff
    require_sound(values, {})
    scope = Scope.PLAN if plan_code else Scope.PLATFORM
    defaults = {} if plan_code else PLATFORM_DEFAULTS
    row = RiskPolicy.objects.filter(scope=scope, plan_code=plan_code).first()
    row = row or RiskPolicy(scope=scope, plan_code=plan_code, **defaults)
    return _store(row, values, actor, EVERYBODY, now, confirmed=confirmed)


def _store(
    row: RiskPolicy, values: Values, actor: Actor, about: int, now: datetime, *, confirmed: bool
) -> RiskPolicy:
    before = {name: getattr(row, name) for name in values}
    changed = [name for name, value in values.items() if value != before[name]]
    looser = [name for name in changed if SPECS[name].is_looser(values[name], before[name])]
    if looser and not confirmed:
        raise LimitsLoosened(details={"confirm": looser})
    if row.pk is not None and not changed:
        return row
    for name in changed:
        setattr(row, name, values[name])
    row.changed_at, row.changed_by = now, actor.user_id
    row.save()
    event = LimitsChanged(
        workspace_id=about,
        scope=row.scope,
        bot_id=row.bot_id,
        plan_code=row.plan_code,
        names=changed,
    )
    audit.record(
        event,
        actor=actor,
        at=now,
        before={name: _text(before[name]) for name in changed},
        after={name: _text(values[name]) for name in changed},
    )
    outbox.publish(event)
    return row


def _text(value: Decimal | None) -> str | None:
    return None if value is None else plain(value)


def require_sound(values: Values, caps: Limits) -> None:
    """Raises LimitsWrong with a sentence for each name that is wrong."""
    wrong: dict[str, Any] = {}
    for name, value in values.items():
        spec = SPECS.get(name)
        if spec is None:
            wrong[name] = [_("There is no such limit.")]
        elif value is not None and (problem := _problem(spec, value)):
            wrong[name] = [problem]
        elif _beyond(spec, value, caps):
            wrong[name] = [_("Looser than the platform, your plan or your own limits allow.")]
    if wrong:
        raise LimitsWrong(details=wrong)


def _problem(spec: LimitSpec, value: Decimal) -> str:
    if not value.is_finite() or value < 0 or value > MOST:
        return _("A number of at least 0.")
    if spec.kind is Kind.COUNT and value != value.to_integral_value():
        return _("A whole number.")
    if spec.kind is Kind.FRACTION and value > 1:
        return _("At most 100 %.")
    if spec.kind is Kind.RATIO and value < 1:
        return _("At least 1.")
    return ""


def _beyond(spec: LimitSpec, value: Decimal | None, caps: Limits) -> bool:
    """None is never beyond: what stands above holds then."""
    cap = caps.get(spec.name)
    if value is None or cap is None or not isinstance(cap.value, Decimal):
        return False
    return spec.is_looser(value, cap.value)
