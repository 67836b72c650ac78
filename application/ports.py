"""What the application needs from outside."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar, NamedTuple, Protocol, TypeVar
from uuid import UUID

from domain.recorded import Event, Origin, Recorded


class Write(NamedTuple):
    """Events for one stream, decided on its version `expected` (0 where it doesn't exist)."""

    stream_id: UUID
    stream_name: str
    expected: int
    events: Sequence[Event]


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

    def offer(self, tenant: str, stream_id: UUID, state: SnapshotState) -> None:
        """Have a state kept some time soon."""
        ...


class EventStore(Protocol):
    """The log, as commands and strongly consistent reads see it."""

    async def append(self, tenant: str, writes: Sequence[Write], origin: Origin) -> Sequence[Recorded[Event]]:
        """Append all or nothing; the events as they were recorded, durable.

        Raises:
            VersionConflictError: a stream's version is not the expected one.
            UnavailableError: the database is away, or too much waits.
        """
        ...

    async def head(self, tenant: str, stream_id: UUID) -> int:
        """A stream's version, 0 where it doesn't exist; sees everything that was acknowledged before the call."""
        ...

    async def read_stream(
        self, tenant: str, stream_id: UUID, *, after: int = 0, up_to: int | None = None
    ) -> Sequence[Recorded[Event]]:
        """A stream's events with versions above `after`, at most `up_to`, in order."""
        ...

    async def recorded_at(self, position: int) -> datetime | None:
        """The instant at which the last event up to a position was recorded; None where there is none."""
        ...

    async def end(self) -> int:
        """The log's last position, 0 where it is empty."""
        ...
