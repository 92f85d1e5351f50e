"""Plans that the engine sends itself: from the gate to the end in a thread of their own.

The thread that opened and claimed a plan goes on with it: it sends, waits for the venues, records.
The loop hears of the plan as soon as it is committed and waits for no venue. When every thread
waits for a slow venue the next plan goes to the queue, where the workers are.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import structlog

from apps.trading.engine.database import Database

logger = structlog.get_logger(__name__)
THREADS = 4  # each has a connection to the database
Opened = tuple[Any, Sequence[Any]]  # a plan, and the orders that were claimed with it


class Flights:
    """Belongs to the engine's loop."""

    def __init__(self, threads: int = THREADS) -> None:
        self._idle = [Database(f"flight-{number}") for number in range(threads)]
        self._under_way: set[asyncio.Task[None]] = set()

    @property
    def free(self) -> bool:
        return bool(self._idle)

    async def open(self, ask: Callable[[], Opened], send: Callable[[Sequence[Any]], None]) -> Any:
        """The plan that `ask` opened, at its commit; `send` goes on with its orders.

        Raises what `ask` raises. What `send` raises is logged: the sweepers find what it left.
        Only while `free`.
        """
        loop = asyncio.get_running_loop()
        passed: asyncio.Future[Any] = loop.create_future()

        def fly() -> None:
            try:
                plan, orders = ask()
            except BaseException as problem:
                loop.call_soon_threadsafe(_tell, passed, None, problem)
                raise
            loop.call_soon_threadsafe(_tell, passed, plan, None)
            if orders:
                send(orders)

        flight = asyncio.create_task(self._run(self._idle.pop(), fly))
        self._under_way.add(flight)
        flight.add_done_callback(self._under_way.discard)
        return await passed

    async def keep(self, question: Callable[[], object]) -> None:
        """The idle threads' connections are open and work before a plan needs one."""
        for _ in range(len(self._idle)):
            if not self._idle:
                return
            await self._run(self._idle.pop(0), question)

    async def close(self) -> None:
        """Wait for what is under way; whoever has not the time leaves it to the sweepers."""
        await asyncio.gather(*self._under_way, return_exceptions=True)
        for thread in self._idle:
            await thread.close()

    async def _run(self, thread: Database, work: Callable[[], object]) -> None:
        try:
            await thread.run(work)
        except Exception:
            logger.exception("engine.flight_failed")
        finally:
            self._idle.append(thread)


def _tell(passed: asyncio.Future[Any], plan: Any, problem: BaseException | None) -> None:
    if passed.done():
        return
    if problem is None:
        passed.set_result(plan)
    else:
        passed.set_exception(problem)
