"""Load, decide, append, retry: the way of every command; and strongly consistent reading of one aggregate."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Generic, TypeVar
from uuid import UUID

import msgspec

from application.cache import Entry, StateCache
from application.footprint import Scale
from application.ports import Clock, EventStore, Snapshots, SnapshotState, Write
from domain.erasure import Subject
from domain.errors import ContextlineError, OverloadedError, VersionConflictError
from domain.recorded import Event, Origin, Recorded, stream_id

ATTEMPTS = 100
"""How often a command without an expected version is decided anew when others write the same stream."""


SNAPSHOT_EVENTS = 100
"""A state is offered as a snapshot when so many events were folded since the last one."""

SNAPSHOT_BYTES = 1024 * 1024
"""Or when their payloads together had so many bytes."""

SLACK = 1024
"""A state is weighed again when it may have grown by a quarter and so many bytes of memory."""

S = TypeVar("S", bound=SnapshotState)
Decide = Callable[[S | None, datetime], Sequence[Event]]
"""Events, or a refusal raised. It may be called again with a newer state."""


class _Kept(Entry, Generic[S]):
    """A state in memory, what folding has cost since its last snapshot, and what it weighs."""

    __slots__ = ("added", "bytes", "events", "size", "state")

    def __init__(self, state: S) -> None:
        super().__init__()
        self.state = state
        self.events = self.bytes = self.size = self.added = 0

    def take(self, state: S, folded: Sequence[Recorded[Event]], scale: Scale) -> None:
        """A newer state, and the events that led to it."""
        self.state = state
        self.events += len(folded)
        for recorded in folded:
            self.bytes += recorded.size
            if self.size:
                # Not by the payload's size: what was compressed says little of what it becomes in memory.
                self.added += scale.change(recorded.event)
        if not self.size or self.added > self.size // 4 + SLACK:
            self.size, self.added = scale.state(state), 0

    @property
    def weight(self) -> int:
        """Bytes that it takes in memory."""
        return self.size + self.added


class _Line(asyncio.Lock):
    """Who has the turn on a stream, and how many have it or wait for it."""

    def __init__(self) -> None:
        super().__init__()
        self.users = 0


class _Turn:
    """One caller's turn on a stream, as an asynchronous context manager; the last who leaves clears away."""

    __slots__ = ("_number", "_turns")

    def __init__(self, turns: dict[int, _Line], number: int) -> None:
        self._turns, self._number = turns, number

    async def __aenter__(self) -> None:
        line = self._turns.get(self._number)
        if line is None:
            line = self._turns[self._number] = _Line()
        line.users += 1
        try:
            await line.acquire()
        except BaseException:
            self._leave(line)
            raise

    async def __aexit__(self, *_: object) -> None:
        line = self._turns[self._number]
        line.release()
        self._leave(line)

    def _leave(self, line: _Line) -> None:
        line.users -= 1
        if not line.users:
            del self._turns[self._number]


class Aggregates(Generic[S]):
    """The aggregates of one kind. States are kept in the cache after a command or a read, by stream.

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
        sealed_for: Callable[[S | None, Sequence[Event]], Subject | None],
        cache: StateCache,
        session_of: Callable[[S | None, Sequence[Event]], str | None] = lambda state, events: None,
        complete: Callable[[S | None, Sequence[Event]], Sequence[Event]] = lambda _, events: events,
    ) -> None:
        """`sealed_for` tells whose key events are to be encrypted with that were decided on a state; None: nobody's.

        `session_of` tells the session that they belong to, for commands that don't say in which session they are.
        `complete` adds to decided events what every command of that kind adds to them.
        """
        self.complete = complete
        self._kind, self._store, self._snapshots, self._clock = kind, store, snapshots, clock
        self._fold, self._sealed_for, self._cache, self._scale = fold, sealed_for, cache, Scale()
        self._session_of = session_of
        # By number: a UUID's own hash is computed anew each time, in Python.
        self._turns: dict[int, _Line] = {}

    async def load(self, tenant: str, stream_name: str) -> S | None:
        """The newest state: it has everything that was acknowledged before the call. None if there is none."""
        stream = stream_id(tenant, stream_name)
        self._kept(stream)
        return await self.refresh(tenant, stream)

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
        async with self.turn(stream):
            state = self.kept(stream)
            newest = state is None
            if state is None:
                state = await self.refresh(tenant, stream)
            for _ in range(ATTEMPTS):
                try:
                    events = decide(state, self._clock())
                except ContextlineError:
                    if newest:
                        raise
                    state, newest = await self.refresh(tenant, stream), True
                    continue
                write = self.write(stream, stream_name, state, events)
                try:
                    recorded = await self._store.append(tenant, [write], self.origin(origin, state, events))
                except VersionConflictError:
                    state, newest = await self.refresh(tenant, stream), True
                    continue
                after = self.take(tenant, stream, state, recorded)
                assert after is not None, "a command that is carried out leaves an event"
                return after, recorded
        raise OverloadedError(f"the change met {ATTEMPTS} others on its way and was not made; try again")

    # What a command on several streams is made of (together.py)

    def turn(self, stream: UUID) -> _Turn:
        """Commands of this process on one stream take turns: they would only conflict with each other."""
        return _Turn(self._turns, stream.int)

    def kept(self, stream: UUID) -> S | None:
        """The state in memory, which may be outdated; None where none is."""
        kept = self._kept(stream)
        return kept.state if kept else None

    def write(
        self, stream: UUID, stream_name: str, state: S | None, events: Sequence[Event], origin: Origin | None = None
    ) -> Write:
        """What to append of events that were decided on a state. No events: only that it is still the newest."""
        expected = state.version if state else 0
        events = self.complete(state, events)
        return Write(stream, stream_name, expected, events, self._sealed_for(state, events), origin)

    def origin(self, origin: Origin, state: S | None, events: Sequence[Event]) -> Origin:
        """Where a command came from, and the session that it is in: the one that it names, else that of its subject."""
        if origin.session_id is None and (session_id := self._session_of(state, events)) is not None:
            return msgspec.structs.replace(origin, session_id=session_id)
        return origin

    def take(self, tenant: str, stream: UUID, state: S | None, recorded: Sequence[Recorded[Event]]) -> S | None:
        """The state after events that were appended to it."""
        after = self._fold(state, recorded)
        if after is not None:
            self._keep(tenant, stream, after, recorded)
        return after

    def _kept(self, stream: UUID) -> _Kept[S] | None:
        kept: _Kept[S] | None = self._cache.get(stream.int)
        if kept is None:
            self._cache.misses += 1
        else:
            self._cache.hits += 1
        return kept

    async def refresh(self, tenant: str, stream: UUID) -> S | None:
        """The newest state: what is in memory, brought up to date, else from the log."""
        version = await self._store.head(tenant, stream)
        kept: _Kept[S] | None = self._cache.peek(stream.int)
        if kept is not None:
            if kept.state.version == version:
                return kept.state
            if kept.state.version > version:
                # The log is shorter than what we know: the database was restored. What it says holds; what we know must
                # not come back when the log has grown to that version again.
                self._cache.drop(stream.int)
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
        kept: _Kept[S] | None = self._cache.peek(stream.int)
        if kept is None:
            kept = _Kept(state)
        elif kept.state.version >= state.version:
            return
        kept.take(state, folded, self._scale)
        if kept.events >= SNAPSHOT_EVENTS or kept.bytes >= SNAPSHOT_BYTES:
            self._snapshots.offer(tenant, stream, state, kept.weight, folded[-1].key_id)
            kept.events = kept.bytes = 0
        self._cache.put(stream.int, kept, kept.weight)
