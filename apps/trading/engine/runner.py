"""One bot inside the engine: its strategy, its state, and what it must not do twice."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import datetime
from typing import Any

from apps.trading.domain.alignment import AlignmentStatus
from apps.trading.domain.decisions import Decision
from apps.trading.domain.plans import PlanIntent
from apps.trading.engine.views import MarketView
from apps.trading.selectors.engine import EngineBot
from apps.trading.strategies.interface import BookTick, BotFacts, Facts
from apps.trading.strategies.parameters import params_parse
from apps.trading.strategies.registry import strategy_type
from apps.venues.registry import venue_label

DENIED_PAUSE = (2.0, 60.0)  # seconds until a denied pair is asked for again: first, longest


class BotRunner:
    """Belongs to the engine's loop."""

    def __init__(self, bot: EngineBot) -> None:
        self.bot = bot
        self.kind = strategy_type(bot.strategy)
        self.params = params_parse(self.kind.params_type, bot.params)
        self.symbols = frozenset(self.kind.symbols(self.params))
        self.state: Any = self.kind.start
        self.facts: BotFacts | None = None
        self.opening: set[str] = set()  # pairs whose plan is on its way to the gate
        self.opened_at = 0.0  # monotonic seconds of the last plan that the gate let through
        self._not_before: dict[str, float] = {}
        self._denials: dict[str, int] = {}

    def same_as(self, bot: EngineBot) -> bool:
        """Whether this runner still stands for that row: the token changes on every take."""
        mine = self.bot
        return (mine.fencing_token, mine.params) == (bot.fencing_token, bot.params)

    def watches(self) -> set[tuple[str, str]]:
        return {(venue, symbol) for _, venue in self.bot.connections for symbol in self.symbols}

    def decide(
        self, market: MarketView, symbol: str, venue: str, received_ns: int, now: datetime
    ) -> tuple[list[PlanIntent], list[Decision]]:
        """What the strategy wants now. Nothing while its facts are unknown or a plan opens."""
        if not self.bot.running or self.facts is None or symbol in self.opening:
            return [], []
        if time.monotonic() < self._not_before.get(symbol, 0.0):
            return [], []
        if waits := self._waits(market):
            return [], [waits]
        event = BookTick(symbol=symbol, venue=venue, received_ns=received_ns, at=now)
        facts = Facts(
            now=now,
            venues=tuple(
                market.venue(number, code, symbol, bot_id=self.bot.bot_id)
                for number, code in self.bot.connections
            ),
            bot=self.facts,
        )
        self.state, intents, decisions = self.kind.on_event(self.state, event, self.params, facts)
        return intents, decisions

    def _waits(self, market: MarketView) -> Decision | None:
        """Why it may not trade whatever the market does: a restart, or books not compared."""
        for number, venue in self.bot.connections:
            fact = market.alignment.get(number)
            if fact is None or not fact.aligned:
                status = AlignmentStatus.UNKNOWN if fact is None else fact.status
                code = "UNALIGNED_WITH" if status == AlignmentStatus.UNALIGNED else "COMPARING"
                return Decision(code, "", {"venue": venue_label(venue)})
        return Decision("RESTARTING", "", {}) if self.bot.restarting else None

    def opened(self, symbol: str) -> None:
        """The gate said yes: counted here at once, and again when the facts are read anew."""
        self._denials.pop(symbol, None)
        self.opened_at = time.monotonic()
        facts = self.facts or BotFacts()
        self.facts = replace(
            facts,
            open_plans=facts.open_plans + 1,
            plans_hour=facts.plans_hour + 1,
            plans_day=facts.plans_day + 1,
            busy_symbols=facts.busy_symbols | {symbol},
        )

    def denied(self, symbol: str) -> None:
        """Each refusal in a row doubles the pause: the gate stores every one of them."""
        count = self._denials[symbol] = self._denials.get(symbol, 0) + 1
        pause = min(DENIED_PAUSE[0] * 2 ** min(count - 1, 10), DENIED_PAUSE[1])
        self._not_before[symbol] = time.monotonic() + pause

    def due_again(self, now: datetime) -> bool:
        """A pause that passes by itself has passed."""
        until = self.bot.paused_until
        return not self.bot.running and until is not None and until <= now
