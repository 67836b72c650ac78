"""The event store: one log, with the faces that the application and the library's recorder need."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from datetime import datetime
from typing import Self
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

        `heard` is told of each append: the tenant, where it came from and when it was recorded.
        """
        self.database = Database(url, API, pool_min=pool_min, pool_max=pool_max)
        self.tenants: Numbered = tenants(self.database)
        self.types: Numbered = event_types(self.database)
        self._type_ids: dict[type[Event], int] = {}
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
        codec, type_ids, origin_bytes = self._codec, self._type_ids, encode_origin(origin)
        streams: list[StreamAppend] = []
        key_ids: list[bytes] = []
        # What it costs to read each event again, and the large values that it refers to.
        sizes: list[int] = []
        references: list[tuple[bytes, ...]] = []
        pieces: list[Piece] = []
        for write in writes:
            key = await self._key(tenant, write.stream_name, write.sealed_for) if write.sealed_for else None
            key_ids.append(key.id if key else b"")
            events: list[NewEvent] = []
            for version, event in enumerate(write.events, write.expected + 1):
                type_id = type_ids.get(type(event)) or await self._type_id(event)
                seal = key and Seal(*key, encryption.place(encryption.EVENT, tenant_id, write.stream_id, version))
                body, compress = encode(event), getattr(event, "compress", True)
                if len(body) > codec.large_above:
                    large = codec.close_large(body, compress=compress, tenant_id=tenant_id, seal=seal)
                    # The body is of no use any more.
                    del body
                    packed = await large
                    payload = packed.payload
                    pieces += packed.pieces
                    sizes.append(packed.size)
                    references.append(packed.references)
                else:
                    payload = codec.close(body, compress=compress, tenant_id=tenant_id, seal=seal)
                    sizes.append(len(payload))
                    references.append(())
                events.append(NewEvent(type_id, origin_bytes, payload))
            streams.append(StreamAppend(write.stream_id, write.stream_name, write.expected, events))
        request = AppendRequest(tenant_id, streams, Tracking(*done) if done else None, pieces)
        try:
            appended = await (self._append_large(request) if pieces else self.writer.append(request))
        except TrackingConflictError as error:
            raise AlreadyDoneError(str(error)) from error
        self._heard(tenant, origin, appended.recorded_at)
        recorded: list[Recorded[Event]] = []
        for write, key_id in zip(writes, key_ids, strict=True):
            # Erased while it was on its way: nobody can read it, and this process must not go on with what it knows.
            erased = bool(key_id) and self._keys is not None and self._keys.is_erased(key_id)
            for version, event in enumerate(write.events, write.expected + 1):
                number = len(recorded)
                recorded.append(
                    Recorded(
                        Erased(name=event_name(event), stream_name=write.stream_name) if erased else event,
                        tenant_id,
                        write.stream_id,
                        version,
                        appended.first + number,
                        appended.recorded_at,
                        origin,
                        sizes[number],
                        key_id,
                        references[number],
                    )
                )
        return recorded

    async def _type_id(self, event: Event) -> int:
        number = self._type_ids[type(event)] = await self.types.number(event_name(event))
        return number

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
