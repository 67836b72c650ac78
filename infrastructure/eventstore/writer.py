"""A process's connection for writing, and what the database remembers of it."""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import psycopg
from psycopg import AsyncConnection

from infrastructure.eventstore import large_values
from infrastructure.eventstore.append import APPEND, HEADS, TRACKED, Batch
from infrastructure.postgres.pipeline import Answer, Pipeline, Statement
from infrastructure.sql import load

_SETTINGS = load(__file__, "writer_settings")
_LOCK = load(__file__, "lock")
_OPEN = load(__file__, "open_writer")
_CLOSE = load(__file__, "close_writer")
_FORGET = load(__file__, "forget_writers")

FORGOTTEN_AFTER = timedelta(days=7)
"""How long the database remembers a writer that did not end in order."""


class Remembered(NamedTuple):
    """A batch that was committed: `before` is the position before its last statement's first event."""

    number: int
    before: int
    recorded_at: datetime


class Writer:
    """Opens and opens again. What an earlier connection had sent and never heard of is told by `open`."""

    def __init__(
        self,
        writer_id: UUID,
        connect: Callable[[], Awaitable[AsyncConnection[Any]]],
        clock: Callable[[], datetime],
        lost: Callable[[], None],
    ) -> None:
        self._id, self._connect, self._clock, self._on_lost = writer_id, connect, clock, lost
        self._connection: AsyncConnection[Any] | None = None
        self._pipeline: Pipeline | None = None
        self._epoch = 0

    @property
    def is_open(self) -> bool:
        """Whether it can be sent to."""
        return self._pipeline is not None

    async def open(self) -> list[Remembered]:
        """Connect; the last batches of this writer that were committed, two at most.

        Waits for the append lock: if a transaction of the connection before is still under way, for its end. One that
        has not begun yet never will, because the epoch is another now.

        Raises:
            psycopg.Error, OSError: it can't be reached, or it refuses.
        """
        connection = await self._connect()
        try:
            await connection.rollback()
            await connection.set_autocommit(True)
            await connection.execute(_SETTINGS)
            now = self._clock()
            async with connection.transaction():
                await connection.execute(_LOCK)
                cursor = await connection.execute(_OPEN, {"writer_id": self._id, "now": now})
                row = await cursor.fetchone()
                assert row is not None, "it is made where it was missing"
                await connection.execute(_FORGET, {"before": now - FORGOTTEN_AFTER})
            pipeline = Pipeline(connection, self._lost)
            await pipeline.open([APPEND, HEADS, TRACKED, large_values.HOLD, large_values.KEEP])
        except BaseException:
            await _close(connection)
            raise
        self._epoch = row[0]
        self._connection, self._pipeline = connection, pipeline
        return [Remembered(*found) for found in (row[1:4], row[4:7]) if found[2] is not None]

    def send(self, batch: Batch, number: int, written_at: datetime, answer: Answer) -> None:
        """Append a batch. `answer` gets its results or the error that left nothing of it; nothing if it is lost."""
        self.ask(batch.statements(self._id.bytes, self._epoch, number, written_at), answer)

    def ask(self, statements: Iterable[Statement], answer: Answer) -> None:
        """Have statements carried out."""
        assert self._pipeline is not None, "it is open"
        self._pipeline.send(statements, answer)

    def give_up(self) -> None:
        """Break the connection: it neither answers nor fails."""
        if self._pipeline is not None:
            self._pipeline.close()
            self._lost()

    async def close(self) -> None:
        """End in order: nothing is on its way any more."""
        connection, pipeline = self._connection, self._pipeline
        self._connection = self._pipeline = None
        if connection is None or pipeline is None:
            return
        pipeline.close()
        with contextlib.suppress(psycopg.Error, OSError):
            connection.pgconn.exit_pipeline_mode()
            await connection.execute(_CLOSE, {"writer_id": self._id})
        await _close(connection)

    def _lost(self) -> None:
        if self._connection is not None:
            # At once: the server is to notice, and what it holds is to be set free.
            self._connection.pgconn.finish()
        self._connection = self._pipeline = None
        self._on_lost()


async def _close(connection: AsyncConnection[Any]) -> None:
    with contextlib.suppress(psycopg.Error, OSError):
        await connection.close()
