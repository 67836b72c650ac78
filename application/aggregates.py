"""Load, decide, append, retry: the way of every command; and strongly consistent reading of one aggregate."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Generic, NamedTuple, TypeVar
from uuid import UUID
from weakref import WeakValueDictionary

from application.ports import Clock, EventStore, Snapshots, SnapshotState, Write
from domain.errors import ContextlineError, OverloadedError, VersionConflictError
from domain.recorded import Event, Origin, Recorded, stream_id

ATTEMPTS = 100
"""How often a command without an expected version is decided anew when others write the same stream."""


SNAPSHOT_EVENTS = 100
"""A state is offered as a snapshot when so many events were folded since the last one."""

SNAPSHOT_BYTES = 1024 * 1024
"""Or when their payloads together had so many bytes."""

S = TypeVar("S", bound=SnapshotState)
Decide = Callable[[S | None, datetime], Sequence[Event]]
"""Events, or a refusal raised. It may be called again with a newer state."""


class _Kept(NamedTuple, Generic[S]):
    """A state in memory, and what folding has cost since its last snapshot."""

    state: S
    events: int
    bytes: int


class Aggregates(Generic[S]):
    """The aggregates of one kind. States are kept after a command or a read, by stream, the newest used `capacity`.

    A kept state is never trusted by itself: an append names its version, a read compares it with the stream's head, and
    a refusal is decided again on what the log says, so that another process's writes are never overlooked.
    """

    def __init__(
        self,
        kind: type[S],
        store: EventStore,
        snapshots: Snapshots,
        clock: Clock,
        fold: Callable[[S | None, Iterable[Recorded[Event]]], S | None],
        capacity: int = 4096,
    ) -> None:
        self._kind, self._store, self._snapshots, self._clock = kind, store, snapshots, clock
        self._fold, self._capacity = fold, capacity
        self._kept: OrderedDict[UUID, _Kept[S]] = OrderedDict()
        self._turns: WeakValueDictionary[UUID, asyncio.Lock] = WeakValueDictionary()

    async def load(self, tenant: str, stream_name: str) -> S | None:
        """The newest state: it has everything that was acknowledged before the call. None if there is none."""
        return await self._refresh(tenant, stream_id(tenant, stream_name))

    async def events(self, tenant: str, stream_name: str, up_to: int | None = None) -> Sequence[Recorded[Event]]:
        """The whole stream, or its beginning."""
        return await self._store.read_stream(tenant, stream_id(tenant, stream_name), up_to=up_to)

    async def execute(
        self, tenant: str, stream_name: str, decide: Decide[S], origin: Origin
    ) -> tuple[S, Sequence[Recorded[Event]]]:
        """Carry a command out; the state after it and the events that came of it.

        Raises:
            ContextlineError: the refusal that `decide` raised on the newest state; nothing was written.
            OverloadedError: others kept changing the stream.
            UnavailableError: the database is away.
        """
        stream = stream_id(tenant, stream_name)
        # Commands of this process on one stream take turns: they would only conflict with each other.
        turn = self._turns.setdefault(stream, asyncio.Lock())
        async with turn:
            kept = self._kept.get(stream)
            newest = kept is None
            state = kept.state if kept else await self._refresh(tenant, stream)
            for _ in range(ATTEMPTS):
                try:
                    events = decide(state, self._clock())
                except ContextlineError:
                    if newest:
                        raise
                    state, newest = await self._refresh(tenant, stream), True
                    continue
                write = Write(stream, stream_name, state.version if state else 0, events)
                try:
                    recorded = await self._store.append(tenant, [write], origin)
                except VersionConflictError:
                    state, newest = await self._refresh(tenant, stream), True
                    continue
                after = self._fold(state, recorded)
                assert after is not None, "a command that is carried out leaves an event"
                self._keep(tenant, stream, after, recorded)
                return after, recorded
        raise OverloadedError(f"the change met {ATTEMPTS} others on its way and was not made; try again")

    async def _refresh(self, tenant: str, stream: UUID) -> S | None:
        version = await self._store.head(tenant, stream)
        kept = self._kept.get(stream)
        if kept is not None and kept.state.version > version:
            # The log is shorter than what we know: the database was restored. What it says holds; what we know must not
            # come back when the log has grown to that version again.
            self._kept.pop(stream, None)
            kept = None
        state = kept.state if kept else await self._from_snapshot(tenant, stream, version)
        known = state.version if state else 0
        events = await self._store.read_stream(tenant, stream, after=known) if version > known else ()
        state = self._fold(state, events)
        if state is not None:
            self._keep(tenant, stream, state, events)
        return state

    async def _from_snapshot(self, tenant: str, stream: UUID, version: int) -> S | None:
        if version == 0:
            return None
        state = await self._snapshots.newest(tenant, stream, self._kind)
        # One that is ahead of the log was taken before the database was restored.
        return state if state and state.version <= version else None

    def _keep(self, tenant: str, stream: UUID, state: S, folded: Sequence[Recorded[Event]]) -> None:
        kept = self._kept.get(stream)
        if kept is None or kept.state.version <= state.version:
            events = len(folded) + (kept.events if kept else 0)
            size = sum(event.size for event in folded) + (kept.bytes if kept else 0)
            if events >= SNAPSHOT_EVENTS or size >= SNAPSHOT_BYTES:
                self._snapshots.offer(tenant, stream, state)
                events = size = 0
            self._kept[stream] = _Kept(state, events, size)
        self._kept.move_to_end(stream)
        while len(self._kept) > self._capacity:
            self._kept.popitem(last=False)
