"""How often and when each context was read: counted in memory, recorded as one event for many reads.

What a read tells is approximate: what the read model knows, and what this process has counted since. Reads that other
processes have not recorded yet are missing; a process that is killed loses those of its last interval.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import NamedTuple, Self
from uuid import UUID, uuid4

from application.cache import Entry, StateCache
from application.ports import AccessTotals, EventStore, KnownReads, Write
from domain.access.events import AccessesRecorded, ContextReads, stream_name
from domain.contexts.context import Context
from domain.errors import UnavailableError, VersionConflictError
from domain.recorded import Event, Origin, Recorded, stream_id

_log = logging.getLogger(__name__)

INTERVAL = 30.0
BATCH = 1_000

MOST_WAITING = 100_000
"""Contexts whose reads can wait to be recorded while the database is away; those of more are not recorded."""

PAUSE = 1.0
"""Seconds after something went wrong before the next try."""

TALLY_BYTES = 200
"""Of memory, about."""


class Access(NamedTuple):
    """Reads so far, this one too, and the instant of the last one before it."""

    reads: int
    last: datetime | None


class NoTotals:
    """Where nobody keeps them."""

    async def totals(self, tenant: str, context_ids: Sequence[UUID]) -> tuple[int, Mapping[UUID, KnownReads]]:
        """Nothing is known of any."""
        return 0, {}


class _Tally(Entry):
    """The reads of one life of a context."""

    __slots__ = ("context_id", "created_at", "known", "last", "own", "position", "sent", "waiting")

    def __init__(self, context_id: UUID, created_at: datetime) -> None:
        super().__init__()
        self.context_id, self.created_at = context_id, created_at
        self.last: datetime | None = None
        self.known = 0
        """Those that the read model knew of when it was asked."""
        self.own = 0
        """Those of this process that were not among them."""
        self.waiting = 0
        """Those of them that are to be recorded yet, and are in no batch."""
        self.sent = False
        """Whether a batch is on its way in which it is."""
        self.position = 0
        """Of the last record in which it is."""


class _Batch(NamedTuple):
    """What one event tells of; the same one is written again until it is there."""

    tenant: str
    event: AccessesRecorded
    tallies: Sequence[_Tally]


class _Stream:
    """Where a process records for one tenant."""

    def __init__(self, tenant: str, name: str) -> None:
        self.name, self.id, self.version = name, stream_id(tenant, name), 0


class Accesses:
    """Counts the reads of a process. As an asynchronous context manager it also records them, the last ones at the end.

    `interval` in seconds; `batch` is the number of contexts after which it doesn't wait for the interval to pass, and
    of which one event tells at most.
    """

    def __init__(
        self,
        store: EventStore,
        cache: StateCache,
        totals: AccessTotals | None = None,
        new_id: Callable[[], str] = lambda: uuid4().hex,
        interval: float = INTERVAL,
        batch: int = BATCH,
    ) -> None:
        self._store, self._cache, self._totals, self._new_id = store, cache, totals or NoTotals(), new_id
        self._interval, self._most = interval, batch
        self._waiting: dict[str, dict[int, _Tally]] = {}
        self._recorded: dict[str, list[_Tally]] = {}
        self._streams: dict[str, _Stream] = {}
        self._batch: _Batch | None = None
        self._one_at_a_time = asyncio.Lock()
        self._full = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._run(), name="accesses")
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._task:
            self._task.cancel()
            # Not the task itself: a cancellation of ours would be swallowed with its own.
            await asyncio.wait([self._task])
        try:
            await self.record()
        except UnavailableError as error:
            _log.warning("the last reads of contexts were counted and are not recorded: %s", error)

    async def count(self, tenant: str, context: Context, now: datetime) -> Access:
        """Count a read. The read model is asked once for each context, while it is in the cache."""
        number = context.id.int
        tally: _Tally | None = self._cache.get(("reads", number))
        if tally is None or tally.created_at != context.created_at:
            tally = await self._begin(tenant, context)
        before, tally.last = tally.last, now
        tally.own += 1
        tally.waiting += 1
        if tally.waiting == 1:
            self._wait(tenant, number, tally)
        return Access(tally.known + tally.own, before)

    def _wait(self, tenant: str, number: int, tally: _Tally) -> None:
        waiting = self._waiting.setdefault(tenant, {})
        if len(waiting) < MOST_WAITING:
            waiting[number] = tally
        else:
            tally.waiting = 0
        if len(waiting) >= self._most:
            self._full.set()

    async def _begin(self, tenant: str, context: Context) -> _Tally:
        try:
            _, found = await self._totals.totals(tenant, [context.id])
        except UnavailableError as error:
            # It is told too low, until the read model is asked again.
            _log.warning("how often contexts were read is not known: %s", error)
            found = {}
        number = context.id.int
        # It may have been in use all the while and only been let go by the cache, or begun by another read by now.
        for tally in (self._cache.peek(("reads", number)), self._waiting.get(tenant, {}).get(number)):
            if tally is not None and tally.created_at == context.created_at:
                break
        else:
            tally = _Tally(context.id, context.created_at)
            known = found.get(context.id)
            if known is not None and known.created_at == context.created_at:
                tally.known, tally.last = known.reads, known.last
        self._cache.put(("reads", number), tally, TALLY_BYTES)
        return tally

    async def _run(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._interval):
                    await self._full.wait()
            self._full.clear()
            await self._try(self.take_over, "others' reads of contexts are not known")
            await self._try(self.record, "reads of contexts were counted and not recorded yet")

    async def _try(self, step: Callable[[], Awaitable[None]], otherwise: str) -> None:
        try:
            await step()
        except Exception as error:
            # All is kept and tried again, whatever it was; but not at once.
            _log.warning("%s: %s", otherwise, error, exc_info=not isinstance(error, UnavailableError))
            await asyncio.sleep(min(self._interval, PAUSE))

    async def record(self) -> None:
        """Record all reads that were counted. What is not recorded is kept, and is recorded by the next call.

        Raises:
            UnavailableError: the database is away, or too much waits.
        """
        async with self._one_at_a_time:
            while batch := self._batch or self._next_batch():
                self._batch = batch
                recorded = await self._append(batch)
                self._batch = None
                for tally in batch.tallies:
                    tally.sent, tally.position = False, recorded.position
                self._recorded.setdefault(batch.tenant, []).extend(batch.tallies)

    def _next_batch(self) -> _Batch | None:
        for tenant, waiting in self._waiting.items():
            numbers = list(islice(waiting, self._most))
            if numbers:
                tallies = [waiting.pop(number) for number in numbers]
                reads = [_reads(tally) for tally in tallies]
                for tally in tallies:
                    tally.waiting, tally.sent = 0, True
                return _Batch(tenant, AccessesRecorded(contexts=reads), tallies)
        return None

    async def _append(self, batch: _Batch) -> Recorded[Event]:
        while True:
            stream = self._streams.get(batch.tenant)
            if stream is None:
                stream = self._streams[batch.tenant] = _Stream(batch.tenant, stream_name(self._new_id()))
            write = Write(stream.id, stream.name, stream.version, [batch.event])
            try:
                (recorded,) = await self._store.append(batch.tenant, [write], Origin())
            except VersionConflictError:
                # An earlier try may have been written without an answer; nobody else writes there.
                found = await self._store.read_stream(batch.tenant, stream.id, after=stream.version)
                if not found:
                    # The database was restored from a backup.
                    del self._streams[batch.tenant]
                    continue
                recorded = found[0]
            stream.version += 1
            return recorded

    async def take_over(self) -> None:
        """Ask the read model for what others have recorded, of the contexts that were read here since the last time.

        Raises:
            UnavailableError: the database is away.
        """
        while self._recorded:
            tenant, tallies = self._recorded.popitem()
            for start in range(0, len(tallies), self._most):
                some = tallies[start : start + self._most]
                position, found = await self._totals.totals(tenant, [tally.context_id for tally in some])
                for tally in some:
                    known = found.get(tally.context_id)
                    if known is None or known.created_at != tally.created_at:
                        continue
                    # Where our own reads are on their way there, what it knows has some of them, all or none.
                    if not tally.sent and tally.position <= position:
                        tally.known, tally.own = known.reads, tally.waiting
                        if known.last is not None and (tally.last is None or tally.last < known.last):
                            tally.last = known.last


def _reads(tally: _Tally) -> ContextReads:
    assert tally.last is not None, "it was read"
    return ContextReads(tally.context_id, tally.created_at, tally.waiting, tally.last)
