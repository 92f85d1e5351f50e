"""Bots come, change, start, stop and go."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from types import EllipsisType
from typing import Any

from django.db import IntegrityError, transaction

from apps.billing.selectors import require_room
from apps.core import audit, outbox
from apps.core.domain.errors import InputRefused
from apps.core.domain.errors import gettext_noop as _
from apps.core.domain.events import Event
from apps.core.domain.people import Actor, Role
from apps.markets.selectors import instrument_list
from apps.portfolio.selectors import balance_list
from apps.trading import locks
from apps.trading.domain.bots import BotStatus, RestartPolicy
from apps.trading.domain.errors import (
    BotHasOpenPlans,
    BotIsRunning,
    BotMissing,
    BotNameTaken,
    ConnectionModeWrong,
    ConnectionUnfit,
    LiveLocked,
    LiveTradingClosed,
    PairUntradable,
    TradingIsHalted,
)
from apps.trading.domain.events import (
    BotCreated,
    BotDeleted,
    BotPaused,
    BotResumed,
    BotStarted,
    BotStopped,
    BotUpdated,
)
from apps.trading.domain.live import FAULTS
from apps.trading.domain.plans import ALIVE
from apps.trading.models import Bot, BotInventory, BotVenue, Plan
from apps.trading.selectors.live import conditions_of, live_state, target_of
from apps.trading.services.account import account_open
from apps.trading.services.bot_capital import (
    capital_checked,
    capital_release,
    capital_set_aside,
)
from apps.trading.strategies.parameters import params_dump, params_parse
from apps.trading.strategies.registry import strategy_type
from apps.venues.domain.connections import ConnectionStatus, Mode
from apps.venues.domain.ports import Need
from apps.venues.selectors import connection_get


@transaction.atomic
def bot_create(
    *,
    actor: Actor,
    name: str,
    strategy: str,
    params: Mapping[str, Any],
    connection_ids: Sequence[int],
    mode: str = Mode.PAPER,
    on_restart: str = RestartPolicy.RESUME,
    capital: Decimal | None = None,
    now: datetime,
) -> Bot:
    """A stopped bot; capital: of its quote, set aside for it while it runs.

    Raises InputRefused by field, StrategyMissing, ConnectionMissing, ConnectionUnfit,
    ConnectionModeWrong, LiveTradingClosed, VenuesTooFew, PairUntradable, PlanLimitReached,
    BotNameTaken."""
    actor.require(Role.TRADER)
    account_open(actor.workspace_id)
    values, connections = params_checked(actor, strategy, params, connection_ids, mode)
    bot = Bot(
        workspace_id=actor.workspace_id,
        name=_name(name),
        strategy=strategy,
        mode=mode,
        params=values,
        status=BotStatus.STOPPED,
        on_restart=_policy(on_restart),
        capital=capital_checked(capital, _symbols(strategy, values)),
        created_at=now,
    )
    _save(bot)
    _venues_store(bot, connections)
    _tell(BotCreated(workspace_id=actor.workspace_id, bot_id=bot.pk), actor, now)
    return bot


@transaction.atomic
def bot_update(
    *,
    actor: Actor,
    bot_id: int,
    name: str,
    params: Mapping[str, Any],
    connection_ids: Sequence[int],
    on_restart: str | None = None,
    capital: Decimal | EllipsisType | None = ...,
    now: datetime,
) -> Bot:
    """Change a stopped bot; on_restart None and capital ... keep what they are. Raises what
    bot_create raises, BotMissing and BotIsRunning."""
    actor.require(Role.TRADER)
    bot = _locked(actor, bot_id)
    _require_stopped(bot)
    values, connections = params_checked(actor, bot.strategy, params, connection_ids, bot.mode)
    bot.name, bot.params = _name(name), values
    bot.on_restart = _policy(on_restart or bot.on_restart)
    wanted = bot.capital if isinstance(capital, EllipsisType) else capital
    bot.capital = capital_checked(wanted, _symbols(bot.strategy, values))
    _save(bot)
    BotVenue.objects.filter(bot=bot).delete()
    _venues_store(bot, connections)
    _tell(BotUpdated(workspace_id=actor.workspace_id, bot_id=bot.pk), actor, now)
    return bot


@transaction.atomic
def bot_start(*, actor: Actor, bot_id: int, now: datetime) -> Bot:
    """Let an engine take it, with its capital set aside. Starting a running bot is success.

    Raises BotMissing, TradingIsHalted, PlanLimitReached, LiveLocked, CapitalNotFree,
    CapitalUnpriced, and what no longer fits: ConnectionUnfit, InputRefused."""
    actor.require(Role.TRADER)
    account_open(actor.workspace_id)
    account = locks.trading_account(actor.workspace_id)
    bot = _locked(actor, bot_id)
    if bot.status == BotStatus.RUNNING:
        return bot
    if account.halted:
        raise TradingIsHalted
    running = Bot.objects.filter(workspace_id=actor.workspace_id, deleted_at=None)
    running = running.exclude(status=BotStatus.STOPPED).exclude(pk=bot.pk)
    require_room(
        actor.workspace_id, limit="running_bots", used=running.count(), what=_("running bots")
    )
    held = [each.connection_id for each in bot.venues.all()]
    params_checked(actor, bot.strategy, bot.params, held, bot.mode)
    _require_unlocked(actor, bot)
    capital_set_aside(bot, _symbols(bot.strategy, bot.params))
    _moved(bot, BotStatus.RUNNING, now)
    _inventory_note(bot, held, now)
    _tell(BotStarted(workspace_id=actor.workspace_id, bot_id=bot.pk), actor, now)
    return bot


@transaction.atomic
def bot_stop(*, actor: Actor, bot_id: int, now: datetime) -> Bot:
    """No new plan from this commit on; what is under way is finished. Stopping twice is success."""
    actor.require(Role.TRADER)
    account_open(actor.workspace_id)
    locks.trading_account(actor.workspace_id)
    bot = _locked(actor, bot_id)
    if bot.status == BotStatus.STOPPED:
        return bot
    bot.lease_owner, bot.lease_until = "", None
    _moved(bot, BotStatus.STOPPED, now)
    capital_release(bot)
    _tell(BotStopped(workspace_id=actor.workspace_id, bot_id=bot.pk), actor, now)
    return bot


@transaction.atomic
def bot_delete(*, actor: Actor, bot_id: int, now: datetime) -> None:
    """A stopped bot without open plans disappears; its trades stay.
    Raises BotMissing, BotIsRunning, BotHasOpenPlans."""
    actor.require(Role.TRADER)
    account_open(actor.workspace_id)
    locks.trading_account(actor.workspace_id)
    bot = _locked(actor, bot_id)
    _require_stopped(bot)
    if Plan.objects.filter(bot=bot, status__in=sorted(ALIVE)).exists():
        raise BotHasOpenPlans(name=bot.name)
    bot.deleted_at = now
    bot.save(update_fields=["deleted_at"])
    _tell(BotDeleted(workspace_id=actor.workspace_id, bot_id=bot.pk), actor, now)


@transaction.atomic
def bot_pause(
    *,
    actor: Actor,
    bot_id: int,
    code: str,
    params: Mapping[str, str],
    until: datetime | None,
    now: datetime,
) -> None:
    """The engine cannot trade for this bot: say why. `until` None: only a person can help."""
    paused = Bot.objects.filter(
        workspace_id=actor.workspace_id, pk=bot_id, status=BotStatus.RUNNING, deleted_at=None
    ).update(
        status=BotStatus.PAUSED, status_code=code, status_params=dict(params), paused_until=until
    )
    if paused:
        event = BotPaused(workspace_id=actor.workspace_id, bot_id=bot_id, code=code)
        _tell(event, actor, now)


@transaction.atomic
def bot_wake(*, actor: Actor, bot_id: int, now: datetime, waited_for: int | None = None) -> None:
    """A paused bot runs again: its pause is over, or the connection it waited for works."""
    paused = Bot.objects.filter(
        workspace_id=actor.workspace_id, pk=bot_id, status=BotStatus.PAUSED, deleted_at=None
    )
    if waited_for is None:
        paused = paused.filter(paused_until__lte=now)
    else:
        paused = paused.filter(status_params__connection_id=str(waited_for))
    woken = paused.update(
        status=BotStatus.RUNNING, status_code="", status_params={}, paused_until=None
    )
    if woken:
        _tell(BotResumed(workspace_id=actor.workspace_id, bot_id=bot_id), actor, now)


def params_checked(
    actor: Actor,
    strategy: str,
    params: Mapping[str, Any],
    connection_ids: Sequence[int],
    mode: str,
) -> tuple[dict[str, Any], list[Any]]:
    """The parameters as they are kept, and the connections, all of them fit for the bot."""
    kind = strategy_type(strategy)
    given = dict(params)
    if connection_ids:
        given["venues"] = list(connection_ids)
    parsed = params_parse(kind.params_type, given)
    if mode not in set(Mode):
        raise InputRefused(details={"mode": ["PAPER, TESTNET or LIVE."]})
    connections = [connection_get(reader=actor, connection_id=number) for number in parsed.venues]
    for each in connections:
        _require_fit(each, mode)
    kind.check(parsed, {each.pk: each.venue for each in connections})
    _require_traded(kind.symbols(parsed), {each.venue for each in connections})
    require_room(
        actor.workspace_id,
        limit="pairs_per_bot",
        used=len(kind.symbols(parsed)) - 1,
        what=_("pairs per bot"),
    )
    return params_dump(parsed), connections


def _symbols(strategy: str, params: Mapping[str, Any]) -> tuple[str, ...]:
    kind = strategy_type(strategy)
    return tuple(kind.symbols(params_parse(kind.params_type, params)))


def _require_traded(symbols: Iterable[str], venues: Iterable[str]) -> None:
    """Two venues list each pair, or may: what nobody has asked about yet is not held against it."""
    listed = {venue: {each.symbol for each in instrument_list(venue=venue)} for venue in venues}
    for symbol in symbols:
        if sum(not known or symbol in known for known in listed.values()) < 2:
            raise PairUntradable(symbol=symbol)


def _require_fit(connection: Any, mode: str) -> None:
    if mode == Mode.TESTNET:
        raise LiveTradingClosed
    if connection.mode != mode:
        problem = ConnectionModeWrong(mode=mode, label=connection.label, theirs=connection.mode)
        problem.details = {"venues": [str(problem)]}
        raise problem
    if connection.status != ConnectionStatus.ACTIVE or connection.need != Need.TRADE:
        raise ConnectionUnfit(label=connection.label)


def _require_unlocked(actor: Actor, bot: Bot) -> None:
    """Raises LiveLocked with what is missing: real money needs a person's valid unlock."""
    if bot.mode != Mode.LIVE:
        return
    target = target_of(reader=actor, bot_id=bot.pk, connection_id=None)
    fault = live_state(target, actor.workspace_id).fault
    if fault:
        missing = [each.code for each in conditions_of(actor, target) if not each.met]
        details = {"reason": fault, "missing": sorted(set(missing))}
        raise LiveLocked(name=bot.name, why=FAULTS.get(fault, fault), details=details)


def _policy(wanted: str) -> RestartPolicy:
    try:
        return RestartPolicy(wanted)
    except ValueError:
        raise InputRefused(details={"on_restart": ["RESUME or FLATTEN."]}) from None


def _name(name: str) -> str:
    cleaned = " ".join(name.split())
    if not 1 <= len(cleaned) <= 80:
        raise InputRefused(details={"name": ["A name of 1 to 80 characters."]})
    return cleaned


def _save(bot: Bot) -> None:
    try:
        with transaction.atomic():
            bot.save()
    except IntegrityError as e:
        raise BotNameTaken(name=bot.name) from e


def _venues_store(bot: Bot, connections: Sequence[Any]) -> None:
    BotVenue.objects.bulk_create(
        BotVenue(bot=bot, connection=each, venue=each.venue) for each in connections
    )


def _locked(actor: Actor, bot_id: int) -> Bot:
    bot = locks.bot(actor.workspace_id, bot_id)
    if bot is None:
        raise BotMissing
    return bot


def _require_stopped(bot: Bot) -> None:
    if bot.status != BotStatus.STOPPED:
        raise BotIsRunning(name=bot.name)


def _moved(bot: Bot, status: BotStatus, now: datetime) -> None:
    """A start or a stop by a person. The new token ends every plan decided before it."""
    bot.status, bot.status_code, bot.status_params, bot.paused_until = status, "", {}, None
    bot.fencing_token += 1
    if status is BotStatus.RUNNING:
        bot.started_at = now
    bot.save(
        update_fields=[
            "status", "status_code", "status_params", "paused_until", "fencing_token",
            "started_at", "lease_owner", "lease_until",
        ]
    )  # fmt: skip


def _inventory_note(bot: Bot, connection_ids: Sequence[int], now: datetime) -> None:
    """What stands on the bot's connections at its first start: drift is measured from it."""
    if BotInventory.objects.filter(bot=bot).exists():
        return
    held = set(connection_ids)
    rows = balance_list(reader=Actor.platform(bot.workspace_id))
    BotInventory.objects.bulk_create(
        BotInventory(
            bot=bot,
            connection_id=row.connection_id,
            asset=row.asset,
            amount=row.free + row.used,
            at=now,
        )
        for row in rows
        if row.connection_id in held
    )


def _tell(event: Event, actor: Actor, now: datetime) -> None:
    audit.record(event, actor=actor, at=now)
    outbox.publish(event)
