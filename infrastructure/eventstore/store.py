"""The event store: one log, with the faces that the application and the library's recorder need."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from datetime import datetime
from typing import Self
from uuid import UUID

from application.ports import Write
from domain.recorded import Event, Origin, Recorded
from infrastructure.eventstore.group_commit import GroupCommit, Limits
from infrastructure.eventstore.names import Numbered, event_types, tenants
from infrastructure.eventstore.read import LogReader
from infrastructure.eventstore.requests import Appended, AppendRequest, NewEvent, StreamAppend
from infrastructure.payloads.codec import Codec, encode_origin, event_name
from infrastructure.postgres.connections import API, connect
from infrastructure.postgres.database import Database


class PostgresEventStore:
    """Implements `application.ports.EventStore`. Use as an asynchronous context manager."""

    def __init__(
        self,
        url: str,
        clock: Callable[[], datetime],
        *,
        pool_min: int = 2,
        pool_max: int = 20,
        limits: Limits | None = None,
        codec: Codec | None = None,
    ) -> None:
        self.database = Database(url, API, pool_min=pool_min, pool_max=pool_max)
        self.tenants: Numbered = tenants(self.database)
        self.types: Numbered = event_types(self.database)
        self._codec = codec or Codec()
        self.reader = LogReader(self.database, self.types, self._codec)
        self.writer = GroupCommit(lambda: connect(url, API), clock, limits)
        self._open = AsyncExitStack()

    async def __aenter__(self) -> Self:
        await self._open.enter_async_context(self.database)
        await self.writer.start()
        self._open.push_async_callback(self.writer.stop)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._open.aclose()

    async def append(self, tenant: str, writes: Sequence[Write], origin: Origin) -> Sequence[Recorded[Event]]:
        """Append all or nothing; the events as they were recorded."""
        tenant_id = self.tenants.remembered(tenant) or await self.tenants.number(tenant)
        origin_bytes = encode_origin(origin)
        streams = []
        for write in writes:
            events = []
            for event in write.events:
                name = event_name(event)
                type_id = self.types.remembered(name) or await self.types.number(name)
                events.append(NewEvent(type_id, origin_bytes, self._codec.encode_event(event)))
            streams.append(StreamAppend(write.stream_id, write.stream_name, write.expected, events))
        appended = await self.append_raw(AppendRequest(tenant_id, streams))
        recorded: list[Recorded[Event]] = []
        for write, stream in zip(writes, streams, strict=True):
            for offset, (event, new) in enumerate(zip(write.events, stream.events, strict=True)):
                recorded.append(
                    Recorded(
                        event,
                        tenant_id,
                        write.stream_id,
                        write.expected + 1 + offset,
                        appended.first + len(recorded),
                        appended.recorded_at,
                        origin,
                        len(new.payload),
                    )
                )
        return recorded

    async def append_raw(self, request: AppendRequest) -> Appended:
        """Append events that are bytes already."""
        return await self.writer.append(request)

    async def head(self, tenant: str, stream_id: UUID) -> int:
        """A stream's version, 0 where it doesn't exist."""
        tenant_id = self.tenants.remembered(tenant) or await self.tenants.number(tenant)
        return await self.reader.head(tenant_id, stream_id)

    async def read_stream(
        self, tenant: str, stream_id: UUID, *, after: int = 0, up_to: int | None = None
    ) -> Sequence[Recorded[Event]]:
        """A stream's events with versions above `after`, at most `up_to`."""
        return await self.reader.stream(await self.tenants.number(tenant), stream_id, after=after, up_to=up_to)

    async def recorded_at(self, position: int) -> datetime | None:
        """The instant at which the last event up to a position was recorded."""
        return await self.reader.recorded_at(position)

    async def end(self) -> int:
        """The log's last position."""
        return await self.reader.end()

    async def type_id(self, name: str) -> int:
        """The number of an event name."""
        return await self.types.number(name)
