"""The application's ports, in memory: an event store, snapshots that are none, and a read model of accesses."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from application.contexts import ContextRef
from application.ports import AlreadyDoneError, Done, KnownReads, SnapshotState, Trace, Write
from domain.access.events import AccessesRecorded
from domain.contexts.commands import StoreContext, UpdateContext
from domain.contexts.events import Attributes
from domain.errors import VersionConflictError
from domain.recorded import Event, Origin, Recorded
from tests.fixtures.clock import MovableClock

NOBODY = Origin()


class MemoryStore:
    """Implements `application.ports.EventStore`, and notes what was read.

    The next appends raise what is in `fails` and write nothing, or write and then raise what is in `unanswered`.
    """

    def __init__(self, clock: MovableClock) -> None:
        self._clock = clock
        self.log: list[Recorded[Event]] = []
        self.read: list[tuple[UUID, int]] = []
        self.steps: dict[str, int] = {}
        self.conflicts = 0
        self.fails: list[Exception] = []
        self.unanswered: list[Exception] = []

    def stream(self, stream_id: UUID) -> list[Recorded[Event]]:
        return [recorded for recorded in self.log if recorded.stream_id == stream_id]

    async def append(
        self, tenant: str, writes: Sequence[Write], origin: Origin, done: Done | None = None
    ) -> Sequence[Recorded[Event]]:
        await asyncio.sleep(0)
        if self.fails:
            raise self.fails.pop(0)
        if done and self.steps.get(done.name, 0) >= done.step:
            raise AlreadyDoneError(f"{done} was recorded before")
        heads: dict[UUID, int] = {}
        for write in writes:
            if (head := heads.get(write.stream_id, len(self.stream(write.stream_id)))) != write.expected:
                self.conflicts += 1
                raise VersionConflictError(write.expected, head)
            heads[write.stream_id] = head + len(write.events)
        before = len(self.log)
        if done:
            self.steps[done.name] = done.step
        for write in writes:
            for version, event in enumerate(write.events, write.expected + 1):
                position = len(self.log) + 1
                size = 100
                whose = write.origin or origin
                self.log.append(Recorded(event, 1, write.stream_id, version, position, self._clock(), whose, size))
        if self.unanswered:
            raise self.unanswered.pop(0)
        return self.log[before:]

    async def done(self, tenant: str, name: str) -> int:
        return self.steps.get(name, 0)

    async def head(self, tenant: str, stream_id: UUID) -> int:
        await asyncio.sleep(0)
        return len(self.stream(stream_id))

    async def read_stream(
        self, tenant: str, stream_id: UUID, *, after: int = 0, up_to: int | None = None
    ) -> Sequence[Recorded[Event]]:
        await asyncio.sleep(0)
        self.read.append((stream_id, after))
        return [
            recorded
            for recorded in self.stream(stream_id)
            if recorded.version > after and (up_to is None or recorded.version <= up_to)
        ]

    async def trail(self, tenant: str, stream_id: UUID) -> Sequence[Trace]:
        raise NotImplementedError

    async def recorded_at(self, position: int) -> datetime | None:
        return self.log[position - 1].recorded_at

    async def end(self) -> int:
        return len(self.log)


class NoSnapshots:
    """Implements `application.ports.Snapshots`."""

    async def newest(self, tenant: str, stream_id: UUID, kind: object) -> None:
        return None

    def offer(self, tenant: str, stream_id: UUID, state: SnapshotState, size: int, key_id: bytes = b"") -> None:
        pass


class MemoryTotals:
    """Implements `application.ports.AccessTotals` by folding a store's log up to where `catch_up` was called."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store
        self.position = 0
        self.asked: list[Sequence[UUID]] = []
        self.fails: list[Exception] = []

    def catch_up(self) -> None:
        self.position = len(self._store.log)

    async def totals(self, tenant: str, context_ids: Sequence[UUID]) -> tuple[int, Mapping[UUID, KnownReads]]:
        self.asked.append(context_ids)
        position = self.position
        await asyncio.sleep(0)
        if self.fails:
            raise self.fails.pop(0)
        found: dict[UUID, KnownReads] = {}
        for recorded in self._store.log[:position]:
            if isinstance(recorded.event, AccessesRecorded):
                for told in recorded.event.contexts:
                    before = found.get(told.context_id)
                    reads = before.reads if before and before.created_at == told.created_at else 0
                    if told.context_id in context_ids:
                        found[told.context_id] = KnownReads(told.created_at, reads + told.reads, told.last)
        return position, found


def ref(key: str) -> ContextRef:
    return ContextRef("default", "", key)


def storing(key: str, data: object = None) -> StoreContext:
    return StoreContext(namespace="", key=key, data=data, attributes=Attributes())


def appending(value: object) -> UpdateContext:
    return UpdateContext(data=[value], change_type="append")
