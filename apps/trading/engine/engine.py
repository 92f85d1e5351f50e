"""The engine: books in, decisions out. Feeds and bots share one loop; the database has a thread.

Every chore is tried again for ever: an engine that cannot reach PostgreSQL or Redis trades
nothing, says so in its log, and goes on when they are back. Its leases run out meanwhile, and
a lease that was lost ends the bot here before its next decision.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

import structlog
from django.utils import timezone

from apps.core import beats
from apps.core.domain.people import Actor
from apps.core.ending import end_all
from apps.markets.hub import BookTouched, MarketHub
from apps.trading.domain.decisions import Decision
from apps.trading.domain.plans import PlanIntent, PlanStatus
from apps.trading.engine.comparing import Comparing
from apps.trading.engine.database import Database
from apps.trading.engine.emulator import Emulator
from apps.trading.engine.gateway import Gateway
from apps.trading.engine.log import DecisionFolder
from apps.trading.engine.owner import is_gone, owner_new
from apps.trading.engine.runner import BotRunner
from apps.trading.engine.views import MarketView
from apps.trading.engine.watch import symbols_everywhere
from apps.trading.handlers_live import decisions_show
from apps.trading.selectors import engine as reads
from apps.trading.services import bots, decisions, leases, restarts
from apps.trading.warming import LOOK

logger = structlog.get_logger(__name__)
FLUSH, FACTS, LEASES, RULES, BEAT, REFRESH, WATCH = 1.0, 0.5, 3.0, 60.0, 3.0, 15.0, 10.0
GATE = 5.0
QUIET = 5.0  # seconds after which a pair is looked at although none of its books moved


class Engine:
    """See the module. `run` ends when `stop` is called or it is cancelled."""

    def __init__(self, *, hub: MarketHub | None = None, owner: str = "") -> None:
        self.owner = owner or owner_new()
        self.hub = hub or MarketHub()
        self.market = MarketView(self.hub)
        self.runners: dict[int, BotRunner] = {}
        self.database = Database()
        self.gateway = Gateway()
        self.log = DecisionFolder()
        self.comparing = Comparing()
        self.emulator = Emulator(self.hub, Database())
        self._by_symbol: dict[str, list[BotRunner]] = {}
        self._dirty: dict[str, tuple[str, int]] = {}  # symbol -> newest touch
        self._looked_at: dict[str, float] = {}  # monotonic seconds of a symbol's last decision
        self._touched = asyncio.Event()
        self._stopping = asyncio.Event()
        self._rules_for: set[str] = set()
        self._rules_until = 0.0
        self._opening: set[asyncio.Task[None]] = set()

    def stop(self) -> None:
        self._stopping.set()

    async def run(self) -> None:
        self.hub.listen(self._on_touch)
        self.hub.listen(self.emulator.on_touch)
        chores = [
            asyncio.create_task(self.hub.run(), name="hub"),
            asyncio.create_task(self._decide_forever(), name="decide"),
            asyncio.create_task(self.emulator.watch_forever(), name="emulator"),
            *(
                asyncio.create_task(self._repeat(name, period, chore), name=name)
                for name, period, chore in (
                    ("watch", WATCH, self._watch),
                    ("leases", LEASES, self._leases),
                    ("rules", 2.0, self._rules),
                    ("facts", FACTS, self._facts),
                    ("flush", FLUSH, self._flush),
                    ("restarts", 1.0, self._restarts),
                    ("beat", BEAT, self._beat),
                    ("refresh", REFRESH, self._refresh),
                    ("gate", GATE, self._keep_gate),
                    ("warm", LOOK, self._warm),
                    ("quiet", 1.0, self._look_at_quiet),
                    ("armed orders", 1.0, self.emulator.refresh),
                    ("order times", 1.0, self.emulator.time_out),
                    ("slices", 0.5, self.emulator.slices),
                )
            ),
        ]
        try:
            await self._stopping.wait()
        finally:
            await self._end(chores)

    async def _end(self, chores: list[asyncio.Task[None]]) -> None:
        """No new decision; what is at the gate is finished; leases are given back, and only then
        is what is on its way awaited and the feeds are closed: the next engine trades at once,
        however slow a venue answers or says goodbye."""
        hub, *others = chores
        await end_all(others)
        await asyncio.gather(*self._opening, return_exceptions=True)
        await self.emulator.ended()
        try:
            await self.database.run(lambda: leases.lease_release(owner=self.owner))
            await self._flush()
            await self.gateway.close()
            await self.database.close()
            await self.emulator.database.close()
        except Exception:
            logger.exception("engine.release_failed")  # the leases end by themselves
        hub.cancel()
        await asyncio.gather(hub, return_exceptions=True)

    # --- deciding

    def _on_touch(self, event: BookTouched) -> None:
        if event.symbol in self._by_symbol:
            self._dirty[event.symbol] = (event.venue, event.received_ns)
            self._touched.set()

    async def _decide_forever(self) -> None:
        while True:
            await self._touched.wait()
            self._touched.clear()
            dirty, self._dirty = self._dirty, {}
            for symbol, (venue, received_ns) in dirty.items():
                self._decide(symbol, venue, received_ns)
            await asyncio.sleep(0)

    def _decide(self, symbol: str, venue: str, received_ns: int) -> None:
        now = timezone.now()
        self._looked_at[symbol] = time.monotonic()
        for runner in self._by_symbol.get(symbol, ()):
            try:
                intents, told = runner.decide(self.market, symbol, venue, received_ns, now)
            except Exception:
                logger.exception("engine.strategy_failed", bot_id=runner.bot.bot_id)
                runner.denied(symbol)
                continue
            for decision in told:
                self.log.add(runner.bot.bot_id, decision, now)
            for intent in intents:
                runner.opening.add(intent.symbol)
                task = asyncio.create_task(self._open(runner, intent))
                self._opening.add(task)
                task.add_done_callback(self._opening.discard)

    async def _open(self, runner: BotRunner, intent: PlanIntent) -> None:
        """Through the gate. Who sends the plan's orders is the gateway's business."""
        bot = runner.bot
        try:
            plan = await self.gateway.open(bot, intent)
        except Exception:
            logger.exception("engine.open_failed", bot_id=bot.bot_id)
            runner.denied(intent.symbol)
            return
        finally:
            runner.opening.discard(intent.symbol)
        if plan.status != PlanStatus.DENIED:
            runner.opened(intent.symbol)
            return
        runner.denied(intent.symbol)
        decided = plan.decision
        self.log.add(
            bot.bot_id, Decision(decided.code, intent.symbol, decided.params), timezone.now()
        )

    # --- chores

    async def _repeat(self, name: str, period: float, chore: Callable[[], Awaitable[None]]) -> None:
        """A chore that fails is logged once per streak and tried again."""
        failing = False
        while True:
            began = time.monotonic()
            try:
                await chore()
                if failing:
                    logger.info("engine.chore_recovered", chore=name)
                failing = False
            except Exception:
                if not failing:
                    logger.exception("engine.chore_failed", chore=name)
                failing = True
            await asyncio.sleep(max(0.01, period - (time.monotonic() - began)))

    async def _look_at_quiet(self) -> None:
        """A market that says nothing has a reason too, and a spread may stand in still books."""
        now = time.monotonic()
        for symbol, runners in list(self._by_symbol.items()):
            if now - self._looked_at.get(symbol, 0.0) >= QUIET:
                self._decide(symbol, runners[0].bot.connections[0][1], time.monotonic_ns())

    async def _watch(self) -> None:
        """The practice venues' pairs are followed without any bot, so that the board lives."""
        for venue, symbol in await self.database.run(symbols_everywhere):
            self.hub.watch(venue, symbol)

    async def _leases(self) -> None:
        """Take what is free, keep what is held, drop what was lost, wake what may go on."""
        now = timezone.now()
        kept = await self.database.run(lambda: leases.lease_renew(owner=self.owner, now=now))
        for number in [number for number in self.runners if number not in kept]:
            del self.runners[number]
        owners = await self.database.run(lambda: reads.lease_owners(now=now))
        gone = [owner for owner in owners if owner != self.owner and is_gone(owner)]
        await self.database.run(lambda: leases.lease_take(owner=self.owner, now=now, gone=gone))
        roster = await self.database.run(lambda: reads.engine_roster(owner=self.owner))
        await self.database.run(lambda: self.comparing.begin(roster))
        held = {bot.bot_id for bot in roster}
        self.runners = {number: r for number, r in self.runners.items() if number in held}
        for bot in roster:
            await self._adopt(bot)
        self._index()

    async def _adopt(self, bot: reads.EngineBot) -> None:
        known = self.runners.get(bot.bot_id)
        if known is not None and known.same_as(bot):
            known.bot = bot
        else:
            known = self.runners[bot.bot_id] = BotRunner(bot)
        if known.due_again(timezone.now()):
            actor = Actor.platform(bot.workspace_id)
            await self.database.run(
                lambda: bots.bot_wake(actor=actor, bot_id=bot.bot_id, now=timezone.now())
            )

    def _index(self) -> None:
        by_symbol: dict[str, list[BotRunner]] = {}
        for runner in self.runners.values():
            for symbol in runner.symbols:
                by_symbol.setdefault(symbol, []).append(runner)
            for venue, symbol in runner.watches():
                self.hub.watch(venue, symbol)
        self._by_symbol = by_symbol

    async def _rules(self) -> None:
        """Steps, minima and list fees of the venues that bots trade on."""
        venues = {venue for r in self.runners.values() for _, venue in r.bot.connections}
        now = time.monotonic()
        if venues <= self._rules_for and now < self._rules_until:
            return
        self.market.rules = await self.database.run(lambda: reads.instrument_rules(venues))
        self._rules_for = {venue for venue, _ in self.market.rules}
        self._rules_until = now + RULES

    async def _facts(self) -> None:
        """Counts, free capital and fees; also the bots' own rows, so that a stop is seen soon."""
        roster = await self.database.run(lambda: reads.engine_roster(owner=self.owner))
        current = {bot.bot_id: bot for bot in roster}
        for number, runner in list(self.runners.items()):
            if number not in current:
                del self.runners[number]
            elif runner.same_as(current[number]):
                runner.bot = current[number]
        now, began = timezone.now(), time.monotonic()
        facts = await self.database.run(lambda: reads.engine_facts(bots=roster, now=now))
        self.market.free, self.market.fees = facts.free, facts.fees
        self.market.own = facts.own
        self.market.alignment = facts.alignment
        for number, bot_facts in facts.bots.items():
            held = self.runners.get(number)
            if held is not None and held.opened_at < began:  # else older than what it knows
                held.facts = bot_facts
        self._index()

    async def _restarts(self) -> None:
        """Resume or flatten what an engine before left behind, as each owner chose."""
        if any(runner.bot.restarting for runner in self.runners.values()):
            now = timezone.now()
            await self.database.run(lambda: restarts.restarts_advance(owner=self.owner, now=now))

    async def _flush(self) -> None:
        rows = self.log.take()
        if rows:
            await self.database.run(lambda: decisions.decisions_record(rows))
            await self.database.run(lambda: decisions_show({row.bot_id for row in rows}))

    async def _beat(self) -> None:
        details = {"bots": sorted(self.runners), "venues": self.hub.statistics()}
        now = timezone.now()
        await self.database.run(
            lambda: beats.beat(role="engine", instance=self.owner, now=now, **details)
        )

    async def _keep_gate(self) -> None:
        await self.gateway.keep(lambda: reads.engine_roster(owner=self.owner))

    async def _warm(self) -> None:
        """The clients of the bots held here are ready before a plan needs them."""
        running = [runner.bot for runner in self.runners.values() if runner.bot.running]
        await self.gateway.warm({number for bot in running for number, _ in bot.connections})

    async def _refresh(self) -> None:
        """Ask the workers for balances and fees of every connection that bots here use."""
        wanted = {
            (r.bot.workspace_id, number)
            for r in self.runners.values()
            for number, _ in r.bot.connections
        }

        def ask() -> None:
            from apps.trading.tasks import connection_refresh

            for workspace_id, connection_id in sorted(wanted):
                connection_refresh.delay(workspace_id=workspace_id, connection_id=connection_id)

        await self.database.run(ask)
