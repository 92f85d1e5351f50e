"""The engine's way through the gate: sent from here where all is ready, else through the queue."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from typing import Any

from django.utils import timezone

from apps.core.domain.people import Actor
from apps.trading import execution
from apps.trading.domain.plans import PlanIntent
from apps.trading.engine.database import Database
from apps.trading.engine.flights import Flights
from apps.trading.selectors.engine import EngineBot
from apps.trading.services.plan_open import plan_open, plan_open_claimed
from apps.trading.warming import ReadyClients


class Gateway:
    """Belongs to the engine's loop; all that waits does so in threads of its own.

    The keys are unsealed by `venues` alone, in the warming thread, once a running bot is held.
    """

    def __init__(self) -> None:
        self.clients = ReadyClients()
        self._flights = Flights()
        self._queue = Database("engine-gate")  # no chore's query stands in a plan's way
        self._warmer = Database("engine-warming")

    async def open(self, bot: EngineBot, intent: PlanIntent) -> Any:
        """The plan, PLANNED, EXECUTING or DENIED. Raises what the gate raises."""
        return await (self._sent_here(bot, intent) or self._queued(bot, intent))

    async def keep(self, question: Callable[[], object]) -> None:
        """The connections to the database are open and work before a plan needs one."""
        await self._queue.run(question)
        await self._flights.keep(question)

    async def warm(self, connection_ids: Collection[int]) -> None:
        def renew() -> None:
            if connection_ids:
                import apps.trading.tasks  # noqa: F401 what an event starts is loaded by then

            self.clients.renew(connection_ids)

        await self._warmer.run(renew)

    async def close(self) -> None:
        """Waits for what is on its way at venues; who cannot wait leaves it to the sweepers."""
        await self._flights.close()
        await self._queue.close()
        await self._warmer.close()

    def _sent_here(self, bot: EngineBot, intent: PlanIntent) -> Awaitable[Any] | None:
        """Opened, claimed and sent. None: no thread is free, or a client is not ready."""
        clients = self.clients.of({leg.connection_id for leg in intent.legs})
        if clients is None or not self._flights.free:
            return None
        actor = Actor.platform(bot.workspace_id)
        return self._flights.open(
            lambda: plan_open_claimed(
                actor=actor,
                bot_id=bot.bot_id,
                fencing_token=bot.fencing_token,
                intent=intent,
                now=timezone.now(),
            ),
            lambda orders: execution.plan_execute(actor=actor, orders=orders, clients=clients),
        )

    def _queued(self, bot: EngineBot, intent: PlanIntent) -> Awaitable[Any]:
        """A worker hears of it as soon as it is committed."""
        return self._queue.run(
            lambda: plan_open(
                actor=Actor.platform(bot.workspace_id),
                bot_id=bot.bot_id,
                fencing_token=bot.fencing_token,
                intent=intent,
                now=timezone.now(),
            )
        )
