"""Automatic stops: what was seen, against its limit. Pure; who looks and who acts stand elsewhere.

Each rule counts only what happened since trading was last resumed, so that a person who resumed
knowingly is not overruled by old news, and none of them ever loosens anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from apps.core.domain.money import plain
from apps.trading.domain.kill import KillCommand, KillScope


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkspaceFacts:
    """Of one workspace, since it was resumed. Money in dollars; a limit None: there is none."""

    workspace_id: int
    errors: int = 0
    loss: Decimal = Decimal(0)  # of 24 hours
    loss_limit: Decimal | None = None
    fall: Decimal = Decimal(0)  # of the summed results from their highest point
    fall_limit: Decimal | None = None
    fall_fired_at: Decimal = Decimal(0)  # the fall that a rule has already stopped this one for
    engine_silent: int | None = None  # seconds, while trades are open; None: not so
    unaligned: Mapping[int, tuple[int, str]] = field(
        default_factory=dict
    )  # {bot: (seconds, venue)}
    books_silent: Mapping[int, int] = field(default_factory=dict)  # {running bot: seconds}


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    errors: int
    errors_seconds: int
    unaligned_seconds: int
    stale_seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """A rule fired: do this, and say why."""

    workspace_id: int
    scope: KillScope
    bot_id: int | None
    command: KillCommand
    rule: str
    params: Mapping[str, str]


def stops_of(facts: Iterable[WorkspaceFacts], limits: Limits) -> Iterator[Stop]:
    """Every rule that fires, workspace by workspace."""
    for each in facts:
        yield from _of_workspace(each, limits)
        yield from _of_bots(each, limits)


def _of_workspace(facts: WorkspaceFacts, limits: Limits) -> Iterator[Stop]:
    if limits.errors and facts.errors >= limits.errors:
        params = {
            "count": str(facts.errors),
            "seconds": str(limits.errors_seconds),
            "max": str(limits.errors),
        }
        yield _whole(facts, KillCommand.HALT, "ERROR_BURST", params)
    if facts.loss_limit is not None and facts.loss >= facts.loss_limit > 0:
        params = {"loss": plain(facts.loss), "max": plain(facts.loss_limit)}
        yield _whole(facts, KillCommand.REDUCE, "LOSS", params)
    if facts.fall_limit is not None and facts.fall - facts.fall_fired_at >= facts.fall_limit > 0:
        params = {"fall": plain(facts.fall), "max": plain(facts.fall_limit)}
        yield _whole(facts, KillCommand.HALT, "DRAWDOWN", params)
    if facts.engine_silent is not None and facts.engine_silent > limits.stale_seconds:
        params = {"seconds": str(facts.engine_silent), "max": str(limits.stale_seconds)}
        yield _whole(facts, KillCommand.HALT, "STALE_ENGINE", params)


def _of_bots(facts: WorkspaceFacts, limits: Limits) -> Iterator[Stop]:
    for bot_id, (seconds, venue) in facts.unaligned.items():
        if seconds > limits.unaligned_seconds:
            params = {
                "seconds": str(seconds),
                "venue": venue,
                "max": str(limits.unaligned_seconds),
            }
            yield _bot(facts, bot_id, KillCommand.HALT, "UNALIGNED", params)
    for bot_id, seconds in facts.books_silent.items():
        if seconds > limits.stale_seconds:
            params = {"seconds": str(seconds), "max": str(limits.stale_seconds)}
            yield _bot(facts, bot_id, KillCommand.REDUCE, "STALE_BOOKS", params)


def _whole(
    facts: WorkspaceFacts, command: KillCommand, rule: str, params: Mapping[str, str]
) -> Stop:
    return Stop(
        workspace_id=facts.workspace_id,
        scope=KillScope.WORKSPACE,
        bot_id=None,
        command=command,
        rule=rule,
        params=params,
    )


def _bot(
    facts: WorkspaceFacts, bot_id: int, command: KillCommand, rule: str, params: Mapping[str, str]
) -> Stop:
    return Stop(
        workspace_id=facts.workspace_id,
        scope=KillScope.BOT,
        bot_id=bot_id,
        command=command,
        rule=rule,
        params=params,
    )
