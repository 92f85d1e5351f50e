"""Real money: what must hold before it may be traded, and what ends that permission. Pure.

A permission ("unlock") is for one bot, or for manual orders on one connection. It remembers the
settings and the limits it was given for: settings that differ at all, or limits that were loosened,
void it. The gate asks `unlock_fault` at every opening order, so a permission that nobody has
withdrawn yet is void all the same.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from apps.core.domain.errors import gettext_noop
from apps.core.domain.money import plain
from apps.trading.domain.policies import SPECS, Policy, Scope, strictest
from apps.venues.domain.connections import rights_from_json
from apps.venues.domain.ports import RightsProof

_ = gettext_noop
OWN_SCOPES = frozenset({Scope.WORKSPACE, Scope.BOT})
LIMITS_NEEDED = ("daily_loss", "max_order_value")

CONDITIONS: dict[str, str] = {
    "SECOND_FACTOR": _("You have a second factor."),
    "ROLE": _("You are an administrator of this workspace."),
    "LIMITS_SET": _("You have set your own largest order and largest loss in 24 hours."),
    "MODE": _("The bot is a bot for real money."),
    "CONNECTION_REAL": _("{label} is a connection to the real exchange."),
    "CONNECTION_ACTIVE": _("{label} is active and may trade."),
    "RIGHTS_PROVEN": _("The key of {label} is proven unable to withdraw."),
    "ALIGNED": _("Orders and balances of {label} agree with the exchange."),
    "BOT_STOPPED": _("The bot is stopped."),
    "NOT_HALTED": _("Trading is not halted."),
}
REMEDIES: dict[str, str] = {
    "SECOND_FACTOR": _("Set up an authenticator app."),
    "ROLE": _("Ask an administrator of the workspace."),
    "LIMITS_SET": _("Set both on the risk page and save them."),
    "MODE": _("Copy the bot and choose real money."),
    "CONNECTION_REAL": _("Choose other connections."),
    "CONNECTION_ACTIVE": _("Look at the connection: it says what is wrong."),
    "RIGHTS_PROVEN": _("Make a key at the exchange that cannot withdraw, and test it."),
    "ALIGNED": _("Look at the connection: it says what differs, or compare it again."),
    "BOT_STOPPED": _("Stop the bot first."),
    "NOT_HALTED": _("Resume trading first."),
}
FAULTS: dict[str, str] = {
    "NEVER": _("It was not unlocked."),
    "LOCKED": _("It was locked by hand."),
    "SETTINGS_CHANGED": _("Its settings or its connections were changed after the unlock."),
    "LIMITS_LOOSENED": _("Limits were loosened after the unlock."),
    "KEY_CHANGED": _("The key of a connection was changed after the unlock."),
    "GIVER_GONE": _("Who unlocked it has no second factor any more, or may not any more."),
}


@dataclass(frozen=True, slots=True)
class Condition:
    """One line of the checklist; params fill its sentence, `connection_id` among them."""

    code: str
    met: bool
    params: Mapping[str, str] = field(default_factory=dict)


def settings_hash(strategy: str, params: Mapping[str, Any], connection_ids: Iterable[int]) -> str:
    """Of everything that decides what it does. The order of names and connections is no matter."""
    told = {"strategy": strategy, "params": params, "connections": sorted(connection_ids)}
    text = json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def limits_own(policies: Iterable[Policy]) -> dict[str, str]:
    """What the person and the bot's own policy allow, as text: {limit: its value}."""
    held = strictest(each for each in policies if each.scope in OWN_SCOPES)
    return {
        name: plain(limit.value) for name, limit in held.items() if isinstance(limit.value, Decimal)
    }


def limits_loosened(before: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """Names whose limit is gone or weaker than it was. Unreadable counts as loosened."""
    return [name for name, text in sorted(before.items()) if _looser(name, text, now.get(name))]


def _looser(name: str, before: str, now: str | None) -> bool:
    spec = SPECS.get(name)
    if spec is None or now is None:
        return True
    try:
        return spec.is_looser(Decimal(now), Decimal(before))
    except InvalidOperation:
        return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Unlock:
    """A permission as it stands stored. keys: {connection id: version of its key}."""

    settings_hash: str
    limits: Mapping[str, str]
    keys: Mapping[int, int]
    proven: bool  # who gave it is an active administrator with a second factor, still


def unlock_fault(
    unlock: Unlock | None,
    *,
    settings: str,
    limits: Mapping[str, str],
    keys: Mapping[int, int],
) -> str:
    """Why it does not hold, or "". keys: of the connections that matter now."""
    if unlock is None:
        return "NEVER"
    if not unlock.proven:
        return "GIVER_GONE"
    if unlock.settings_hash != settings:
        return "SETTINGS_CHANGED"
    if any(unlock.keys.get(number) != version for number, version in keys.items()):
        return "KEY_CHANGED"
    if limits_loosened(unlock.limits, limits):
        return "LIMITS_LOOSENED"
    return ""


def rights_proven(stored: Mapping[str, Any]) -> bool:
    """The exchange said, or the kind of key implies, that it cannot withdraw."""
    rights = rights_from_json(stored)
    if rights is None or rights.can_withdraw:
        return False
    if rights.proof is RightsProof.STRUCTURAL:
        return True
    return rights.proof is RightsProof.PROBE and rights.can_withdraw is False
