"""Tasks that go on beside everything else."""

from __future__ import annotations

import asyncio


async def end(task: asyncio.Task[None]) -> None:
    """Cancel a task and wait until it has ended; the error that it ended with is raised.

    A cancellation of the caller meanwhile is the caller's own and is raised as well: waiting for the task itself, with
    its CancelledError suppressed, would swallow it.
    """
    task.cancel()
    await asyncio.wait([task])
    if not task.cancelled() and (error := task.exception()) is not None:
        raise error
