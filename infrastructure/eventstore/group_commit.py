"""Concurrent appends share transactions: one fsync for many, each caller still succeeding or failing alone."""

from __future__ import annotations

import asyncio
import logging
import struct
from collections import deque
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import uuid4

import msgspec
import psycopg
from psycopg import AsyncConnection
from psycopg.pq.abc import PGresult

from domain.errors import (
    DatabaseUnavailableError,
    InvalidInputError,
    OutcomeUnknownError,
    OverloadedError,
    UnavailableError,
)
from infrastructure.eventstore.append import CONFLICT, SUPERSEDED, Batch, heads_found, heads_wanted
from infrastructure.eventstore.requests import Appended, AppendRequest, StreamKey, refusals
from infrastructure.eventstore.writer import Writer

_log = logging.getLogger(__name__)

MOST_TURNS = 3
"""Turns of the event loop for which appends are gathered under load."""
LEAST_SECOND = 8
"""Appends that a second batch must have to be sent while the first is on its way; fewer wait and share the next."""
PAUSE = 0.1
"""Seconds after which a batch is sent again that the server could not write."""
MOST_ROUNDS = 20
"""How often a batch that met conflicts is looked at and sent again."""


@dataclass(frozen=True)
class Limits:
    """Bounds on what waits and on what one transaction carries."""

    queue: int = 10_000
    """Appends waiting; one more is refused."""
    queue_bytes: int = 256 * 1024 * 1024
    """Bytes of payloads waiting; what comes on top is refused."""
    append_bytes: int = 64 * 1024 * 1024
    """Bytes of payloads of one append; a larger one is refused."""
    appends: int = 512
    events: int = 5_000
    bytes: int = 16 * 1024 * 1024
    slow_commit: float = 0.002
    """Seconds. Where a transaction takes as long, one for all is better than two that take turns."""
    patience: float = 10.0
    """Seconds for which a batch is tried again while the database is away."""
    attempt: float = 40.0
    """Seconds after which a transaction is given up that neither succeeds nor fails; above the server's own limits."""


class _Waiting(msgspec.Struct):
    request: AppendRequest
    answer: asyncio.Future[Appended]
    events: int
    size: int


class _Group(NamedTuple):
    """Appends that go together. `existing`: streams that are there although their version is 0."""

    callers: Sequence[_Waiting]
    deadline: float
    existing: Collection[StreamKey] = ()
    rounds: int = 0


class _Sent(NamedTuple):
    """A group on its way. `held` don't fit what the others will have done; they are looked at when it is done."""

    number: int
    group: _Group
    batch: Batch
    taken: Sequence[_Waiting]
    held: Sequence[_Waiting]
    at: float
    timeout: asyncio.TimerHandle


class GroupCommit:
    """The one writer of a process: takes what waits and appends it, batch by batch, over a connection of its own.

    While a batch is on its way the next one gathers, so the size of batches follows the load by itself: a lone caller
    waits for no one. Under load two batches take turns: while the database writes the one, this process answers the
    callers of the other and packs what they bring.
    """

    def __init__(
        self,
        connect: Callable[[], Awaitable[AsyncConnection[Any]]],
        clock: Callable[[], datetime],
        limits: Limits | None = None,
    ) -> None:
        self._limits, self._clock = limits or Limits(), clock
        self._writer = Writer(uuid4(), connect, clock, self._lost)
        self._queue: deque[_Waiting] = deque()
        self._queued_bytes = 0
        # Sent before anything of the queue; on their way; waiting for the heads that tell who is refused, or for a
        # while because the server could not.
        self._again: deque[_Group] = deque()
        self._sent: deque[_Sent] = deque()
        self._aside: list[_Group] = []
        self._number = 0
        self._commit_seconds = self._last_answer = 0.0
        self._turns, self._scheduled = 0, False
        self._connecting: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping, self._idle = False, asyncio.Event()

    async def start(self) -> None:
        """Begin to take appends."""
        self._loop = asyncio.get_running_loop()

    async def stop(self) -> None:
        """Finish what waits, then end."""
        self._stopping = True
        while self._has_work():
            self._idle.clear()
            await self._idle.wait()
        if self._connecting:
            await self._connecting
        await self._writer.close()

    async def append(self, request: AppendRequest) -> Appended:
        """Append all of a request's events; returns when they are durable.

        Raises:
            VersionConflictError: a stream's version is not the expected one.
            InvalidInputError: it is larger than a transaction takes.
            OverloadedError: too many wait already.
            DatabaseUnavailableError: the database is away; nothing was written.
            OutcomeUnknownError: it went away during the commit and did not come back in time.
            UnavailableError: `stop` was called; nothing was written.
        """
        if self._stopping or self._loop is None:
            raise UnavailableError("the store is being closed; nothing was written")
        events, size = request.weight()
        limits, queue = self._limits, self._queue
        if size > limits.append_bytes:
            raise InvalidInputError.at("", f"has {size} bytes; {limits.append_bytes} at most fit into one transaction")
        queued = self._queued_bytes + size
        if len(queue) >= limits.queue or (queue and queued > limits.queue_bytes):
            raise OverloadedError(f"{len(queue)} commands wait to be written already; try again in a moment")
        answer: asyncio.Future[Appended] = self._loop.create_future()
        queue.append(_Waiting(request, answer, events, size))
        self._queued_bytes = queued
        if not self._scheduled:
            self._schedule(0)
        return await answer

    # What is sent, and when

    def _schedule(self, turns: int) -> None:
        """Send after so many more turns of the loop."""
        self._turns = turns
        if not self._scheduled:
            self._scheduled = True
            self._running_loop.call_soon(self._turn)

    def _turn(self) -> None:
        if self._turns > 0:
            self._turns -= 1
            self._running_loop.call_soon(self._turn)
            return
        self._scheduled = False
        if not (self._queue or self._again):
            if not self._has_work():
                self._idle.set()
        elif not self._writer.is_open:
            if self._connecting is None:
                self._connecting = self._running_loop.create_task(self._connect(), name="append-connection")
        elif not self._sent:
            # Where the disk is fast, half of them now and the other half right behind.
            in_two = not self._again and len(self._queue) >= 2 * LEAST_SECOND and self._is_fast()
            self._send(-(-len(self._queue) // 2) if in_two else len(self._queue))
            if in_two and self._sent and self._writer.is_open:
                self._send(len(self._queue))
        elif len(self._sent) == 1 and self._is_fast() and (self._again or len(self._queue) >= LEAST_SECOND):
            self._send(len(self._queue))

    def _is_fast(self) -> bool:
        return self._commit_seconds < self._limits.slow_commit

    def _send(self, most: int) -> None:
        group = self._again.popleft() if self._again else self._take(most)
        batch = Batch(group.existing)
        taken: list[_Waiting] = []
        held: list[_Waiting] = []
        try:
            for waiting in group.callers:
                (taken if batch.add(waiting.request) else held).append(waiting)
            self._number += 1
            loop = self._running_loop
            timeout = loop.call_later(self._limits.attempt, self._writer.give_up)
            sent = _Sent(self._number, group, batch, taken, held, loop.time(), timeout)
            self._sent.append(sent)
            self._writer.send(batch, self._number, self._clock(), lambda outcome: self._answered(sent, outcome))
        except (ValueError, TypeError, OverflowError, struct.error) as error:
            # What can't even be packed.
            if self._sent and self._sent[-1].group is group:
                self._sent.pop().timeout.cancel()
            self._refused(group, error)

    def _take(self, most: int) -> _Group:
        limits, queue = self._limits, self._queue
        most = min(most, limits.appends)
        callers: list[_Waiting] = []
        events = size = 0
        while queue and len(callers) < most:
            waiting = queue[0]
            events += waiting.events
            size += waiting.size
            if callers and (events > limits.events or size > limits.bytes):
                break
            callers.append(queue.popleft())
            self._queued_bytes -= waiting.size
        return _Group(callers, self._running_loop.time() + limits.patience)

    # What became of it

    def _answered(self, sent: _Sent, outcome: list[PGresult] | psycopg.Error) -> None:
        self._sent.remove(sent)
        sent.timeout.cancel()
        now = self._running_loop.time()
        self._commit_seconds, self._last_answer = now - max(sent.at, self._last_answer), now
        if isinstance(outcome, list):
            self._done(sent, sent.batch.appended(outcome))
            # A few turns of the loop let those come who were just answered, and share the transaction.
            self._schedule(min(len(sent.taken) - 1, MOST_TURNS))
            return
        if outcome.sqlstate == CONFLICT:
            self._look(sent.group)
        elif outcome.sqlstate == SUPERSEDED:
            self._again.appendleft(sent.group)
            self._writer.give_up()
        elif isinstance(outcome, psycopg.OperationalError):
            # The server itself could not (a full disk, say): what it had begun it has rolled back.
            self._put_aside(sent.group, outcome)
        else:
            self._refused(sent.group, outcome)
        self._schedule(0)

    def _done(self, sent: _Sent, appended: Sequence[Appended]) -> None:
        for waiting, result in zip(sent.taken, appended, strict=True):
            if not waiting.answer.done():
                waiting.answer.set_result(result)
        for waiting in sent.held:
            missed = OverloadedError("the change met another on its way and was not made; try again")
            self._fail([waiting], sent.batch.conflict(waiting.request) or missed)

    def _refused(self, group: _Group, error: Exception) -> None:
        """The database refused something that was not seen before: find whose it is, so that it fails alone."""
        callers = group.callers
        if len(callers) == 1:
            _log.error("an append was refused by the database", exc_info=error)
            self._fail(callers, error)
        else:
            middle = len(callers) // 2
            self._again.extendleft([group._replace(callers=callers[middle:]), group._replace(callers=callers[:middle])])
        self._schedule(0)

    def _look(self, group: _Group) -> None:
        """A belief about a stream was wrong: ask for the heads, which tell whose."""
        self._aside.append(group)
        wanted = heads_wanted([waiting.request for waiting in group.callers])
        self._writer.ask(wanted, lambda outcome: self._looked(group, outcome))

    def _looked(self, group: _Group, outcome: list[PGresult] | psycopg.Error) -> None:
        self._aside.remove(group)
        if not isinstance(outcome, list):
            self._put_aside(group, outcome)
            return
        heads, tracked = heads_found(outcome)
        found = refusals([waiting.request for waiting in group.callers], heads, tracked)
        good = []
        for waiting, refusal in zip(group.callers, found, strict=True):
            if refusal is None:
                good.append(waiting)
            else:
                self._fail([waiting], refusal)
        if group.rounds >= MOST_ROUNDS:
            self._fail(good, OverloadedError("others kept changing the same streams; nothing was written; try again"))
        elif good:
            self._again.append(_Group(good, group.deadline, heads.keys(), group.rounds + 1))
        self._schedule(0)

    def _put_aside(self, group: _Group, error: Exception) -> None:
        """For a moment; when its time is over, it and all that waits behind it is told."""
        if self._running_loop.time() + PAUSE > group.deadline:
            _log.warning("the database refuses to write: %s", error)
            self._again.appendleft(group)
            self._fail_all()
            return
        self._aside.append(group)
        self._running_loop.call_later(PAUSE, self._take_up, group)

    def _take_up(self, group: _Group) -> None:
        if group in self._aside:
            self._aside.remove(group)
            self._again.append(group)
            self._schedule(0)

    def _fail(self, callers: Sequence[_Waiting], error: Exception) -> None:
        for waiting in callers:
            if not waiting.answer.done():
                waiting.answer.set_exception(error)

    def _fail_all(self) -> None:
        # Who waits behind has waited as long: each batch in its turn would make the last ones wait for minutes.
        away = DatabaseUnavailableError("the database can't be reached; nothing was written")
        for group in (*self._again, *self._aside):
            self._fail(group.callers, away)
        self._fail(self._queue, away)
        for waiting in (self._again, self._aside, self._queue):
            waiting.clear()
        self._queued_bytes = 0
        self._schedule(0)

    # The connection

    def _lost(self) -> None:
        for sent in self._sent:
            sent.timeout.cancel()
        # What was being looked at was not sent.
        self._again.extend(self._aside)
        self._aside.clear()
        if self._connecting is None and self._has_work():
            self._connecting = self._running_loop.create_task(self._connect(), name="append-connection")

    async def _connect(self) -> None:
        """Until it is there, or until patience is at an end; then find out what became of the batches on their way."""
        loop = self._running_loop
        deadline = loop.time() + self._limits.patience
        pause = 0.05
        try:
            while True:
                try:
                    async with asyncio.timeout(self._limits.attempt):
                        remembered = await self._writer.open()
                    break
                except (psycopg.OperationalError, OSError, TimeoutError) as error:
                    if loop.time() + pause > deadline:
                        self._give_up_waiting(error)
                        return
                    _log.warning("the database is away, trying again: %s", error)
                    await asyncio.sleep(pause)
                    pause = min(2 * pause, 1.0)
        except Exception as error:
            _log.exception("the database can't be written to")
            self._give_up_waiting(error)
            return
        finally:
            self._connecting = None
        committed = {batch.number: batch for batch in remembered}
        lost, self._sent = self._sent, deque()
        for sent in reversed(lost):
            if (found := committed.get(sent.number)) is None:
                self._again.appendleft(sent.group)
            else:
                first = found.before - sent.batch.events_before_last + 1
                self._done(sent, sent.batch.appended_at(first, found.recorded_at))
        self._schedule(0)

    def _give_up_waiting(self, error: Exception) -> None:
        for sent in self._sent:
            unknown = OutcomeUnknownError(
                "the database went away while the change was being committed: it may or may not be there; "
                "read before repeating it"
            )
            unknown.__cause__ = error
            self._fail(sent.group.callers, unknown)
        self._sent.clear()
        self._fail_all()

    def _has_work(self) -> bool:
        return bool(self._queue or self._again or self._sent or self._aside)

    @property
    def _running_loop(self) -> asyncio.AbstractEventLoop:
        assert self._loop is not None, "it was started"
        return self._loop
