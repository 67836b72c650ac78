"""Concurrent appends share transactions: one fsync for many, each caller still succeeding or failing alone."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import psycopg
from psycopg import AsyncConnection

from domain.errors import (
    ContextlineError,
    DatabaseUnavailableError,
    OutcomeUnknownError,
    OverloadedError,
    UnavailableError,
)
from infrastructure.eventstore.append import StreamNumbers, begin, commit, was_committed
from infrastructure.eventstore.requests import Appended, AppendRequest, Plan

_log = logging.getLogger(__name__)

MOST_TURNS = 3
"""Turns of the event loop for which appends are gathered under load."""


@dataclass(frozen=True)
class Limits:
    """Bounds on what waits and on what one transaction carries."""

    queue: int = 10_000
    """Appends waiting; one more is refused."""
    appends: int = 512
    events: int = 5_000
    bytes: int = 16 * 1024 * 1024
    patience: float = 10.0
    """Seconds for which a batch is tried again while the database is away."""
    attempt: float = 40.0
    """Seconds after which a transaction is given up that neither succeeds nor fails; above the server's own limits."""


class _Waiting(NamedTuple):
    request: AppendRequest
    answer: asyncio.Future[Appended]


class GroupCommit:
    """The one writer of a process: a task with a connection of its own, for ever taking what waits and appending it.

    While a batch is on its way the next one gathers, so the size of batches follows the load by itself: a lone caller
    waits for no one.
    """

    def __init__(
        self,
        connect: Callable[[], Awaitable[AsyncConnection[Any]]],
        clock: Callable[[], datetime],
        limits: Limits | None = None,
    ) -> None:
        self._connect, self._clock, self._limits = connect, clock, limits or Limits()
        self._queue: deque[_Waiting] = deque()
        self._wake = asyncio.Event()
        self._numbers = StreamNumbers()
        self._connection: AsyncConnection[Any] | None = None
        self._task: asyncio.Task[None] | None = None
        self._stopping = False

    async def start(self) -> None:
        """Begin to take appends."""
        self._task = asyncio.create_task(self._run(), name="group-commit")

    async def stop(self) -> None:
        """Finish what waits, then end."""
        self._stopping = True
        self._wake.set()
        if self._task:
            await self._task
        await self._disconnect()

    async def append(self, request: AppendRequest) -> Appended:
        """Append all of a request's events; returns when they are durable.

        Raises:
            VersionConflictError: a stream's version is not the expected one.
            OverloadedError: too many wait already.
            DatabaseUnavailableError: the database is away; nothing was written.
            OutcomeUnknownError: it went away during the commit and did not come back in time.
            UnavailableError: `stop` was called; nothing was written.
        """
        if self._stopping or self._task is None or self._task.done():
            raise UnavailableError("the store is being closed; nothing was written")
        if len(self._queue) >= self._limits.queue:
            raise OverloadedError(f"{len(self._queue)} commands wait to be written already; try again in a moment")
        answer: asyncio.Future[Appended] = asyncio.get_running_loop().create_future()
        self._queue.append(_Waiting(request, answer))
        self._wake.set()
        return await answer

    async def _run(self) -> None:
        turns = 0
        while not self._stopping:
            await self._wake.wait()
            self._wake.clear()
            while self._queue:
                # Under load, a few turns of the loop let those come who were just answered, and share the transaction.
                for _ in range(turns):
                    await asyncio.sleep(0)
                batch = self._take()
                turns = min(len(batch) - 1, MOST_TURNS)
                await self._answer(batch)

    def _take(self) -> list[_Waiting]:
        batch: list[_Waiting] = []
        events = size = 0
        while self._queue and len(batch) < self._limits.appends:
            request = self._queue[0].request
            events += request.count()
            size += request.size()
            if batch and (events > self._limits.events or size > self._limits.bytes):
                break
            batch.append(self._queue.popleft())
        return batch

    async def _answer(self, batch: Sequence[_Waiting]) -> None:
        try:
            results: Sequence[Appended | Exception] = await self._write([waiting.request for waiting in batch])
        except asyncio.CancelledError:
            for waiting in batch:
                waiting.answer.cancel()
            raise
        except DatabaseUnavailableError as error:
            # Who waits behind has waited as long: each batch in its turn would make the last ones wait for minutes.
            batch = [*batch, *self._queue]
            self._queue.clear()
            results = [error] * len(batch)
        except ContextlineError as error:
            results = [error] * len(batch)
        except Exception as error:
            # The database refused something that was not seen before: find whose it is, so that it fails alone.
            if len(batch) > 1:
                middle = len(batch) // 2
                await self._answer(batch[:middle])
                await self._answer(batch[middle:])
                return
            _log.exception("an append was refused by the database")
            results = [error]
        for waiting, result in zip(batch, results, strict=True):
            if waiting.answer.done():
                continue
            if isinstance(result, Exception):
                waiting.answer.set_exception(result)
            else:
                waiting.answer.set_result(result)

    async def _write(self, requests: Sequence[AppendRequest]) -> Sequence[Appended | Exception]:
        """One transaction, tried again while the connection fails; a commit that went unanswered is looked up first."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._limits.patience
        unanswered: Plan | None = None
        pause = 0.05
        while True:
            committing = False
            try:
                async with asyncio.timeout(self._limits.attempt):
                    connection = await self._connected()
                    if unanswered and await was_committed(connection, unanswered):
                        return unanswered.results
                    unanswered = None
                    planned = await begin(connection, requests, self._numbers, self._clock)
                    if planned.is_empty():
                        await connection.rollback()
                        return planned.results
                    unanswered, committing = planned, True
                    await commit(connection, planned)
                    return planned.results
            except (psycopg.OperationalError, OSError, TimeoutError) as error:
                alive = self._connection is not None and not self._connection.closed
                if committing and alive and isinstance(error, psycopg.Error):
                    # The server itself refused (a full disk, say): what it had begun it has rolled back. A refusal to
                    # look an earlier commit up says nothing of that one.
                    unanswered = None
                await self._disconnect()
                if loop.time() + pause > deadline:
                    if unanswered:
                        raise OutcomeUnknownError(
                            "the database went away while the change was being committed: it may or may not be there; "
                            "read before repeating it"
                        ) from error
                    raise DatabaseUnavailableError("the database can't be reached; nothing was written") from error
                _log.warning("the database is away, trying again: %s", error)
                await asyncio.sleep(pause)
                pause = min(2 * pause, 1.0)
            except BaseException:
                await self._disconnect()
                raise

    async def _connected(self) -> AsyncConnection[Any]:
        if self._connection is None or self._connection.closed:
            self._connection = await self._connect()
        return self._connection

    async def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        # Drawn but not committed, numbers are given out again after a crash of the server.
        self._numbers = StreamNumbers()
        if connection is not None:
            with contextlib.suppress(psycopg.Error, OSError):
                await connection.close()
