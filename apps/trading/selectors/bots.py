"""Bots as lists and pages show them. Query counts do not grow with the number of bots."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import Count, Q, Sum
from django.utils.translation import gettext

from apps.core.domain.errors import CryonelError
from apps.core.domain.people import Reader
from apps.trading.domain.errors import BotMissing
from apps.trading.domain.plans import PlanStatus
from apps.trading.models import Bot, DecisionLog, Plan, TradingAccount
from apps.trading.selectors.decisions import decision_text
from apps.trading.strategies.registry import strategy_type
from apps.venues.registry import venue_label

TRADED = Q(status__in=[PlanStatus.DONE, PlanStatus.UNWOUND, PlanStatus.NEEDS_ATTENTION])


@dataclass(frozen=True, slots=True)
class QuoteSum:
    """What was earned in one quote asset."""

    quote: str
    pnl: Decimal
    trades: int


@dataclass(frozen=True, slots=True)
class BotProblem:
    """Why a bot waits and what to do: an error's code and its translated sentence."""

    code: str
    message: str
    action: str
    at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BotCard:
    """A bot with its figures. pnl and quote speak of the quote asset it trades most;
    more holds the others."""

    pk: int
    name: str
    status: str
    strategy: str
    mode: str
    pairs: str
    venues: str
    pnl: Decimal
    quote: str
    trades_count: int
    notional: str
    started_at: datetime | None
    last_decision: str = ""
    problem: BotProblem | None = None
    more: tuple[QuoteSum, ...] = field(default=())


def bot_get(*, reader: Reader, bot_id: int) -> Bot:
    """Someone else's bot is reported exactly like a missing one: BotMissing."""
    rows = Bot.objects.within(reader.workspace_id).filter(pk=bot_id, deleted_at=None)
    found: Bot | None = rows.prefetch_related("venues__connection").first()
    if found is None:
        raise BotMissing
    return found


def bot_list(*, reader: Reader) -> list[BotCard]:
    """Every bot of the workspace, newest first, with its figures and its last decision."""
    rows = Bot.objects.within(reader.workspace_id).filter(deleted_at=None)
    bots = list(rows.prefetch_related("venues__connection").order_by("-pk"))
    sums = pnl_by_bot([bot.pk for bot in bots])
    last = _last_decisions([bot.pk for bot in bots])
    return [bot_card(bot, sums.get(bot.pk, []), last.get(bot.pk, "")) for bot in bots]


def bot_card(bot: Bot, sums: Iterable[QuoteSum], last_decision: str = "") -> BotCard:
    ranked = sorted(sums, key=lambda each: -each.trades)
    pairs = [str(pair) for pair in bot.params.get("pairs", [])]
    quote = pairs[0].partition("/")[2] if pairs else ""
    main = ranked[0] if ranked else QuoteSum(quote, Decimal(0), 0)
    return BotCard(
        pk=bot.pk,
        name=bot.name,
        status=bot.status,
        strategy=gettext(strategy_type(bot.strategy).label),
        mode=bot.mode,
        pairs=", ".join(pairs),
        venues=", ".join(venue_label(each.venue) for each in bot.venues.all()),
        pnl=main.pnl,
        quote=main.quote,
        trades_count=sum(each.trades for each in ranked),
        notional=str(bot.params.get("notional", "")),
        started_at=bot.started_at,
        last_decision=last_decision,
        problem=bot_problem(bot),
        more=tuple(ranked[1:]),
    )


def pnl_by_bot(bot_ids: list[int], since: datetime | None = None) -> dict[int, list[QuoteSum]]:
    """Profit after all costs by bot and quote asset, of plans that traded."""
    rows = Plan.objects.filter(TRADED, bot_id__in=bot_ids)
    if since is not None:
        rows = rows.filter(closed_at__gte=since)
    found: dict[int, list[QuoteSum]] = defaultdict(list)
    grouped = rows.values("bot_id", "quote").annotate(earned=Sum("pnl"), trades=Count("pk"))
    for row in grouped:
        earned = row["earned"] or Decimal(0)
        found[row["bot_id"]].append(QuoteSum(row["quote"], earned, row["trades"]))
    return dict(found)


def bot_problem(bot: Bot) -> BotProblem | None:
    """The reason of a pause, said in the active language."""
    if not bot.status_code:
        return None
    kind = CryonelError.registry.get(bot.status_code)
    words: Mapping[str, Any] = bot.status_params
    message = decision_text(bot.status_code, dict(words))
    if kind is not None:
        try:
            message = gettext(kind.template).format(**words)
        except (KeyError, IndexError):  # the sentence learned a new word since
            message = gettext("This bot waits: {code}.").format(code=kind.code)
    action = (
        gettext("It goes on by itself.")
        if bot.paused_until
        else gettext("Correct this, then start the bot again.")
    )
    return BotProblem(bot.status_code, message, action, bot.paused_until)


def _last_decisions(bot_ids: list[int]) -> dict[int, str]:
    rows = (
        DecisionLog.objects.filter(bot_id__in=bot_ids)
        .order_by("bot_id", "-last_at", "-pk")
        .distinct("bot_id")
    )
    return {row.bot_id: decision_text(row.code, row.params) for row in rows}


@dataclass(frozen=True, slots=True)
class HaltState:
    halted: bool
    at: datetime | None
    reason: str


def halt_state(*, reader: Reader) -> HaltState:
    """Whether the workspace's trading is halted. A workspace that never traded is not."""
    row = TradingAccount.objects.filter(workspace_id=reader.workspace_id).first()
    if row is None or not row.halted:
        return HaltState(False, None, "")
    return HaltState(True, row.state_at, row.state_reason)


def running_count(*, reader: Reader) -> int:
    rows = Bot.objects.within(reader.workspace_id).filter(deleted_at=None)
    return int(rows.exclude(status="STOPPED").count())
