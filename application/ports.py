"""What the application needs from outside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import ClassVar, NamedTuple, Protocol, TypeVar
from uuid import UUID

from domain.erasure import Subject
from domain.recorded import Event, Origin, Recorded


class Write(NamedTuple):
    """Events for one stream, decided on its version `expected` (0 where it doesn't exist).

    They are encrypted with the key of `sealed_for` and of the stream; None: stored in the clear. `origin` is theirs
    where it is not that of the whole append.
    """

    stream_id: UUID
    stream_name: str
    expected: int
    events: Sequence[Event]
    sealed_for: Subject | None = None
    origin: Origin | None = None


class Done(NamedTuple):
    """How far somebody who follows the log has come, recorded with the events that came of it.

    Steps of one name only ever rise; what was recorded up to a step is never recorded again.
    """

    name: str
    step: int


class AlreadyDoneError(Exception):
    """That step, or a later one of its name, was recorded before. Nothing was written."""


class Trace(NamedTuple):
    """What the log tells of a version without its contents.

    `key_id` is empty where it is stored in the clear; `destroyed` are the keys (ids in hexadecimal) that an erasure
    names, None for every other event.
    """

    version: int
    position: int
    key_id: bytes
    destroyed: tuple[str, ...] | None


class PendingErasure(NamedTuple):
    """A stream whose keys were destroyed while its log may not tell it yet; `subject`: context, session or user."""

    tenant: str
    stream_name: str
    keys: tuple[str, ...]
    subject: str
    reason: str | None
    actor: str | None


class LeftInTheClear(NamedTuple):
    """What can't be erased: a context by key and namespace, a session, task or decision by id, a user's preferences.

    `kind` is the first part of the stream's name; `versions` are ranges, None for all.
    """

    kind: str
    name: str
    namespace: str = ""
    versions: Sequence[tuple[int, int]] | None = None


class Clock(Protocol):
    """Tells the instant, in UTC."""

    def __call__(self) -> datetime:
        """The instant."""
        ...


class SnapshotState(Protocol):
    """A state that can be kept as a snapshot."""

    SHAPE: ClassVar[int]

    @property
    def version(self) -> int:
        """Of the stream, at this state."""
        ...


S = TypeVar("S", bound=SnapshotState)


class Snapshots(Protocol):
    """A cache of states. Losing it costs time and nothing else."""

    async def newest(self, tenant: str, stream_id: UUID, kind: type[S]) -> S | None:
        """The newest usable state of a stream, if there is one."""
        ...

    def offer(self, tenant: str, stream_id: UUID, state: SnapshotState, size: int, key_id: bytes = b"") -> None:
        """Have a state kept some time soon, encrypted with the key of its last event if that has one.

        `size` is about how many bytes of memory it takes.
        """
        ...


class EventStore(Protocol):
    """The log, as commands and strongly consistent reads see it."""

    async def append(
        self, tenant: str, writes: Sequence[Write], origin: Origin, done: Done | None = None
    ) -> Sequence[Recorded[Event]]:
        """Append all or nothing; the events as they were recorded, durable.

        A stream may occur several times, each on the version that the one before leaves.

        Raises:
            VersionConflictError: a stream's version is not the expected one.
            AlreadyDoneError: that step, or a later one, was recorded before.
            EncryptionNotConfiguredError: they are to be encrypted, and there are no keys.
            UnavailableError: the database or the key store is away, or too much waits.
        """
        ...

    async def done(self, tenant: str, name: str) -> int:
        """The last step that was recorded under a name; 0 where none was."""
        ...

    async def head(self, tenant: str, stream_id: UUID) -> int:
        """A stream's version, 0 where it doesn't exist; sees everything that was acknowledged before the call."""
        ...

    async def read_stream(
        self, tenant: str, stream_id: UUID, *, after: int = 0, up_to: int | None = None
    ) -> Sequence[Recorded[Event]]:
        """A stream's events with versions above `after`, at most `up_to`, in order."""
        ...

    async def trail(self, tenant: str, stream_id: UUID) -> Sequence[Trace]:
        """Of each version of a stream, what can be told without its key."""
        ...

    async def recorded_at(self, position: int) -> datetime | None:
        """The instant at which the last event up to a position was recorded; None where there is none."""
        ...

    async def end(self) -> int:
        """The log's last position, 0 where it is empty."""
        ...


class Keys(Protocol):
    """The data keys, as erasing sees them. UnavailableError from any of these: the key store can't be used."""

    async def streams_of(self, tenant: str, *, session_id: str | None = None, user_id: str | None = None) -> list[str]:
        """The names of the streams that have a key of that session or user."""
        ...

    async def destroy(
        self, tenant: str, stream_names: Sequence[str], subject: str, reason: str | None, actor: str | None
    ) -> list[PendingErasure]:
        """Destroy all keys of these streams, for good and for every process.

        Gives those whose log is to tell it: with keys that were destroyed now, or before by a call that was cut short.
        """
        ...

    async def is_destroyed(self, key_id: bytes) -> bool:
        """Whether that key was destroyed; false also where it was never there."""
        ...

    async def pending(self) -> list[PendingErasure]:
        """The streams whose log may not tell yet that their keys were destroyed."""
        ...

    async def settled(self, erasures: Sequence[PendingErasure]) -> None:
        """The log tells these now."""
        ...


class Directory(Protocol):
    """Who has what, from a read model; each answer has everything that was acknowledged before it was asked for."""

    async def clear_of_session(self, tenant: str, session_id: str) -> list[LeftInTheClear]:
        """The contexts, tasks and decisions of a session, and the session itself, that are stored in the clear.

        Raises:
            ReadModelBehindError: the read model does not get there in time.
        """
        ...

    async def clear_of_user(self, tenant: str, user_id: str) -> list[LeftInTheClear]:
        """The same of a user, their sessions and what belongs to those; and their preferences."""
        ...

    async def sessions_of_user(self, tenant: str, user_id: str) -> list[str]:
        """The ids of a user's sessions, however they are stored."""
        ...


class KnownReads(NamedTuple):
    """How often one life of a context was read, and when last, as far as was recorded."""

    created_at: datetime
    reads: int
    last: datetime | None


class AccessTotals(Protocol):
    """How often contexts were read, from a read model that may lag."""

    async def totals(self, tenant: str, context_ids: Sequence[UUID]) -> tuple[int, Mapping[UUID, KnownReads]]:
        """The position up to which it knows, and what it knows of these; those that it doesn't have are missing.

        Raises:
            UnavailableError: the database is away.
        """
        ...


class Members(Protocol):
    """Who belongs to whom in one tenant, as a process that follows the log knows it."""

    async def page(
        self, owner: str, *, at: int | None = None, after: UUID = ..., limit: int = ...
    ) -> Sequence[tuple[UUID, str]]:
        """Ids and names of the streams that belong to an owner (named as its stream is), in the order of the ids.

        Those of now, or of just after the event at a position; with ids above `after`, at most `limit`.
        """
        ...


class SessionActivity(Protocol):
    """When sessions had their last command, from a read model that may lag.

    UnavailableError from any of these: the database is away, or the read model is behind.
    """

    async def last_active(self, tenant: str, session_id: str, *, newest: bool) -> datetime | None:
        """A session's last command; None where it knows of none.

        `newest`: with everything that was acknowledged before the call.
        """
        ...

    async def due(self, tenant: str, by: datetime, limit: int) -> Sequence[tuple[str, datetime]]:
        """Live sessions that have expired by an instant, at most `limit`: their ids and last commands.

        With everything that was acknowledged before the call.
        """
        ...
