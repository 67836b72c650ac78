"""Reading the log: streams, their heads, and the whole by position."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from domain.erasure import Erased
from domain.errors import DamagedEventError
from domain.recorded import Event, Recorded
from infrastructure.eventstore.dictionaries import StoredDictionaries
from infrastructure.eventstore.large_values import LargeValues
from infrastructure.eventstore.names import Numbered
from infrastructure.eventstore.pages import PAGE, Page, StoredRow, read_page, references
from infrastructure.payloads import encryption, header
from infrastructure.payloads.codec import Codec, decode_origin
from infrastructure.payloads.compression import UnknownDictionaryError
from infrastructure.payloads.encryption import ErasedError
from infrastructure.payloads.header import PayloadError
from infrastructure.payloads.large_values import NONE, Values
from infrastructure.postgres.arrays import Integers, Uuids
from infrastructure.postgres.database import Database
from infrastructure.sql import load

_HEADS = load(__file__, "heads")
_LOG_END = load(__file__, "log_end")
_RECORDED_AT = load(__file__, "recorded_at")
_READ_STREAM = load(__file__, "read_stream")
_READ_STREAM_BACKWARDS = load(__file__, "read_stream_backwards")
_READ_LOG = load(__file__, "read_log")

MAX_VERSION = 2**31 - 1
MOST_TURNS = 4
"""Turns of the event loop for which heads to look up are gathered."""


class LogReader:
    """Reads by statements of bounded size; every read sees all that was committed before it."""

    def __init__(self, database: Database, types: Numbered, codec: Codec | None = None) -> None:
        self._database, self._types, self._codec = database, types, codec or Codec()
        self._heads = _HeadBatches(database)
        self._large_values = LargeValues(database.fetch, self._codec)
        self._dictionaries = StoredDictionaries(database, self._codec.dictionaries)

    async def head(self, tenant_id: int, stream_id: UUID) -> int:
        """A stream's version, 0 where it doesn't exist. Callers at the same time share a statement."""
        return await self._heads.version(tenant_id, stream_id)

    async def end(self) -> int:
        """The last position, 0 where the log is empty."""
        rows = await self._database.fetch(_LOG_END)
        return int(rows[0][0]) if rows else 0

    async def recorded_at(self, position: int) -> datetime | None:
        """The instant at which the last event up to a position was recorded; None where there is none."""
        rows = await self._database.fetch(_RECORDED_AT, {"position": position})
        return rows[0][0] if rows else None

    async def stream(
        self, tenant_id: int, stream_id: UUID, *, after: int = 0, up_to: int | None = None
    ) -> list[Recorded[Event]]:
        """A stream's events above version `after`, at most `up_to`, in order."""
        events: list[Recorded[Event]] = []
        while True:
            page = await self._stream_page(_READ_STREAM, tenant_id, stream_id, after, up_to, PAGE)
            events += await self.decode(page.rows)
            if not page.more:
                return events
            after = page.rows[-1].version

    async def stream_rows(
        self,
        tenant_id: int,
        stream_id: UUID,
        *,
        after: int = 0,
        up_to: int | None = None,
        limit: int | None = None,
        descending: bool = False,
    ) -> list[StoredRow]:
        """The same as stored, in either direction."""
        statement = _READ_STREAM_BACKWARDS if descending else _READ_STREAM
        rows: list[StoredRow] = []
        while True:
            left = None if limit is None else limit - len(rows)
            page = await self._stream_page(statement, tenant_id, stream_id, after, up_to, left)
            rows += page.rows
            if not page.more or len(rows) == limit:
                return rows
            if descending:
                up_to = rows[-1].version - 1
            else:
                after = rows[-1].version

    async def _stream_page(
        self, statement: bytes, tenant_id: int, stream_id: UUID, after: int, up_to: int | None, limit: int | None
    ) -> Page:
        parameters = {
            "tenant_id": tenant_id,
            "stream_id": stream_id,
            "after": after,
            "up_to": MAX_VERSION if up_to is None else up_to,
            "limit": limit,
        }
        return await read_page(self._database, statement, parameters)

    async def log_rows(self, after: int, limit: int = PAGE) -> list[StoredRow]:
        """The log's rows above a position, in order, of all tenants: fewer than `limit` also where they are large."""
        return (await read_page(self._database, _READ_LOG, {"after": after, "limit": limit})).rows

    async def log(self, after: int, limit: int = PAGE) -> list[Recorded[Event]]:
        """The log's events above a position, in order, of all tenants; none only where there are none."""
        return await self.decode(await self.log_rows(after, limit))

    async def decode(self, rows: Sequence[StoredRow]) -> list[Recorded[Event]]:
        """Rows to events.

        Raises:
            DamagedEventError: a payload can't be decoded.
            UnknownEventError: a newer program wrote it.
        """
        names = {type_id: await self._types.name(type_id) for type_id in {row.type_id for row in rows}}
        referring = references(rows)
        values = await self._values(rows, referring) if referring else {}
        events = []
        for row in rows:
            name = names[row.type_id]
            where = f"stream {row.stream_id} version {row.version} (position {row.position})"
            try:
                event, key_id = self._event(name, row, where, values.get(row.tenant_id, NONE))
            except DamagedEventError as error:
                await self._fetch_dictionary(error, row.tenant_id, where)
                event, key_id = self._event(name, row, where, values.get(row.tenant_id, NONE))
            origin = decode_origin(row.origin)
            large = referring.get(row.position, ())
            events.append(
                Recorded(
                    event,
                    row.tenant_id,
                    row.stream_id,
                    row.version,
                    row.position,
                    row.recorded_at,
                    origin,
                    len(row.payload) + (values[row.tenant_id].size(large) if large else 0),
                    key_id,
                    large,
                )
            )
        return events

    async def _fetch_dictionary(self, error: DamagedEventError, tenant_id: int, where: str) -> None:
        """Have the dictionary at hand for want of which an event could not be decoded: it was trained since.

        Raises:
            DamagedEventError: the event itself is damaged, or the dictionary.
        """
        if not isinstance(error.__cause__, UnknownDictionaryError):
            raise error
        try:
            await self._dictionaries.fetch(tenant_id, error.__cause__.number)
        except PayloadError as damaged:
            raise DamagedEventError(f"{where}: {damaged}") from damaged

    async def _values(self, rows: Sequence[StoredRow], referring: dict[int, tuple[bytes, ...]]) -> dict[int, Values]:
        """The large values of some rows, by tenant."""
        found: dict[int, Values] = {}
        for tenant_id in {row.tenant_id for row in rows}:
            hashes = {
                digest: None for row in rows if row.tenant_id == tenant_id for digest in referring.get(row.position, ())
            }
            found[tenant_id] = await self._large_values.read(tenant_id, hashes)
        return found

    def _event(self, name: str, row: StoredRow, where: str, values: Values) -> tuple[Event, bytes]:
        """The event, or what stands for one whose key was destroyed; and the id of its key."""
        if not header.is_encrypted(row.payload):
            return self._codec.decode_event(name, row.payload, where, values=values), b""
        bound_to = encryption.place(encryption.EVENT, row.tenant_id, row.stream_id, row.version)
        try:
            event = self._codec.decode_event(name, row.payload, where, bound_to=bound_to, values=values)
        except ErasedError:
            event = Erased(name=name, stream_name=row.stream_name)
        return event, header.parse(row.payload).key_id


class _HeadBatches:
    """Looks heads up for many callers by one statement at a time.

    A caller's statement always begins after the call, so the answer is as fresh as if it had asked alone; under load
    one round trip serves all who came while the one before was on its way.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        # By the stream's number: a UUID's own hash is computed anew each time, in Python.
        self._waiting: dict[tuple[int, int], _Asked] = {}
        self._turns = 0
        self._task: asyncio.Task[None] | None = None

    async def version(self, tenant_id: int, stream_id: UUID) -> int:
        # Each caller has a future of its own: one that goes away must not cancel it for the others.
        future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        asked = self._waiting.get((tenant_id, stream_id.int))
        if asked is not None:
            asked.futures.append(future)
        else:
            self._waiting[tenant_id, stream_id.int] = _Asked(stream_id, [future])
            if self._task is None or self._task.done():
                self._task = asyncio.create_task(self._drain(), name="heads")
        return await future

    async def _drain(self) -> None:
        while self._waiting:
            # Under load a few turns of the loop bring more callers, who then share the round trip; a lone one waits for
            # no one.
            for _ in range(self._turns):
                await asyncio.sleep(0)
            # From here on a new call makes a new entry, and is served by the next statement.
            batch, self._waiting = self._waiting, {}
            self._turns = min(len(batch) - 1, MOST_TURNS)
            try:
                versions = await self._look_up(batch)
            except Exception as error:
                for future in _pending(batch):
                    future.set_exception(error)
                continue
            for key, asked in batch.items():
                version = versions.get(key, 0)
                for future in asked.futures:
                    if not future.done():
                        future.set_result(version)

    async def _look_up(self, batch: dict[tuple[int, int], _Asked]) -> dict[tuple[int, int], int]:
        tenant_ids = Integers([tenant_id for tenant_id, _ in batch])
        stream_ids = Uuids([asked.stream_id for asked in batch.values()])
        rows = await self._database.fetch(_HEADS, {"tenant_ids": tenant_ids, "stream_ids": stream_ids})
        return {(row[0], row[1].int): row[3] for row in rows}


class _Asked(NamedTuple):
    """A stream whose head is wanted, and by whom."""

    stream_id: UUID
    futures: list[asyncio.Future[int]]


def _pending(batch: dict[tuple[int, int], _Asked]) -> list[asyncio.Future[int]]:
    return [future for asked in batch.values() for future in asked.futures if not future.done()]
