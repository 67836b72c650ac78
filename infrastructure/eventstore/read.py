"""Reading the log: streams, their heads, and the whole by position."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from domain.recorded import Event, Recorded
from infrastructure.eventstore.names import Numbered
from infrastructure.payloads.codec import Codec, decode_origin
from infrastructure.postgres.arrays import Integers, Uuids
from infrastructure.postgres.database import Database
from infrastructure.sql import load

_HEADS = load(__file__, "heads")
_LOG_END = load(__file__, "log_end")
_RECORDED_AT = load(__file__, "recorded_at")
_READ_STREAM = load(__file__, "read_stream")
_READ_STREAM_BACKWARDS = load(__file__, "read_stream_backwards")
_READ_LOG = load(__file__, "read_log")

PAGE = 1_000
"""Events that one statement reads."""
MAX_VERSION = 2**31 - 1
MOST_TURNS = 4
"""Turns of the event loop for which heads to look up are gathered."""


class StoredRow(NamedTuple):
    """A row of the log, not yet decoded."""

    position: int
    recorded_at: datetime
    tenant_id: int
    stream_id: UUID
    version: int
    type_id: int
    origin: bytes
    payload: bytes
    stream_name: str


class LogReader:
    """Reads by statements of bounded size; every read sees all that was committed before it."""

    def __init__(self, database: Database, types: Numbered, codec: Codec | None = None) -> None:
        self._database, self._types, self._codec = database, types, codec or Codec()
        self._heads = _HeadBatches(database)

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
            rows = await self.stream_rows(tenant_id, stream_id, after=after, up_to=up_to, limit=PAGE)
            events += await self.decode(rows)
            if len(rows) < PAGE:
                return events
            after = rows[-1].version

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
        parameters = {
            "tenant_id": tenant_id,
            "stream_id": stream_id,
            "after": after,
            "up_to": MAX_VERSION if up_to is None else up_to,
            "limit": limit,
        }
        return [StoredRow(*row) for row in await self._database.fetch(statement, parameters)]

    async def log_rows(self, after: int, limit: int = PAGE) -> list[StoredRow]:
        """The log's rows above a position, in order, of all tenants."""
        return [StoredRow(*row) for row in await self._database.fetch(_READ_LOG, {"after": after, "limit": limit})]

    async def log(self, after: int, limit: int = PAGE) -> list[Recorded[Event]]:
        """The log's events above a position, in order, of all tenants."""
        return await self.decode(await self.log_rows(after, limit))

    async def decode(self, rows: Sequence[StoredRow]) -> list[Recorded[Event]]:
        """Rows to events.

        Raises:
            DamagedEventError: a payload can't be decoded.
            UnknownEventError: a newer program wrote it.
        """
        names = {type_id: await self._types.name(type_id) for type_id in {row.type_id for row in rows}}
        events = []
        for row in rows:
            name = names[row.type_id]
            where = f"stream {row.stream_id} version {row.version} (position {row.position})"
            event = self._codec.decode_event(name, row.payload, where)
            origin = decode_origin(row.origin)
            events.append(
                Recorded(
                    event,
                    row.tenant_id,
                    row.stream_id,
                    row.version,
                    row.position,
                    row.recorded_at,
                    origin,
                    len(row.payload),
                )
            )
        return events


class _HeadBatches:
    """Looks heads up for many callers by one statement at a time.

    A caller's statement always begins after the call, so the answer is as fresh as if it had asked alone; under load
    one round trip serves all who came while the one before was on its way.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: dict[tuple[int, UUID], asyncio.Future[int]] = {}
        self._turns = 0
        self._task: asyncio.Task[None] | None = None

    async def version(self, tenant_id: int, stream_id: UUID) -> int:
        key = (tenant_id, stream_id)
        future = self._waiting.get(key)
        if future is None:
            future = self._waiting[key] = asyncio.get_running_loop().create_future()
            if self._task is None or self._task.done():
                self._task = asyncio.create_task(self._drain(), name="heads")
        # Several callers may share the future: one that goes away must not cancel it for the others.
        return await asyncio.shield(future)

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
                versions = await self._look_up(list(batch))
            except Exception as error:
                for future in batch.values():
                    if not future.done():
                        future.set_exception(error)
                continue
            for key, future in batch.items():
                if not future.done():
                    future.set_result(versions.get(key, 0))

    async def _look_up(self, keys: list[tuple[int, UUID]]) -> dict[tuple[int, UUID], int]:
        wanted = {"tenant_ids": Integers([key[0] for key in keys]), "stream_ids": Uuids([key[1] for key in keys])}
        return {(row[0], row[1]): row[3] for row in await self._database.fetch(_HEADS, wanted)}
