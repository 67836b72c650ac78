"""What the registry tells: which read models there are, how far each has come; and waiting for one to come further."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import NamedTuple

from domain.errors import PositionNotReachedError, ReadModelBehindError
from infrastructure.eventstore.follow import Listener
from infrastructure.postgres.database import Database
from infrastructure.sql import load

_STATUS = load(__file__, "status")
_LIVE_POSITION = load(__file__, "live_position")

STALE_AFTER = 30.0
"""Seconds after a projection's last look at the log at which it counts as not running."""


class ProjectionStatus(NamedTuple):
    """One version of a read model. `waiting_since`: when the first event that it has not applied was recorded."""

    name: str
    version: int
    live: bool
    position: int
    looked_at: datetime
    error: str | None
    owner: str | None
    waiting_since: datetime | None
    log_end: int

    @property
    def lag(self) -> int:
        """Events that are not applied yet."""
        return max(0, self.log_end - self.position)

    def lag_seconds(self, now: datetime) -> float:
        """For how long the oldest of them has been waiting."""
        return max(0.0, (now - self.waiting_since).total_seconds()) if self.waiting_since else 0.0


async def read_status(database: Database) -> list[ProjectionStatus]:
    """All versions of all read models."""
    return [ProjectionStatus(*row) for row in await database.fetch(_STATUS)]


class Registry:
    """Reads the registry; `listener` hears of the projections' progress."""

    def __init__(self, database: Database, listener: Listener, log_end: Callable[[], Awaitable[int]]) -> None:
        self._database, self._listener = database, listener
        self._log_end = log_end

    async def status(self) -> list[ProjectionStatus]:
        """All versions of all read models."""
        return await read_status(self._database)

    async def wait_for(self, name: str, position: int, timeout: float) -> None:
        """Until the live version has applied a position.

        Raises:
            PositionNotReachedError: the log has not got that position.
            ReadModelBehindError: it did not come so far within `timeout` seconds.
        """
        deadline = asyncio.get_running_loop().time() + timeout
        checked_end = False
        while True:
            seen = self._listener.rings
            reached = await self._position(name)
            if reached >= position:
                return
            if not checked_end:
                end = await self._log_end()
                if position > end:
                    raise PositionNotReachedError(position, end)
                checked_end = True
            remaining = deadline - asyncio.get_running_loop().time()
            if remaining <= 0:
                raise ReadModelBehindError(
                    f"the read model {name} is at position {reached} and did not reach {position} in {timeout:g} s; "
                    "ask again, or without minPosition for what it has"
                )
            # Woken by progress; now and then it looks without, because a notification can be lost.
            await self._listener.wait(seen, min(remaining, 0.5))

    async def _position(self, name: str) -> int:
        rows = await self._database.fetch(_LIVE_POSITION, {"name": name})
        return rows[0][1] if rows else 0
