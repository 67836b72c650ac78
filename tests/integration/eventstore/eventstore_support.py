"""What the event store's tests share: appends that are short to write, and the log as a reader sees it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import psycopg
from psycopg import AsyncConnection
from psycopg.pq import ExecStatus, Format

from domain.recorded import Event, Recorded, stream_id
from domain.sessions.events import SessionCompleted
from infrastructure.eventstore.append import APPEND, Batch
from infrastructure.eventstore.append import __file__ as eventstore_append
from infrastructure.eventstore.read import LogReader
from infrastructure.eventstore.requests import AppendRequest, NewEvent, StreamAppend
from infrastructure.eventstore.store import PostgresEventStore
from infrastructure.payloads.codec import Codec
from infrastructure.postgres.connections import API, connect
from infrastructure.sql import load
from tests.fixtures.clock import MovableClock
from tests.fixtures.waiting import eventually

TENANT = "default"
_WAITING = """
SELECT pid FROM pg_stat_activity
WHERE wait_event_type = 'Lock' AND wait_event = 'advisory' AND datname = current_database()
"""


def sid(name: str) -> UUID:
    return stream_id(TENANT, name)


def happened(what: str) -> SessionCompleted:
    """An event that can be told from others."""
    return SessionCompleted(reason=what)


def story(events: list[Recorded[Any]]) -> list[str]:
    """What happened, in the log's words."""
    return [recorded.event.reason for recorded in events]


class Requests:
    """Makes requests of bytes, as the writer takes them."""

    def __init__(self, type_id: int) -> None:
        self._type_id, self._codec = type_id, Codec()

    @classmethod
    async def of(cls, store: PostgresEventStore) -> "Requests":
        return cls(await store.type_id("session-completed"))

    def new(self, what: str) -> NewEvent:
        return NewEvent(self._type_id, b"", self._codec.encode_event(happened(what)))

    def stream(self, name: str, expected: int, *what: str) -> StreamAppend:
        return StreamAppend(sid(name), name, expected, [self.new(one) for one in what])

    def __call__(self, name: str, expected: int, *what: str) -> AppendRequest:
        return AppendRequest(1, [self.stream(name, expected, *what)])


class Taken(NamedTuple):
    """The positions that an append was given: those after `before`, up to `last`."""

    before: int
    last: int


class Writer:
    """One process's way into the log, step by step."""

    def __init__(self, connection: AsyncConnection[Any], clock: MovableClock) -> None:
        self.connection, self.clock = connection, clock
        self._id, self._number, self._taken = uuid4(), 0, Taken(0, 0)

    async def open(self) -> None:
        parameters = {"writer_id": self._id, "now": self.clock()}
        await self.connection.execute(load(eventstore_append, "open_writer"), parameters)
        await self.connection.commit()
        prepared = self.connection.pgconn.prepare(*APPEND)
        assert prepared.status == ExecStatus.COMMAND_OK, prepared.error_message

    async def take_the_lock(self, request: AppendRequest) -> Taken:
        """Up to where positions are given; nothing is committed."""
        await self.connection.execute(b"SELECT 1")  # begins the transaction
        self._number += 1
        batch = Batch()
        assert batch.add(request)
        (statement,) = batch.statements(self._id.bytes, 1, self._number, self.clock())
        binary = [Format.BINARY] * len(statement.parameters)
        # In a thread: it may wait for another connection of this process.
        result = await asyncio.to_thread(
            self.connection.pgconn.exec_prepared, statement.name, statement.parameters, binary, Format.BINARY
        )
        if result.status != ExecStatus.TUPLES_OK:
            raise psycopg.errors.error_from_result(result)
        (appended,) = batch.appended([result])
        self._taken = Taken(appended.first - 1, appended.last)
        return self._taken

    async def commit(self) -> Taken:
        await self.connection.commit()
        return self._taken

    async def roll_back(self) -> None:
        await self.connection.rollback()

    async def append(self, request: AppendRequest) -> Taken:
        await self.take_the_lock(request)
        return await self.commit()


@asynccontextmanager
async def writer(url: str, clock: MovableClock) -> AsyncIterator[Writer]:
    connection = await connect(url, API)
    try:
        made = Writer(connection, clock)
        await made.open()
        yield made
    finally:
        await connection.close()


@asynccontextmanager
async def onlooker(url: str) -> AsyncIterator[AsyncConnection[Any]]:
    """The owner's own connection, to look on and to interfere."""
    connection = await connect(url, autocommit=True)
    try:
        yield connection
    finally:
        await connection.close()


async def value(connection: AsyncConnection[Any], query: bytes, *parameters: object) -> Any:
    row = await (await connection.execute(query, parameters or None)).fetchone()
    return row[0] if row else None


async def waits_for_the_lock(look: AsyncConnection[Any], how_many: int = 1) -> list[int]:
    """Until so many connections stand in the queue for the append lock; their processes."""

    async def waiting() -> list[int]:
        pids = [row[0] for row in await (await look.execute(_WAITING.encode())).fetchall()]
        return pids if len(pids) >= how_many else []

    return await eventually(waiting)


@asynccontextmanager
async def lock_held(url: str) -> AsyncIterator[AsyncConnection[Any]]:
    """Someone else has the append lock for as long as this lasts; a connection to look on by."""
    async with onlooker(url) as look:
        await look.execute(b"SELECT pg_advisory_lock(28003034857104997)")
        yield look
        await look.execute(b"SELECT pg_advisory_unlock(28003034857104997)")


class Tail:
    """A reader that goes on from the position that it has seen."""

    def __init__(self, reader: LogReader) -> None:
        self._reader = reader
        self.seen: list[Recorded[Event]] = []

    @property
    def position(self) -> int:
        return self.seen[-1].position if self.seen else 0

    async def read(self) -> list[str]:
        """What is new."""
        new = await self._reader.log(self.position)
        self.seen += new
        return story(new)

    def positions(self) -> list[int]:
        return [recorded.position for recorded in self.seen]
