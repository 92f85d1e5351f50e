"""The engine's database threads: slow queries cost the feeds nothing, order is kept."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from django.db import close_old_connections, connections

Result = TypeVar("Result")


class Database:
    """Runs work one after the other on a connection of its own; a broken one is replaced."""

    def __init__(self, name: str = "engine-database") -> None:
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)

    async def run(self, work: Callable[[], Result]) -> Result:
        """The result of `work`; raises what it raises."""

        def alone() -> Result:
            try:
                return work()
            except Exception:
                close_old_connections()  # a lost server: the next piece of work connects anew
                raise

        return await asyncio.get_running_loop().run_in_executor(self._thread, alone)

    async def close(self) -> None:
        await asyncio.get_running_loop().run_in_executor(self._thread, connections.close_all)
        self._thread.shutdown(wait=False, cancel_futures=True)
