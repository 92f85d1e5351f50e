"""What was expected beside what came of it, per bot; and a paper bot beside its live copy.

Figures are of single trades: fractions of what a trade was worth, so that bots of different sizes
compare. Two bots are compared from the day on which both existed: the same market for both.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import Q

from apps.core.domain.people import Reader
from apps.trading.domain.plans import FINAL, PlanStatus
from apps.trading.models import Bot
from apps.trading.selectors.bots import bot_get
from apps.venues.domain.connections import Mode

ENOUGH = 30  # trades of a bot under which its averages say little
TRADED = (PlanStatus.DONE, PlanStatus.UNWOUND, PlanStatus.NEEDS_ATTENTION)


@dataclass(frozen=True, slots=True, kw_only=True)
class BotDrift:
    """Fractions are means over trades; sums are in `quote`, the asset traded most.

    plans: closed ones that the gate let through; fill_rate: the share of them that was DONE.
    Latencies are medians in microseconds. None: nothing was measured.
    """

    bot_id: int
    name: str
    mode: str
    plans: int
    done: int
    trades: int
    fill_rate: Decimal | None
    expected_net: Decimal | None
    realized_net: Decimal | None
    slippage: Decimal | None
    fees: Decimal | None
    quote: str
    expected_sum: Decimal
    realized_sum: Decimal
    tick_to_order_us: int | None
    round_trip_us: int | None

    @property
    def enough(self) -> bool:
        return self.trades >= ENOUGH

    @property
    def shortfall(self) -> Decimal | None:
        """Expected less realized, a fraction: what reality took."""
        if self.expected_net is None or self.realized_net is None:
            return None
        return self.expected_net - self.realized_net


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftPair:
    """Paper and live over the same time."""

    since: datetime
    paper: BotDrift
    live: BotDrift

    @property
    def enough(self) -> bool:
        return self.paper.enough and self.live.enough

    def change(self, name: str) -> Decimal | None:
        """Live less paper."""
        paper, live = getattr(self.paper, name), getattr(self.live, name)
        return None if paper is None or live is None else Decimal(live) - Decimal(paper)


def bot_drift(*, reader: Reader, bot_id: int) -> BotDrift:
    """Since the bot was made. Raises BotMissing."""
    bot = bot_get(reader=reader, bot_id=bot_id)
    return drift_of(bot, bot.created_at)


def drift_pairs(*, reader: Reader, bot_id: int) -> list[DriftPair]:
    """The bot beside what it was copied from and beside its copies, where one trades real money
    and the other does not. Raises BotMissing."""
    bot = bot_get(reader=reader, bot_id=bot_id)
    kin = Q(copied_from=bot)
    if bot.copied_from_id is not None:
        kin |= Q(pk=bot.copied_from_id)
    rows = Bot.objects.within(reader.workspace_id).filter(kin, deleted_at=None)
    others = [each for each in rows.order_by("-pk") if _differ(bot, each)]
    return [_pair(bot, each) for each in others]


def _differ(left: Bot, right: Bot) -> bool:
    return (left.mode == Mode.LIVE) != (right.mode == Mode.LIVE)


def _pair(left: Bot, right: Bot) -> DriftPair:
    since = max(left.created_at, right.created_at)
    live, paper = (left, right) if left.mode == Mode.LIVE else (right, left)
    return DriftPair(since=since, paper=drift_of(paper, since), live=drift_of(live, since))


DRIFT = """
WITH closed AS MATERIALIZED (
    SELECT status, quote, expected_net, expected_profit, pnl, fees, slippage,
           status = ANY(%(traded)s) AS traded,
           NULLIF(quantity * (legs->0->>'reference_price')::numeric, 0) AS worth
    FROM trading_plan
    WHERE bot_id = %(bot)s AND opened_at >= %(since)s AND status = ANY(%(final)s)
),
main AS (
    SELECT quote FROM closed WHERE traded GROUP BY quote ORDER BY count(*) DESC, quote LIMIT 1
)
SELECT count(*), count(*) FILTER (WHERE status = 'DONE'), count(*) FILTER (WHERE traded),
    avg(expected_net) FILTER (WHERE traded), avg(pnl / worth) FILTER (WHERE traded),
    avg(slippage / worth) FILTER (WHERE traded), avg(fees / worth) FILTER (WHERE traded),
    (SELECT quote FROM main),
    sum(expected_profit) FILTER (WHERE traded AND quote = (SELECT quote FROM main)),
    sum(pnl) FILTER (WHERE traded AND quote = (SELECT quote FROM main)),
    (SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY tick_to_order_us) FROM trading_order
     WHERE bot_id = %(bot)s AND placed_at >= %(since)s AND tick_to_order_us IS NOT NULL),
    (SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY round_trip_us) FROM trading_order
     WHERE bot_id = %(bot)s AND placed_at >= %(since)s AND round_trip_us IS NOT NULL)
FROM closed
"""


def drift_of(bot: Bot, since: datetime) -> BotDrift:
    arguments: dict[str, Any] = {
        "bot": bot.pk,
        "since": since,
        "traded": [each.value for each in TRADED],
        "final": sorted(each for each in FINAL if each != PlanStatus.DENIED),
    }
    with connection.cursor() as cursor:
        cursor.execute(DRIFT, arguments)
        row = cursor.fetchone()
    plans, done, trades, expected, realized, slippage, fees, quote, *rest = row
    pairs = [str(pair) for pair in bot.params.get("pairs", [])]
    return BotDrift(
        bot_id=bot.pk,
        name=bot.name,
        mode=bot.mode,
        plans=plans,
        done=done,
        trades=trades,
        fill_rate=Decimal(done) / plans if plans else None,
        expected_net=expected,
        realized_net=realized,
        slippage=slippage,
        fees=fees,
        quote=quote or (pairs[0].partition("/")[2] if pairs else ""),
        expected_sum=rest[0] or Decimal(0),
        realized_sum=rest[1] or Decimal(0),
        tick_to_order_us=rest[2],
        round_trip_us=rest[3],
    )
