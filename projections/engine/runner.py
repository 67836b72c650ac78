"""Runs one projection: under its lease, batch by batch, rows and position in one transaction."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any

import psycopg
from psycopg import AsyncConnection

from domain.errors import ContextlineError, DatabaseUnavailableError, UnknownEventError
from domain.recorded import Event, Recorded
from infrastructure.eventstore.follow import LOG_CHANNEL, Listener, follow
from infrastructure.eventstore.read import LogReader
from infrastructure.postgres.connections import PROJECTION, connect
from infrastructure.postgres.database import AWAY
from infrastructure.sql import load
from projections.engine.lease import Lease, LeaseLostError
from projections.engine.projection import Projection

_log = logging.getLogger(__name__)

_REGISTER = load(__file__, "register")
_SET_UP_LOCK = load(__file__, "set_up_lock")
_SCHEMA_EXISTS = load(__file__, "schema_exists")
_FORGET = load(__file__, "forget")
_POSITION = load(__file__, "position")
_ADVANCE = load(__file__, "advance")
_LOOKED = load(__file__, "looked")
_FAILED = load(__file__, "failed")
_NOTIFY = load(__file__, "notify")

SHORTEST_PAUSE, LONGEST_PAUSE = 0.1, 5.0
"""Seconds before a new try; doubled by each failure, until something goes well again."""


class ProjectionAheadError(ContextlineError):
    """The read model knows of events that the log doesn't have."""

    code = "projection-ahead"


class Runner:
    """Follows the log for one projection, for ever.

    An event that can't be applied is tried again, and nothing after it is applied: no event is ever passed over. The
    registry's row says what is wrong.
    """

    def __init__(
        self,
        projection: Projection,
        reader: LogReader,
        url: str,
        owner: str,
        clock: Callable[[], datetime],
        *,
        batch: int = 1_000,
        poll: float = 1.0,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._projection, self._reader, self._url, self._clock = projection, reader, url, clock
        self._batch, self._poll, self._sleep = batch, poll, sleep
        self._names = {"name": projection.name, "version": projection.version}
        self._lease = Lease(projection.name, projection.version, owner)
        self._pause = SHORTEST_PAUSE

    async def run(self) -> None:
        """Until cancelled.

        Raises:
            ProjectionAheadError: the log is shorter than what the read model was built from.
            UnknownEventError: a newer program wrote to the log.
        """
        while True:
            try:
                async with await connect(self._url, PROJECTION) as connection:
                    await self._set_up(connection)
                    await self._take_lease(connection)
                    try:
                        await self._follow(connection)
                    finally:
                        await self._give_lease_back(connection)
            except LeaseLostError as error:
                _log.warning("%s; waiting for my turn", error)
            except (*AWAY, DatabaseUnavailableError) as error:
                _log.warning("%s: the database is away, trying again: %s", self._projection.name, error)
                # Some of what it refuses for good looks like this too.
                await self._report(f"{type(error).__name__}: {error}")
            except (ProjectionAheadError, UnknownEventError) as error:
                await self._report(str(error))
                raise
            except Exception as error:
                _log.exception("%s can't go on, trying again", self._projection.name)
                await self._report(f"{type(error).__name__}: {error}")
            await self._sleep(self._pause)
            self._pause = min(2 * self._pause, LONGEST_PAUSE)

    async def _set_up(self, connection: AsyncConnection[Any]) -> None:
        async with connection.transaction():
            await connection.execute(_SET_UP_LOCK)
            schema = f"{self._projection.name}_v{self._projection.version}"
            cursor = await connection.execute(_SCHEMA_EXISTS, {"schema": schema})
            if not await cursor.fetchone():
                # Its tables were dropped: it begins anew, also where its position was left behind.
                await connection.execute(_FORGET, self._names)
            await self._projection.set_up(connection)
            await connection.execute(_REGISTER, {**self._names, "now": self._clock()})

    async def _take_lease(self, connection: AsyncConnection[Any]) -> None:
        while True:
            async with connection.transaction():
                if await self._lease.take(connection, self._clock()):
                    return
            await self._sleep(self._poll)

    async def _give_lease_back(self, connection: AsyncConnection[Any]) -> None:
        with contextlib.suppress(psycopg.Error, OSError):
            await connection.rollback()
            async with connection.transaction():
                await self._lease.give_back(connection, self._clock())

    async def _follow(self, connection: AsyncConnection[Any]) -> None:
        position = await self._start(connection)
        async with Listener(lambda: connect(self._url, PROJECTION, autocommit=True), LOG_CHANNEL) as listener:
            batches = follow(
                lambda after: self._reader.log(after, self._batch), listener, after=position, poll=self._poll
            )
            async for events in batches:
                if events:
                    await self._apply(connection, position, events)
                    position = events[-1].position
                else:
                    await self._note_look(connection)

    async def _start(self, connection: AsyncConnection[Any]) -> int:
        async with connection.transaction():
            cursor = await connection.execute(_POSITION, self._names)
            row = await cursor.fetchone()
        assert row is not None, "set_up registers it"
        position, end = int(row[0]), await self._reader.end()
        if position > end:
            raise ProjectionAheadError(
                f"the read model {self._projection.name} was built up to position {position}, but the log ends at "
                f"{end}: the database was restored from a backup older than its read models; build them anew "
                "(docs/operations.md)"
            )
        return position

    async def _apply(self, connection: AsyncConnection[Any], position: int, events: Sequence[Recorded[Event]]) -> None:
        now = self._clock()
        async with connection.transaction():
            await self._lease.hold(connection, now)
            await self._projection.apply(connection, events)
            moved = await connection.execute(
                _ADVANCE,
                {**self._names, "position": events[-1].position, "from_position": position, "now": now},
            )
            if moved.rowcount != 1:
                raise LeaseLostError(f"{self._projection.name} is not at position {position} any more")
            await connection.execute(_NOTIFY, {"name": self._projection.name})

    async def _note_look(self, connection: AsyncConnection[Any]) -> None:
        now = self._clock()
        async with connection.transaction():
            await self._lease.hold(connection, now)
            looked = await connection.execute(_LOOKED, {**self._names, "now": now})
            if looked.rowcount != 1:
                raise LeaseLostError(f"{self._projection.name} is not registered any more")
        self._pause = SHORTEST_PAUSE

    async def _report(self, error: str) -> None:
        """By a connection of its own: the one at work may be what failed."""
        with contextlib.suppress(psycopg.Error, OSError):
            # In autocommit: cancelled while it committed, it would be left open.
            async with await connect(self._url, PROJECTION, autocommit=True) as connection:
                await connection.execute(_FAILED, {**self._names, "error": error[:2000]})
