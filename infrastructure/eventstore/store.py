"""The event store: one log, with the faces that the application and the library's recorder need."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from datetime import datetime
from typing import NamedTuple, Self
from uuid import UUID

import msgspec
import psycopg

from application.ports import AlreadyDoneError, Done, Trace, Write
from domain.erasure import Erased, Subject
from domain.errors import EncryptionNotConfiguredError
from domain.recorded import Event, Origin, Recorded
from infrastructure.eventstore.group_commit import GroupCommit, Limits
from infrastructure.eventstore.large_values import GONE, LargeValues
from infrastructure.eventstore.names import Numbered, event_types, tenants
from infrastructure.eventstore.read import LogReader
from infrastructure.eventstore.requests import (
    Appended,
    AppendRequest,
    NewEvent,
    StreamAppend,
    Tracking,
    TrackingConflictError,
)
from infrastructure.eventstore.trail import read_trail
from infrastructure.keys.ring import KeyRing
from infrastructure.keys.store import DataKey, Owner
from infrastructure.payloads import encryption
from infrastructure.payloads.codec import Codec, encode, encode_origin, event_name
from infrastructure.payloads.encryption import Seal
from infrastructure.payloads.pieces import Piece
from infrastructure.postgres.connections import API, connect
from infrastructure.postgres.database import Database
from infrastructure.sql import load

_MAX_TRACKING = load(__file__, "max_tracking")


class _Kind(NamedTuple):
    """The number of an event's name, and whether its events say for themselves if they are compressed."""

    id: int
    says_compress: bool


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
        keys: KeyRing | None = None,
        heard: Callable[[str, Origin, datetime], None] = lambda tenant, origin, at: None,
    ) -> None:
        """`keys` are those that the codec reads with; without them nothing can be encrypted.

        `heard` is told of what was appended to each stream: the tenant, where it came from and when it was recorded.
        """
        self.database = Database(url, API, pool_min=pool_min, pool_max=pool_max)
        self.tenants: Numbered = tenants(self.database)
        self.types: Numbered = event_types(self.database)
        self._kinds: dict[type[Event], _Kind] = {}
        self._codec, self._keys, self._heard = codec or Codec(), keys, heard
        self.large_values = LargeValues(self.database.fetch, self._codec)
        self.reader = LogReader(self.database, self.types, self._codec)
        self.writer = GroupCommit(lambda: connect(url, API), clock, limits)
        # With a connection of its own, made when it is needed: small appends don't wait behind megabytes.
        self._large_writer = GroupCommit(lambda: connect(url, API), clock, limits)
        self._open = AsyncExitStack()

    async def __aenter__(self) -> Self:
        await self._open.enter_async_context(self.database)
        for writer in (self.writer, self._large_writer):
            await writer.start()
            self._open.push_async_callback(writer.stop)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._open.aclose()

    async def append(
        self, tenant: str, writes: Sequence[Write], origin: Origin, done: Done | None = None
    ) -> Sequence[Recorded[Event]]:
        """Append all or nothing; the events as they were recorded."""
        tenant_id = self.tenants.remembered(tenant) or await self.tenants.number(tenant)
        common = encode_origin(origin)
        streams: list[StreamAppend] = []
        key_ids: list[bytes] = []
        pieces: list[Piece] = []
        for write in writes:
            key = await self._key(tenant, write.stream_name, write.sealed_for) if write.sealed_for else None
            key_ids.append(key.id if key else b"")
            origin_bytes = encode_origin(write.origin) if write.origin else common
            events: list[NewEvent] = []
            version = write.expected
            for event in write.events:
                version += 1
                kind = self._kinds.get(type(event)) or await self._kind(event)
                seal = key and Seal(*key, encryption.place(encryption.EVENT, tenant_id, write.stream_id, version))
                body, compress = encode(event), not kind.says_compress or event.compress  # type: ignore[attr-defined]
                if len(body) <= self._codec.large_above:
                    payload = self._codec.close(body, compress=compress, tenant_id=tenant_id, seal=seal)
                    events.append(NewEvent(kind.id, origin_bytes, payload))
                else:
                    large = self._codec.close_large(body, compress=compress, tenant_id=tenant_id, seal=seal)
                    # The body is of no use any more.
                    del body
                    packed = await large
                    pieces += packed.pieces
                    beside = packed.size - len(packed.payload)
                    events.append(NewEvent(kind.id, origin_bytes, packed.payload, packed.references, beside))
            streams.append(StreamAppend(write.stream_id, write.stream_name, write.expected, events))
        request = AppendRequest(tenant_id, streams, Tracking(*done) if done else None, pieces)
        try:
            appended = await (self._append_large(request) if pieces else self.writer.append(request))
        except TrackingConflictError as error:
            raise AlreadyDoneError(str(error)) from error
        for write in writes:
            if write.events:
                self._heard(tenant, write.origin or origin, appended.recorded_at)
        recorded: list[Recorded[Event]] = []
        position = appended.first
        for write, stream, key_id in zip(writes, streams, key_ids, strict=True):
            # Erased while it was on its way: nobody can read it, and this process must not go on with what it knows.
            erased = bool(key_id) and self._keys is not None and self._keys.is_erased(key_id)
            version = write.expected
            for event, new in zip(write.events, stream.events, strict=True):
                version += 1
                recorded.append(
                    Recorded(
                        Erased(name=event_name(event), stream_name=write.stream_name) if erased else event,
                        tenant_id,
                        write.stream_id,
                        version,
                        position,
                        appended.recorded_at,
                        write.origin or origin,
                        len(new.payload) + new.beside,
                        key_id,
                        new.references,
                    )
                )
                position += 1
        return recorded

    async def _kind(self, event: Event) -> _Kind:
        kind = type(event)
        number = await self.types.number(event_name(event))
        self._kinds[kind] = _Kind(number, "compress" in kind.__struct_fields__)
        return self._kinds[kind]

    async def _append_large(self, request: AppendRequest) -> Appended:
        """Send along what is not kept yet."""
        pieces = request.large_values
        known = await self.large_values.known(request.tenant_id, [piece.hash for piece in pieces])
        new = [piece._replace(payload=None) if piece.hash in known else piece for piece in pieces]
        try:
            return await self._large_writer.append(msgspec.structs.replace(request, large_values=new))
        except psycopg.Error as error:
            if error.sqlstate != GONE:
                raise
            # Collected since it was looked for; nothing was written.
            return await self._large_writer.append(request)

    async def append_raw(self, request: AppendRequest) -> Appended:
        """Append events that are bytes already."""
        return await self.writer.append(request)

    async def done(self, tenant: str, name: str) -> int:
        """The last step that was recorded under a name, 0 where none was."""
        parameters = {"tenant_id": await self.tenants.number(tenant), "application_name": name}
        rows = await self.database.fetch(_MAX_TRACKING, parameters)
        return int(rows[0][0]) if rows else 0

    async def head(self, tenant: str, stream_id: UUID) -> int:
        """A stream's version, 0 where it doesn't exist."""
        tenant_id = self.tenants.remembered(tenant) or await self.tenants.number(tenant)
        return await self.reader.head(tenant_id, stream_id)

    async def read_stream(
        self, tenant: str, stream_id: UUID, *, after: int = 0, up_to: int | None = None
    ) -> Sequence[Recorded[Event]]:
        """A stream's events with versions above `after`, at most `up_to`."""
        return await self.reader.stream(await self.tenants.number(tenant), stream_id, after=after, up_to=up_to)

    async def trail(self, tenant: str, stream_id: UUID) -> Sequence[Trace]:
        """Of each version of a stream, what can be told without its key."""
        return await read_trail(self.reader, self.types, await self.tenants.number(tenant), stream_id)

    async def recorded_at(self, position: int) -> datetime | None:
        """The instant at which the last event up to a position was recorded."""
        return await self.reader.recorded_at(position)

    async def end(self) -> int:
        """The log's last position."""
        return await self.reader.end()

    async def type_id(self, name: str) -> int:
        """The number of an event name."""
        return await self.types.number(name)

    async def _key(self, tenant: str, stream_name: str, subject: Subject) -> DataKey:
        if self._keys is None:
            raise EncryptionNotConfiguredError(
                "encryption is not configured: set CONTEXTLINE_MASTER_KEY or CONTEXTLINE_MASTER_KEY_FILE for every "
                "process of the server; nothing was stored"
            )
        return await self._keys.key_for(Owner(tenant, stream_name, subject.session_id, subject.user_id))
