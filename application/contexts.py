"""What can be done with contexts: commands, and the reads that are strongly consistent."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

from application.access import Access, Accesses
from application.aggregates import Aggregates, Decide
from application.cache import StateCache
from application.histories import Histories, Place
from application.ports import Clock, EventStore, Snapshots
from application.together import Member
from domain.contexts import context as aggregate
from domain.contexts.checkpoints import Checkpointing, named, with_due_checkpoint
from domain.contexts.commands import DeleteContext, RollBackContext, StoreContext, UpdateContext
from domain.contexts.context import Context, alive
from domain.contexts.events import ContextCreated
from domain.contexts.history import HistoryEntry
from domain.contexts.identity import check_identity, stream_name
from domain.contexts.ownership import session_of
from domain.contexts.patches import Operation, diff
from domain.contexts.sealing import sealed_for
from domain.errors import (
    ContextErasedError,
    ContextNotFoundError,
    InvalidInputError,
    PositionNotReachedError,
    VersionNotFoundError,
)
from domain.recorded import Event, Origin, Recorded, stream_id


class ContextRef(NamedTuple):
    """Names a context."""

    tenant: str
    namespace: str
    key: str


class Contexts:
    """The application's face for contexts."""

    def __init__(
        self,
        store: EventStore,
        snapshots: Snapshots,
        clock: Clock,
        cache: StateCache | None = None,
        accesses: Accesses | None = None,
        checkpointing: Checkpointing | None = None,
    ) -> None:
        """Without `accesses` reads are counted in memory alone."""
        rule = self.checkpointing = checkpointing or Checkpointing()
        self._store, self._clock = store, clock
        cache = cache or StateCache(clock)
        self._contexts: Aggregates[Context] = Aggregates(
            Context,
            store,
            snapshots,
            clock,
            aggregate.fold,
            sealed_for,
            cache,
            session_of,
            lambda state, events: with_due_checkpoint(state, events, rule),
        )
        self._histories = Histories(self._contexts)
        self._accesses = accesses or Accesses(store, cache)
        self._known_end = 0

    async def execute(
        self, ref: ContextRef, decide: Decide[Context], origin: Origin
    ) -> tuple[Context, Sequence[Recorded[Event]]]:
        """Carry out a command that another module decides; the context after it, and the events that came of it."""
        return await self._contexts.execute(ref.tenant, _stream_name(ref), decide, origin)

    def member(self, ref: ContextRef) -> Member:
        """A context as one of those that a command is about.

        Raises:
            InvalidInputError: key or namespace can't be one.
        """
        return Member(self._contexts, _stream_name(ref))

    async def load(self, ref: ContextRef) -> Context | None:
        """The newest state, also of one that is gone; None where nothing was ever stored. Not counted as a read."""
        return await self._contexts.load(ref.tenant, _stream_name(ref))

    async def events_since(self, ref: ContextRef, version: int) -> Sequence[Recorded[Event]]:
        """What happened to a context from a version on."""
        stream = stream_id(ref.tenant, _stream_name(ref))
        return await self._store.read_stream(ref.tenant, stream, after=version - 1)

    async def store(self, ref: ContextRef, command: StoreContext, origin: Origin) -> tuple[Context, bool]:
        """Store; the context and whether it is new."""
        name = _stream_name(ref)
        after, events = await self._contexts.execute(
            ref.tenant, name, lambda state, now: aggregate.store(state, command, now), origin
        )
        return after, isinstance(events[0].event, ContextCreated)

    async def update(self, ref: ContextRef, command: UpdateContext, origin: Origin) -> Context:
        """Change a part."""
        name = _stream_name(ref)
        after, _ = await self._contexts.execute(
            ref.tenant, name, lambda state, now: aggregate.update(state, command, now), origin
        )
        return after

    async def delete(self, ref: ContextRef, command: DeleteContext, origin: Origin) -> Context:
        """Delete; the history stays."""
        name = _stream_name(ref)
        after, _ = await self._contexts.execute(
            ref.tenant, name, lambda state, now: aggregate.delete(state, command, now), origin
        )
        return after

    async def roll_back(
        self, ref: ContextRef, to: int | str, command: RollBackContext, origin: Origin
    ) -> tuple[Context, int]:
        """Go back to a version, or to a checkpoint by its name; the context after it, and the version gone back to.

        Raises:
            VersionNotFoundError: there is no such version or checkpoint.
        """
        name = _stream_name(ref)
        current = alive(await self._contexts.load(ref.tenant, name), self._clock())
        if isinstance(to, str):
            to = named(current, to).version
        earlier = await self.at_version(ref, current, to)
        after, _ = await self._contexts.execute(
            ref.tenant, name, lambda state, now: aggregate.roll_back(state, command, earlier, now), origin
        )
        return after, to

    async def get(self, ref: ContextRef, min_position: int = 0) -> tuple[Context, Access]:
        """The context as it is now, read strongly consistent; the read is counted.

        Raises:
            ContextNotFoundError: there is none, or none any more.
            PositionNotReachedError: the log has not got `min_position`.
        """
        await self._check_position(min_position)
        now = self._clock()
        context = alive(await self._contexts.load(ref.tenant, _stream_name(ref)), now)
        return context, await self._accesses.count(ref.tenant, context, now)

    async def get_version(self, ref: ContextRef, version: int, min_position: int = 0) -> Context:
        """The context as it was at a version, also if it is gone by now.

        Raises:
            PositionNotReachedError: the log has not got `min_position`.
            ContextNotFoundError: nothing was ever stored under that key, or that version is a deletion.
            VersionNotFoundError: there is no such version yet.
            ContextErasedError: that version was erased.
        """
        await self._check_position(min_position)
        current = await self._ever(ref)
        context = await self.at_version(ref, current, version)
        if context.deleted:
            raise ContextNotFoundError(f"version {version} is a deletion")
        return context

    async def get_as_of(
        self, ref: ContextRef, instant: datetime | None, position: int | None, min_position: int = 0
    ) -> Context:
        """The context as it was at a past instant, or at a position of the log.

        Raises:
            InvalidInputError: the instant is in the future.
            PositionNotReachedError: the log has not got that position.
            VersionNotFoundError: it did not exist then.
            ContextNotFoundError: it was deleted or had expired then.
            ContextErasedError: what it was then was erased since.
        """
        if instant is not None and instant > self._clock():
            raise InvalidInputError.at("/asOf", "is in the future: nothing is known of it yet")
        await self._check_position(max(min_position, position or 0))
        if position is not None:
            # What is alive is told by instants: the one at which that position was recorded.
            instant = await self._store.recorded_at(position)
        current = await self._ever(ref)
        events = [
            recorded
            for recorded in await self._contexts.events(ref.tenant, _stream_name(ref))
            if (position is None or recorded.position <= position)
            and (instant is not None and recorded.recorded_at <= instant)
        ]
        context = aggregate.fold(None, events)
        if context is None or instant is None:
            raise VersionNotFoundError("it was first stored after that")
        refuse_erased(current, context.version)
        return alive(context, instant)

    async def history(
        self, ref: ContextRef, *, start: Place | None = None, limit: int = 100, newest_first: bool = False
    ) -> tuple[Sequence[HistoryEntry], Place | None]:
        """At most `limit` changes beyond `start`, and where the next page begins; None where there are no more.

        That of a context that was forked begins with its ancestors'.

        Raises:
            ContextNotFoundError: nothing was ever stored under that key.
            InvalidInputError: there is no such place.
        """
        current = await self._ever(ref)
        return await self._histories.page(ref.tenant, current, start=start, limit=limit, newest_first=newest_first)

    async def versions(self, ref: ContextRef) -> tuple[Sequence[Recorded[Event]], int]:
        """The events that made each version, and the version up to which contents were erased.

        Raises:
            ContextNotFoundError: nothing was ever stored under that key.
        """
        current = await self._ever(ref)
        return await self._contexts.events(ref.tenant, _stream_name(ref)), current.erased_through

    async def diff(self, ref: ContextRef, start: int, end: int) -> tuple[Context, Context, list[Operation]]:
        """Two versions, and the patch (RFC 6902) that turns the data of the first into the second's."""
        current = await self._ever(ref)
        one, other = await self.at_version(ref, current, start), await self.at_version(ref, current, end)
        return one, other, diff(one.data, other.data)

    async def at_version(self, ref: ContextRef, current: Context, version: int) -> Context:
        """The context as it was at a version; `current` is what it is now.

        Raises:
            VersionNotFoundError: there is no such version.
            ContextErasedError: it was erased.
        """
        if not 1 <= version <= current.version:
            raise VersionNotFoundError(f"there is no version {version}: they run from 1 to {current.version}")
        refuse_erased(current, version)
        if version == current.version:
            return current
        events = await self._contexts.events(ref.tenant, _stream_name(ref), up_to=version)
        context = aggregate.fold(None, events)
        assert context is not None, "versions run from 1"
        return context

    async def _ever(self, ref: ContextRef) -> Context:
        context = await self._contexts.load(ref.tenant, _stream_name(ref))
        if context is None:
            raise ContextNotFoundError("nothing was ever stored under that key")
        return context

    async def _check_position(self, position: int) -> None:
        if position > self._known_end:
            self._known_end = await self._store.end()
            if position > self._known_end:
                raise PositionNotReachedError(position, self._known_end)


def refuse_erased(current: Context | None, version: int) -> None:
    """Refuse versions up to the last erasure.

    Raises:
        ContextErasedError: it is one.
    """
    if current is not None and version <= current.erased_through:
        raise ContextErasedError(
            f"the context was erased at version {current.erased_through}: nothing up to there can be read"
        )


@lru_cache(maxsize=2048)
def _stream_name(ref: ContextRef) -> str:
    check_identity(ref.namespace, ref.key)
    return stream_name(ref.namespace, ref.key)
