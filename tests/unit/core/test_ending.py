from __future__ import annotations

import asyncio
import contextlib

from apps.core.ending import end_all


async def test_a_task_that_swallows_a_cancellation_ends_all_the_same():
    swallowed = []

    async def deaf() -> None:
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        swallowed.append(True)
        await asyncio.Event().wait()

    task = asyncio.create_task(deaf())
    await asyncio.sleep(0)

    await end_all([task], again=0.01)

    assert (task.cancelled(), swallowed) == (True, [True])


async def test_what_a_task_raised_is_dropped():
    async def broken() -> None:
        raise ValueError

    await end_all([asyncio.create_task(broken())])


async def test_nothing_to_end_is_no_wait():
    await end_all([])
