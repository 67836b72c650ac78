"""Load, decide, append, retry: the way of every command; and strongly consistent reading of one aggregate."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Generic, Protocol, TypeVar
from uuid import UUID
from weakref import WeakValueDictionary

from application.ports import Clock, EventStore, Write
from domain.errors import ContextlineError, OverloadedError, VersionConflictError
from domain.recorded import Event, Origin, Recorded, stream_id

ATTEMPTS = 100
"""How often a command without an expected version is decided anew when others write the same stream."""


class State(Protocol):
    """What the aggregates have in common."""

    @property
    def version(self) -> int:
        """Of the stream, at this state."""
        ...


S = TypeVar("S", bound=State)
Decide = Callable[[S | None, datetime], Sequence[Event]]
"""Events, or a refusal raised. It may be called again with a newer state."""


class Aggregates(Generic[S]):
    """The aggregates of one kind. States are kept after a command or a read, by stream, the newest used `capacity`.

    A kept state is never trusted by itself: an append names its version, a read compares it with the stream's head, and
    a refusal is decided again on what the log says, so that another process's writes are never overlooked.
    """

    def __init__(
        self,
        store: EventStore,
        clock: Clock,
        fold: Callable[[S | None, Iterable[Recorded[Event]]], S | None],
        capacity: int = 4096,
    ) -> None:
        self._store, self._clock, self._fold, self._capacity = store, clock, fold, capacity
        self._kept: OrderedDict[UUID, S] = OrderedDict()
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
            state = self._kept.get(stream)
            newest = False
            if state is None:
                state, newest = await self._refresh(tenant, stream), True
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
                self._keep(stream, after)
                return after, recorded
        raise OverloadedError(f"the change met {ATTEMPTS} others on its way and was not made; try again")

    async def _refresh(self, tenant: str, stream: UUID) -> S | None:
        version = await self._store.head(tenant, stream)
        state = self._kept.get(stream)
        if state is not None and state.version > version:
            # The log is shorter than what we know: the database was restored. What it says holds; what we know must not
            # come back when the log has grown to that version again.
            self._kept.pop(stream, None)
            state = None
        if version > (state.version if state else 0):
            after = state.version if state else 0
            state = self._fold(state, await self._store.read_stream(tenant, stream, after=after))
        if state is not None:
            self._keep(stream, state)
        return state

    def _keep(self, stream: UUID, state: S) -> None:
        known = self._kept.get(stream)
        if known is None or known.version <= state.version:
            self._kept[stream] = state
        self._kept.move_to_end(stream)
        while len(self._kept) > self._capacity:
            self._kept.popitem(last=False)
