"""Whether real money may be traded: the checklist before an unlock, and whether one still holds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import CharField, Value

from apps.accounts import second_factor
from apps.accounts.domain.errors import WorkspaceMissing
from apps.accounts.selectors import actor_get
from apps.core.domain.people import Reader, Role
from apps.trading.domain import live
from apps.trading.domain.bots import BotStatus
from apps.trading.domain.live import Condition, Unlock
from apps.trading.domain.policies import Scope
from apps.trading.domain.states import TradingState, strictest
from apps.trading.models import Bot, LiveUnlock, RiskPolicy, TradingAccount
from apps.trading.selectors.alignment import alignment_of
from apps.trading.selectors.bots import bot_get
from apps.trading.selectors.exposure import platform_state
from apps.trading.selectors.gate_facts import GateConnection, Parties
from apps.trading.selectors.policies import policies_of
from apps.venues.domain.connections import ConnectionStatus, Mode
from apps.venues.domain.ports import Need
from apps.venues.selectors import connection_get

MANUAL = "manual"  # stands for a strategy in the hash of a connection's unlock
LIVE = Value(Mode.LIVE.value, output_field=CharField())


@dataclass(frozen=True, slots=True)
class Target:
    """What real money would be traded by: a bot, or by hand on one connection (bot None)."""

    name: str
    bot: Bot | None
    connections: tuple[Any, ...]

    @property
    def bot_id(self) -> int | None:
        return None if self.bot is None else int(self.bot.pk)

    @property
    def connection_id(self) -> int | None:
        return None if self.bot is not None else int(self.connections[0].pk)

    @property
    def keys(self) -> dict[int, int]:
        return {each.pk: each.key_version for each in self.connections}

    @property
    def settings(self) -> str:
        strategy, params = (MANUAL, {}) if self.bot is None else (self.bot.strategy, _own(self.bot))
        return live.settings_hash(strategy, params, self.keys)


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveState:
    """fault "": unlocked and valid. ended_because: why the last unlock does not hold."""

    fault: str
    at: datetime | None
    created_by: int | None
    limits: Mapping[str, str]

    @property
    def unlocked(self) -> bool:
        return not self.fault


def target_of(*, reader: Reader, bot_id: int | None, connection_id: int | None) -> Target:
    """Raises BotMissing, ConnectionMissing."""
    if bot_id is not None:
        bot = bot_get(reader=reader, bot_id=bot_id)
        return Target(bot.name, bot, tuple(each.connection for each in bot.venues.all()))
    held = connection_get(reader=reader, connection_id=int(connection_id or 0))
    return Target(held.label, None, (held,))


def live_conditions(
    *, reader: Reader, bot_id: int | None = None, connection_id: int | None = None
) -> list[Condition]:
    """Every condition of an unlock by this reader, met or not. Raises BotMissing,
    ConnectionMissing."""
    target = target_of(reader=reader, bot_id=bot_id, connection_id=connection_id)
    return conditions_of(reader, target)


def conditions_of(reader: Reader, target: Target) -> list[Condition]:
    proven = reader.user_id is not None and second_factor.is_enrolled(user_id=reader.user_id)
    found = [
        Condition("SECOND_FACTOR", proven),
        Condition("ROLE", reader.role >= Role.ADMIN),
        Condition("LIMITS_SET", _limits_set(reader.workspace_id, target.bot_id)),
    ]
    if target.bot is not None:
        found.append(Condition("MODE", target.bot.mode == Mode.LIVE))
    aligned = alignment_of([each.pk for each in target.connections])
    for each in target.connections:
        told = {"label": each.label, "connection_id": str(each.pk)}
        usable = each.status == ConnectionStatus.ACTIVE and each.need == Need.TRADE
        found += [
            Condition("CONNECTION_REAL", each.mode == Mode.LIVE, told),
            Condition("CONNECTION_ACTIVE", usable and each.removed_at is None, told),
            Condition("RIGHTS_PROVEN", live.rights_proven(each.rights), told),
            Condition("ALIGNED", aligned[each.pk].aligned, told),
        ]
    if target.bot is not None:
        found.append(Condition("BOT_STOPPED", target.bot.status == BotStatus.STOPPED))
    state = _state(reader.workspace_id, target.bot)
    return [*found, Condition("NOT_HALTED", state is not TradingState.HALTED)]


def _limits_set(workspace_id: int, bot_id: int | None) -> bool:
    """The workspace's or the bot's row names both; the house's defaults are nobody's choice."""
    scopes = [RiskPolicy.objects.filter(scope=Scope.WORKSPACE, workspace_id=workspace_id)]
    if bot_id is not None:
        scopes.append(
            RiskPolicy.objects.filter(scope=Scope.BOT, workspace_id=workspace_id, bot_id=bot_id)
        )
    rows = [row for each in scopes for row in each.values(*live.LIMITS_NEEDED)]
    return all(any(row[name] is not None for row in rows) for name in live.LIMITS_NEEDED)


def _state(workspace_id: int, bot: Bot | None) -> TradingState:
    account = TradingAccount.objects.filter(workspace_id=workspace_id).first()
    states = [platform_state()]
    states += [TradingState(each.state) for each in (account,) if each is not None]
    states += [TradingState(bot.trading_state)] if bot is not None else []
    return strictest(states)


def unlock_row(target: Target) -> LiveUnlock | None:
    """The one that nobody has withdrawn; whether it holds, `live_state` says."""
    rows = LiveUnlock.objects.filter(revoked_at=None)
    if target.bot is not None:
        rows = rows.filter(bot=target.bot)
    else:
        rows = rows.filter(connection_id=target.connection_id)
    found: LiveUnlock | None = rows.first()
    return found


def live_state(target: Target, workspace_id: int) -> LiveState:
    row = unlock_row(target)
    if row is None:
        return _ended(target)
    given = Unlock(
        settings_hash=row.settings_hash,
        limits=row.limits,
        keys={int(number): version for number, version in row.keys.items()},
        proven=_proven(row.created_by, workspace_id),
    )
    limits = live.limits_own(policies_of(workspace_id, target.bot_id))
    fault = live.unlock_fault(given, settings=target.settings, limits=limits, keys=target.keys)
    return LiveState(fault=fault, at=row.at, created_by=row.created_by, limits=row.limits)


def _proven(user_id: int, workspace_id: int) -> bool:
    try:
        giver = actor_get(user_id=user_id, workspace_id=workspace_id)
    except WorkspaceMissing:
        return False
    return giver.role >= Role.ADMIN and second_factor.is_enrolled(user_id=user_id)


def _ended(target: Target) -> LiveState:
    rows = LiveUnlock.objects.exclude(revoked_at=None).order_by("-pk")
    if target.bot is not None:
        last = rows.filter(bot=target.bot).first()
    else:
        last = rows.filter(connection_id=target.connection_id).first()
    if last is None:
        return LiveState(fault="NEVER", at=None, created_by=None, limits={})
    return LiveState(fault=last.revoked_reason, at=last.revoked_at, created_by=None, limits={})


def unlocks_active(*, workspace_id: int | None = None, user_id: int | None = None) -> list[Any]:
    """(workspace_id, bot_id, connection_id) of those not withdrawn: of a workspace, or those that
    a user gave in any. Of what is gone there is nothing to end."""
    rows = LiveUnlock.objects.filter(revoked_at=None)
    rows = rows.filter(bot__deleted_at=None, connection__removed_at=None)
    if workspace_id is not None:
        rows = rows.filter(workspace_id=workspace_id)
    if user_id is not None:
        rows = rows.filter(created_by=user_id)
    return list(rows.order_by("pk").values_list("workspace_id", "bot_id", "connection_id"))


def workspace_mode(*, reader: Reader) -> str:
    """The head of every page: LIVE as soon as something of the workspace may trade real money.

    One question for every page: the modes of its bots, and LIVE for orders by hand.
    """
    running = Bot.objects.within(reader.workspace_id).filter(deleted_at=None)
    by_hand = LiveUnlock.objects.within(reader.workspace_id).filter(revoked_at=None, bot=None)
    manual = by_hand.filter(connection__removed_at=None)
    told = running.exclude(status=BotStatus.STOPPED).values_list("mode")
    modes = {mode for (mode,) in told.union(manual.values_list(LIVE))}
    return next((mode for mode in (Mode.LIVE, Mode.TESTNET) if mode in modes), Mode.PAPER)


def gate_fault(told: Parties, bot_id: int | None, connection_ids: Iterable[int]) -> str:
    """For the gate: why real money is locked for what is wanted, or "". Nothing is fetched.

    A bot's orders need the bot's unlock, all others that of each real connection.
    """
    real = {
        number: told.connections[number]
        for number in connection_ids
        if number in told.connections and told.connections[number].mode == Mode.LIVE
    }
    if not real:
        return ""
    limits = live.limits_own(told.policies)
    if bot_id is not None:
        return _gate_bot_fault(told, real, limits)
    for number, each in sorted(real.items()):
        settings = live.settings_hash(MANUAL, {}, [number])
        keys = {number: each.key_version}
        unlock = told.unlocks.get((None, number))
        fault = live.unlock_fault(unlock, settings=settings, limits=limits, keys=keys)
        if fault:
            return fault
    return ""


def _gate_bot_fault(
    told: Parties, real: Mapping[int, GateConnection], limits: Mapping[str, str]
) -> str:
    bot = told.bot
    if bot is None:
        return "NEVER"
    settings = live.settings_hash(bot.strategy, own_params(bot.params), bot.connections)
    keys = {number: each.key_version for number, each in real.items()}
    unlock = next((each for (number, _), each in told.unlocks.items() if number is not None), None)
    return live.unlock_fault(unlock, settings=settings, limits=limits, keys=keys)


def own_params(params: Mapping[str, Any]) -> dict[str, Any]:
    """The connections stand in the hash by themselves: their order in the parameters is none."""
    return {name: value for name, value in params.items() if name != "venues"}


def _own(bot: Bot) -> dict[str, Any]:
    return own_params(bot.params)
