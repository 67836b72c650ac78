"""The steps of what follows from one event: each is one append, and is carried out exactly once.

A step's number is recorded with what it writes, and the event store refuses a number that was recorded before. Numbers
are made of the position of the event and the place in what follows from it, so whoever was killed after a step goes on
behind it, also with steps of another size.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from application.ports import AlreadyDoneError, Done, EventStore
from domain.belonging import Cause
from domain.recorded import Origin

_log = logging.getLogger(__name__)

PLACES = 24
"""Bits of a number that count within what follows from one event: 16 million streams."""

Hold = Callable[[], Awaitable[None]]
"""Proves that this process is still the one that is to carry out, or raises."""

T = TypeVar("T")
Do = Callable[[Sequence[T], Callable[[int], Done]], Awaitable[int]]
"""Does the first of some items, at least one; how many. The number of what it appends is that of so many items."""


class Steps(Generic[T]):
    """What one policy does because of one event, to many items that come page by page, always in the same order."""

    def __init__(
        self, store: EventStore, tenant: str, policy: str, cause: Cause, session_id: str | None, hold: Hold
    ) -> None:
        self._store, self._tenant, self._hold = store, tenant, hold
        self.name = f"policy:{policy}"
        self._first = cause.recorded.position << PLACES
        self.origin = Origin(
            actor=self.name,
            session_id=session_id,
            causation_id=f"evt_{cause.recorded.position}",
            correlation_id=cause.recorded.origin.correlation_id,
        )

    async def run(self, pages: AsyncIterator[Sequence[T]], size: int, do: Do[T]) -> None:
        """Do it to all, at most `size` at a time, behind what was done before."""
        # By a later event too: when what the policies know is built anew, nothing is done again.
        passed = max(0, await self._store.done(self._tenant, self.name) - self._first)
        before = 0
        async for page in pages:
            assert before + len(page) < 1 << PLACES, "more follows from one event than can be counted"
            place = max(0, passed - before)
            while place < len(page):
                place += await self._step(page[place : place + size], before + place, do)
                await self._hold()
            before += len(page)

    async def _step(self, items: Sequence[T], before: int, do: Do[T]) -> int:
        try:
            return await do(items, lambda count: Done(self.name, self._first + before + count))
        except AlreadyDoneError as error:
            # By another process, which took this one for dead; `hold` will tell.
            _log.warning("%s: %s", self.name, error)
            return len(items)
