"""Tasks that end when they are told to."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from typing import Any


async def end_all(tasks: Collection[asyncio.Task[Any]], *, again: float = 1.0) -> None:
    """Cancel the tasks until each has ended; what they raised is dropped.

    Once is not enough: a wait_for whose own wait ends in the same turn of the loop swallows the
    cancellation (CPython before 3.12), and a library's time-out may do the same. `again`: seconds.
    """
    pending = set(tasks)
    while pending:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=again)
    await asyncio.gather(*tasks, return_exceptions=True)
