"""What the gate must know, read while the account is locked: three statements of plain SQL."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import psycopg
from django.db import connection

from apps.core.domain.money import ZERO
from apps.trading.domain.alignment import AlignmentFact, fact
from apps.trading.domain.legs import assets_of
from apps.trading.domain.live import Unlock
from apps.trading.domain.policies import OWN_DEFAULTS, SPECS, Policy, Scope
from apps.trading.domain.risk import Claim, Figures, Holding
from apps.trading.domain.states import TradingState

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
SILENT_AFTER = timedelta(seconds=15)  # an order without an answer for so long counts as failed
MOST_ERRORS = 200
PREPARED_FROM = 1_000_000  # uses of other statements that do not ask for it
_exact = partial(json.loads, parse_float=Decimal, parse_int=Decimal)

WHO = """
SELECT
    (SELECT state FROM trading_platformtrading WHERE id = 1),
    bot.status, bot.fencing_token, bot.strategy, bot.params, bot.trading_state,
    ARRAY(SELECT used.connection_id FROM trading_botvenue AS used WHERE used.bot_id = bot.id),
    (
        SELECT json_agg(json_build_array(held.id, held.venue, held.mode, held.status,
                                         held.key_version, told.status, told.checked_at))
        FROM venues_connection AS held
        LEFT JOIN trading_connectionalignment AS told ON told.connection_id = held.id
        WHERE held.id = ANY(%(connections)s::bigint[]) AND held.workspace_id = %(workspace)s::bigint
          AND held.removed_at IS NULL
    )::text,
    (
        SELECT json_agg(row_to_json(policy)) FROM trading_riskpolicy AS policy
        WHERE (workspace_id IS NULL AND scope = 'PLATFORM')
           OR (workspace_id = %(workspace)s::bigint AND scope = 'WORKSPACE')
           OR (workspace_id = %(workspace)s::bigint AND scope = 'BOT' AND bot_id = bot.id)
           OR (workspace_id IS NULL AND scope = 'PLAN' AND plan_code = COALESCE(
                (SELECT rung.code FROM billing_subscription AS held
                 JOIN billing_plan AS rung ON rung.id = held.plan_id
                 WHERE held.workspace_id = %(workspace)s::bigint),
                (SELECT code FROM billing_plan ORDER BY rank LIMIT 1)))
    )::text,
    (
        SELECT json_agg(json_build_array(
            given.bot_id, given.connection_id, given.settings_hash, given.limits, given.keys,
            EXISTS (SELECT 1 FROM mfa_authenticator AS proof
                    JOIN accounts_user AS giver ON giver.id = proof.user_id AND giver.is_active
                    JOIN accounts_membership AS member ON member.user_id = giver.id
                    WHERE proof.user_id = given.created_by AND proof.type = 'totp'
                      AND member.workspace_id = given.workspace_id AND member.role >= 40)))
        FROM trading_liveunlock AS given
        WHERE given.workspace_id = %(workspace)s::bigint AND given.revoked_at IS NULL
          AND (given.bot_id = bot.id
               OR (%(bot)s::bigint IS NULL
                   AND given.connection_id = ANY(%(connections)s::bigint[])))
    )::text
FROM (SELECT 1) AS one
LEFT JOIN trading_bot AS bot
    ON bot.id = %(bot)s::bigint AND bot.workspace_id = %(workspace)s::bigint
    AND bot.deleted_at IS NULL
"""


def _read(statement: str, arguments: dict[str, Any]) -> list[tuple[Any, ...]]:
    """Rows of a statement that PostgreSQL plans once per connection, not at every order.

    Planning these takes longer than running them. Django's own cursors fill the arguments in
    themselves, which makes each statement a new one.
    """
    connection.ensure_connection()
    held: Any = connection.connection
    if held.prepare_threshold is None:  # Django's default: nothing is prepared, even when asked
        held.prepare_threshold = PREPARED_FROM
    with connection.wrap_database_errors, psycopg.Cursor(held) as cursor:
        cursor.execute(statement, arguments, prepare=True)
        return cursor.fetchall()


@dataclass(frozen=True, slots=True)
class GateBot:
    """What the gate asks of a bot."""

    status: str
    fencing_token: int
    strategy: str
    params: dict[str, Any]
    trading_state: TradingState
    connections: frozenset[int]


@dataclass(frozen=True, slots=True)
class GateConnection:
    """One of the connections asked about; absent where it is foreign or removed."""

    venue: str
    mode: str
    status: str
    alignment: AlignmentFact
    key_version: int


@dataclass(frozen=True, slots=True)
class Parties:
    """Who and what an order would involve. bot None: none was named, or there is no such."""

    platform: TradingState
    bot: GateBot | None
    connections: Mapping[int, GateConnection]
    policies: tuple[Policy, ...]
    unlocks: Mapping[tuple[int | None, int | None], Unlock]  # by bot or by connection


def parties(
    workspace_id: int, bot_id: int | None, connection_ids: Iterable[int], now: datetime
) -> Parties:
    arguments: dict[str, Any] = {
        "workspace": workspace_id,
        "bot": bot_id,
        "connections": list(connection_ids),
    }
    with connection.cursor() as cursor:
        cursor.execute(WHO, arguments)
        platform, *of_bot, connections, policies, unlocks = cursor.fetchone()
    return Parties(
        platform=TradingState(platform or TradingState.ACTIVE),
        bot=_bot(*of_bot) if of_bot[0] is not None else None,
        connections={row[0]: _connection(row, now) for row in json.loads(connections or "[]")},
        policies=policies_read(_exact(policies or "[]")),
        unlocks={(row[0], row[1]): _unlock(row) for row in json.loads(unlocks or "[]")},
    )


def _bot(
    status: str, token: int, strategy: str, params: str, state: str, connections: list[int]
) -> GateBot:
    return GateBot(
        status, token, strategy, json.loads(params), TradingState(state), frozenset(connections)
    )


def _connection(row: list[Any], now: datetime) -> GateConnection:
    _number, venue, mode, status, key_version, aligned, checked = row
    checked_at = None if checked is None else datetime.fromisoformat(checked)
    agrees = fact(aligned or "UNKNOWN", checked_at, now)
    return GateConnection(venue, mode, status, agrees, key_version)


def _unlock(row: list[Any]) -> Unlock:
    _bot_id, _connection_id, settings, limits, keys, proven = row
    versions = {int(number): version for number, version in keys.items()}
    return Unlock(settings_hash=settings, limits=limits, keys=versions, proven=proven)


def policies_read(rows: Iterable[Mapping[str, Any]]) -> tuple[Policy, ...]:
    """Rows of the table as policies. Without a platform's row no limit is known: it fails closed.

    Without its own row a workspace has the house's defaults.
    """
    found = {
        Scope(row["scope"]): Policy(Scope(row["scope"]), {name: row[name] for name in SPECS})
        for row in rows
    }
    found.setdefault(Scope.PLATFORM, Policy.unreadable(Scope.PLATFORM))
    found.setdefault(Scope.WORKSPACE, Policy(Scope.WORKSPACE, OWN_DEFAULTS))
    return tuple(found.values())


LIVE = "('HELD', 'ARMED', 'PLANNED', 'SUBMITTING', 'OPEN', 'PARTIALLY_FILLED')"
STANDS = f"""
WITH orders AS MATERIALIZED (
    SELECT id, plan_id, side, status, placed_at, sent_at, closed_at,
           bot_id IS NOT DISTINCT FROM %(bot)s::bigint AS mine,
           status IN {LIVE} AS live,
           status IN {LIVE} AND role = 'OPEN' AND NOT reduce_only AS opens,
           split_part(symbol, '/', 1) AS base,
           split_part(split_part(symbol, '/', 2), ':', 1) AS quote,
           quantity - filled AS rest,
           CASE WHEN status IN {LIVE} THEN COALESCE(
               limit_price, trigger_price,
               (SELECT held.amount / one.quantity FROM trading_capitalreservation AS held
                WHERE held.order_id = one.id AND one.side = 'buy' LIMIT 1),
               (SELECT last.last_price FROM trading_riskposition AS last
                WHERE last.workspace_id = one.workspace_id AND last.symbol = one.symbol
                ORDER BY last.at DESC LIMIT 1)
           ) END AS price
    FROM trading_order AS one
    WHERE workspace_id = %(workspace)s::bigint AND origin <> 'EXTERNAL' AND status <> 'DENIED'
      AND (status IN {LIVE} OR placed_at >= %(hour)s::timestamptz)
),
works AS (
    SELECT mine, quote, unpriced, GREATEST(buys, sells) AS value FROM (
        SELECT mine, quote, count(*) FILTER (WHERE price IS NULL) AS unpriced,
            COALESCE(sum(rest * price) FILTER (WHERE side = 'buy'), 0) AS buys,
            COALESCE(sum(rest * price) FILTER (WHERE side = 'sell'), 0) AS sells
        FROM orders WHERE opens AND plan_id IS NOT NULL GROUP BY mine, quote, plan_id) AS of_plans
    UNION ALL
    SELECT mine, quote, count(*) FILTER (WHERE price IS NULL), COALESCE(sum(rest * price), 0)
    FROM orders WHERE opens AND plan_id IS NULL GROUP BY mine, quote
),
plans AS MATERIALIZED (
    SELECT opened_at, closed_at, pnl, symbol, quote,
           bot_id IS NOT DISTINCT FROM %(bot)s::bigint AS mine,
           status IN ('PLANNED', 'EXECUTING', 'COMPLETING') AS alive,
           status IN ('FAILED', 'UNWOUND', 'NEEDS_ATTENTION') AS lost
    FROM trading_plan
    WHERE workspace_id = %(workspace)s::bigint AND status <> 'DENIED'
      AND (opened_at >= %(day)s::timestamptz OR status IN ('PLANNED', 'EXECUTING', 'COMPLETING'))
),
singles AS MATERIALIZED (
    SELECT bot_id IS NOT DISTINCT FROM %(bot)s::bigint AS mine, quote, order_id,
           max(at) AS at, sum(amount) AS pnl
    FROM trading_realizedresult
    WHERE workspace_id = %(workspace)s::bigint AND at >= %(day)s::timestamptz
    GROUP BY 1, quote, order_id
),
results AS MATERIALIZED (
    SELECT mine, closed_at AS at, pnl FROM plans WHERE closed_at IS NOT NULL AND pnl <> 0
    UNION ALL
    SELECT mine, at, pnl FROM singles WHERE pnl <> 0
)
SELECT
    (SELECT json_agg(json_build_array(mine, quote, value, unpriced)) FROM (
        SELECT mine, quote, sum(value) AS value, sum(unpriced) AS unpriced
        FROM works GROUP BY mine, quote) AS summed)::text,
    (SELECT json_agg(json_build_array(mine, base, buys, sells)) FROM (
        SELECT mine, base, COALESCE(sum(rest) FILTER (WHERE side = 'buy'), 0) AS buys,
               COALESCE(sum(rest) FILTER (WHERE side = 'sell'), 0) AS sells
        FROM orders WHERE opens GROUP BY mine, base) AS summed)::text,
    (SELECT json_build_array(
        count(*) FILTER (WHERE live), count(*) FILTER (WHERE live AND mine),
        count(*) FILTER (WHERE placed_at >= %(minute)s::timestamptz),
        count(*) FILTER (WHERE placed_at >= %(minute)s::timestamptz AND mine)) FROM orders)::text,
    (SELECT json_agg(json_build_array(mine, at)) FROM (
        SELECT mine, COALESCE(closed_at, sent_at) AS at FROM orders
        WHERE status = 'REJECTED' OR (status = 'SUBMITTING' AND sent_at < %(silent)s::timestamptz)
        ORDER BY 2 DESC LIMIT {MOST_ERRORS}) AS failed WHERE at IS NOT NULL)::text,
    (SELECT json_build_array(
        count(*) FILTER (WHERE alive), count(*) FILTER (WHERE alive AND mine),
        count(*) FILTER (WHERE opened_at >= %(hour)s::timestamptz),
        count(*) FILTER (WHERE opened_at >= %(hour)s::timestamptz AND mine),
        count(*) FILTER (WHERE opened_at >= %(day)s::timestamptz),
        count(*) FILTER (WHERE opened_at >= %(day)s::timestamptz AND mine),
        max(closed_at) FILTER (WHERE mine AND lost),
        count(*) FILTER (WHERE mine AND lost AND symbol = %(symbol)s::text
                         AND opened_at >= %(hour)s::timestamptz))
     FROM plans)::text,
    (SELECT json_build_array(count(*), count(*) FILTER (
        WHERE bot_id IS NOT DISTINCT FROM %(bot)s::bigint)) FROM trading_order
     WHERE workspace_id = %(workspace)s::bigint AND plan_id IS NULL
       AND placed_at >= %(day)s::timestamptz AND origin NOT IN ('EXTERNAL', 'KILL')
       AND status <> 'DENIED' AND NOT reduce_only)::text,
    (SELECT json_agg(json_build_array(mine, quote, pnl)) FROM (
        SELECT mine, quote, sum(pnl) AS pnl FROM (
            SELECT mine, quote, pnl FROM plans
            WHERE opened_at >= %(day)s::timestamptz AND pnl IS NOT NULL
            UNION ALL SELECT mine, quote, pnl FROM singles) AS both_kinds
        GROUP BY mine, quote) AS summed)::text,
    (SELECT json_build_array(
        count(*) FILTER (WHERE pnl < 0 AND at > COALESCE(
            (SELECT max(at) FROM results WHERE pnl > 0), '-infinity')),
        count(*) FILTER (WHERE mine AND pnl < 0 AND at > COALESCE(
            (SELECT max(at) FROM results WHERE pnl > 0 AND mine), '-infinity')))
     FROM results)::text,
    (SELECT json_agg(json_build_array(
        bot_id IS NOT DISTINCT FROM %(bot)s::bigint, symbol, base_flow, quote_flow, last_price))
     FROM trading_riskposition WHERE workspace_id = %(workspace)s::bigint)::text,
    (SELECT json_agg(json_build_array(bot_id IS NOT NULL, quote, pnl, peak))
     FROM trading_risktally
     WHERE workspace_id = %(workspace)s::bigint
       AND (bot_id IS NULL OR bot_id = %(bot)s::bigint))::text
"""  # noqa: S608 - constants of this file alone
Rates = Mapping[str, Decimal | None]  # dollars per unit of an asset; None or absent: not known


@dataclass(frozen=True, slots=True)
class Standing:
    """What a workspace and one of its bots have standing; raw, money by quote asset."""

    works: list[list[Any]]
    pending: list[list[Any]]
    orders: list[int]
    errors: list[tuple[bool, datetime]]
    plans: list[Any]
    singles: list[int]
    results: list[list[Any]]
    streaks: list[int]
    flows: list[list[Any]]
    tallies: list[list[Any]]

    @property
    def last_failure_at(self) -> datetime | None:
        return None if self.plans[6] is None else datetime.fromisoformat(self.plans[6])

    @property
    def failures_hour(self) -> int:
        return int(self.plans[7])

    @property
    def quotes(self) -> set[str]:
        """Assets whose price in dollars is needed."""
        priced = {row[1] for row in (*self.works, *self.results, *self.tallies)}
        return priced | {assets_of(row[1])[1] for row in self.flows}


def standing(workspace_id: int, bot_id: int | None, symbol: str, now: datetime) -> Standing:
    """One pass over what is alive or recent of a workspace. On the way of every order."""
    arguments = {
        "workspace": workspace_id,
        "bot": bot_id,
        "symbol": symbol,
        "day": now - DAY,
        "hour": now - HOUR,
        "minute": now - MINUTE,
        "silent": now - SILENT_AFTER,
    }
    (told,) = _read(STANDS, arguments)
    read = [_exact(text) if text else [] for text in told]
    errors = [(mine, datetime.fromisoformat(at)) for mine, at in read[3]]
    return Standing(read[0], read[1], read[2], errors, *read[4:])


def figures(stands: Standing, rates: Rates, *, of_bot: bool) -> Figures:
    """The workspace's figures in dollars, or the bot's alone."""
    place = 1 if of_bot else 0
    results = [row for row in stands.results if row[0] or not of_bot]
    tallies = [row for row in stands.tallies if row[0] is of_bot]
    earned = _dollars(((quote, pnl) for _, quote, pnl in results), rates)
    return Figures(
        working=_working([row for row in stands.works if row[0] or not of_bot], rates),
        pending=_pending([row for row in stands.pending if row[0] or not of_bot]),
        open_orders=int(stands.orders[place]),
        orders_minute=int(stands.orders[2 + place]),
        open_plans=int(stands.plans[place]),
        plans_hour=int(stands.plans[2 + place]),
        trades_day=int(stands.plans[4 + place] + stands.singles[place]),
        holdings=_holdings([row for row in stands.flows if row[0] or not of_bot], rates),
        loss_day=None if earned is None else max(-earned, ZERO),
        drawdown=_dollars(((quote, peak - pnl) for _, quote, pnl, peak in tallies), rates),
        loss_streak=int(stands.streaks[place]),
        errors=tuple(at for mine, at in stands.errors if mine or not of_bot),
    )


def _working(rows: Iterable[list[Any]], rates: Rates) -> Decimal | None:
    rows = list(rows)
    if any(unpriced for *_, unpriced in rows):
        return None
    return _dollars(((quote, value) for _, quote, value, _ in rows), rates)


def _pending(rows: Iterable[list[Any]]) -> dict[str, tuple[Decimal, Decimal]]:
    found: dict[str, tuple[Decimal, Decimal]] = {}
    for _, base, buys, sells in rows:
        held = found.get(base, (ZERO, ZERO))
        found[base] = (held[0] + buys, held[1] + sells)
    return found


def _dollars(amounts: Iterable[tuple[str, Decimal]], rates: Rates) -> Decimal | None:
    """The sum in dollars; None as soon as one asset that matters has no price."""
    total = ZERO
    for quote, amount in amounts:
        rate = rates.get(quote)
        if rate is None and amount:
            return None
        total += amount * (rate or ZERO)
    return total


def _holdings(rows: Iterable[list[Any]], rates: Rates) -> dict[str, Holding]:
    """Net positions by asset. Dollars are what positions are measured in, not one of them."""
    net: dict[str, Decimal] = defaultdict(Decimal)
    prices: dict[str, Decimal] = {}
    for _, symbol, base_flow, quote_flow, last_price in rows:
        base, quote = assets_of(symbol)
        net[base] += base_flow
        net[quote] += quote_flow
        rate = rates.get(quote)
        if last_price is not None and rate is not None:
            prices[base] = last_price * rate
    found = {}
    for asset, amount in net.items():
        if amount and rates.get(asset) != 1:
            price = rates.get(asset) or prices.get(asset)
            found[asset] = Holding(amount, None if price is None else abs(amount) * price)
    return found


CAPITAL = """
SELECT told.connection_id, told.asset, told.free
    - COALESCE((
        SELECT sum(held.amount) FROM trading_capitalreservation AS held
        LEFT JOIN trading_order AS rests ON rests.id = held.order_id
        WHERE held.connection_id = told.connection_id AND held.asset = told.asset
          AND held.released_at IS NULL
          AND NOT COALESCE(
              rests.kind = 'limit' AND rests.status IN ('OPEN', 'PARTIALLY_FILLED')
              AND rests.sent_at + rests.round_trip_us * interval '1 microsecond'
                  < told.at - interval '2 seconds', FALSE)), 0)
    - COALESCE((
        SELECT sum(held.amount) FROM trading_capitalreservation AS held
        WHERE held.connection_id = told.connection_id AND held.asset = told.asset
          AND held.released_at >= told.at), 0)
    - COALESCE(kept.by_others, 0), kept.own_left
FROM portfolio_balancenow AS told
LEFT JOIN LATERAL (
    SELECT sum(GREATEST(each.left, 0)) FILTER (
               WHERE each.bot_id IS DISTINCT FROM %(bot)s::bigint) AS by_others,
           min(each.left) FILTER (WHERE each.bot_id = %(bot)s::bigint) AS own_left
    FROM (
        SELECT one.bot_id, one.amount - COALESCE((
            SELECT sum(held.amount) FROM trading_capitalreservation AS held
            WHERE held.connection_id = one.connection_id AND held.asset = one.asset
              AND held.bot_id = one.bot_id AND held.released_at IS NULL), 0) AS left
        FROM trading_botcapital AS one
        JOIN trading_bot AS owner ON owner.id = one.bot_id
        WHERE one.connection_id = told.connection_id AND one.asset = told.asset
          AND owner.status <> 'STOPPED' AND owner.deleted_at IS NULL
    ) AS each
) AS kept ON TRUE
WHERE told.workspace_id = %(workspace)s::bigint
"""
OF_CLAIMS = """
  AND told.connection_id = ANY(%(connections)s::bigint[]) AND told.asset = ANY(%(assets)s::text[])
"""


@dataclass(frozen=True, slots=True)
class Capital:
    """Of one claim. free: after reservations and what other bots have set aside. own_left: what
    the asking bot's own capital still allows; None: it has set nothing aside."""

    free: Decimal
    own_left: Decimal | None


def capital_of(
    workspace_id: int, claims: Collection[Claim] | None = None, *, bot_id: int | None = None
) -> dict[Claim, Capital]:
    """Of all claims or of those named. An absent one is not known.

    A released reservation counts until a balance newer than its release was seen: until then the
    balance may still show what was spent. That of an order that rests at the venue does not
    count once a newer balance was told: the venue itself has set the amount aside by then. Of
    what a running bot has set aside, its own open reservations are a part, not an addition.
    """
    if claims is not None and not claims:
        return {}
    arguments: dict[str, Any] = {
        "workspace": workspace_id,
        "bot": bot_id,
        "connections": sorted({number for number, _ in claims or ()}),
        "assets": sorted({asset for _, asset in claims or ()}),
    }
    with connection.cursor() as cursor:
        cursor.execute(CAPITAL if claims is None else CAPITAL + OF_CLAIMS, arguments)
        return {(number, asset): Capital(*rest) for number, asset, *rest in cursor.fetchall()}


def capital(
    workspace_id: int, claims: Collection[Claim] | None = None, *, bot_id: int | None = None
) -> dict[Claim, Decimal]:
    """{claim: what is free}, as `capital_of` says; bot_id None: for who is no bot."""
    found = capital_of(workspace_id, claims, bot_id=bot_id)
    return {claim: each.free for claim, each in found.items()}
