"""Callers that call again as soon as they were answered, for some seconds: as tasks of one loop, or as threads."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from time import perf_counter, sleep

from benchmarks.harness import Sample, percentile

WARM_UP = 0.2
"""Of the measured time, before it: statements get prepared, caches filled."""


class Window:
    """The time in which answers count. Those that come before or after it, don't."""

    def __init__(self, seconds: float, now: float) -> None:
        self.seconds = seconds
        self.begin = now + WARM_UP * seconds
        self.end = self.begin + seconds
        self._latencies: list[float] = []

    def answered(self, asked: float, now: float) -> None:
        """A call was answered."""
        if self.begin <= now <= self.end:
            self._latencies.append(now - asked)

    def sample(self, callers: int) -> Sample:
        """Calls a second."""
        ordered = sorted(self._latencies)
        p50, p99 = percentile(ordered, 0.5), percentile(ordered, 0.99)
        return Sample(
            value=len(ordered) / self.seconds,
            p50=None if p50 is None else 1000 * p50,
            p99=None if p99 is None else 1000 * p99,
            raw={"calls": len(ordered), "seconds": self.seconds, "callers": callers},
        )


async def tasks(calls: Sequence[Callable[[], Awaitable[object]]], seconds: float) -> Sample:
    """Each of `calls` is one caller, and all run in this loop. An error of one ends it all."""
    window = Window(seconds, perf_counter())

    async def caller(call: Callable[[], Awaitable[object]]) -> None:
        while (asked := perf_counter()) < window.end:
            await call()
            window.answered(asked, perf_counter())

    async with asyncio.TaskGroup() as group:
        for call in calls:
            group.create_task(caller(call))
    return window.sample(len(calls))


def threads(calls: Sequence[Callable[[], object]], seconds: float) -> Sample:
    """Each of `calls` is one caller in a thread of its own. An error of one is raised in the end."""
    # Threads take a moment to start; none is to begin before the others are there.
    start = perf_counter() + 0.05
    window = Window(seconds, start)

    def caller(call: Callable[[], object]) -> None:
        sleep(max(start - perf_counter(), 0.0))
        while (asked := perf_counter()) < window.end:
            call()
            window.answered(asked, perf_counter())

    with ThreadPoolExecutor(len(calls)) as pool:
        for done in [pool.submit(caller, call) for call in calls]:
            done.result()
    return window.sample(len(calls))
