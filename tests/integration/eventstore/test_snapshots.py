"""Snapshots: a load through one equals a full replay; without them, or with bad ones, only time changes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from uuid import UUID

import psycopg
import pytest

from application.aggregates import SNAPSHOT_BYTES, SNAPSHOT_EVENTS
from application.contexts import ContextRef, Contexts
from application.ports import Write
from domain.contexts.commands import StoreContext, UpdateContext
from domain.contexts.context import Context
from domain.contexts.events import Attributes
from domain.contexts.identity import stream_name
from domain.recorded import Event, Origin, Recorded, stream_id
from infrastructure.eventstore.snapshots import PostgresSnapshots
from infrastructure.eventstore.store import PostgresEventStore
from tests.fixtures.waiting import eventually

REF = ContextRef("default", "", "log")
STREAM = stream_id("default", stream_name("", "log"))


def now() -> datetime:
    return datetime.now(UTC)


class CountingStore:
    """The store, noting how many events were read for each load."""

    def __init__(self, store: PostgresEventStore) -> None:
        self.store, self.read = store, 0

    async def append(self, tenant: str, writes: Sequence[Write], origin: Origin) -> Sequence[Recorded[Event]]:
        return await self.store.append(tenant, writes, origin)

    async def head(self, tenant: str, stream: UUID) -> int:
        return await self.store.head(tenant, stream)

    async def end(self) -> int:
        return await self.store.end()

    async def read_stream(
        self, tenant: str, stream: UUID, *, after: int = 0, up_to: int | None = None
    ) -> Sequence[Recorded[Event]]:
        events = await self.store.read_stream(tenant, stream, after=after, up_to=up_to)
        self.read += len(events)
        return events


@pytest.fixture
async def snapshots(store: PostgresEventStore) -> AsyncIterator[PostgresSnapshots]:
    async with PostgresSnapshots(store.database, store.tenants) as snapshots:
        yield snapshots


async def grow(contexts: Contexts, count: int) -> None:
    await contexts.store(REF, StoreContext(namespace="", key="log", data=[], attributes=Attributes()), Origin())
    for number in range(count - 1):
        await contexts.update(REF, UpdateContext(data=[number], change_type="append"), Origin())


async def kept_version(database_url: str) -> int:
    async with await psycopg.AsyncConnection.connect(database_url) as connection:
        cursor = await connection.execute("SELECT version FROM contextline.snapshots WHERE stream_id = %s", (STREAM,))
        row = await cursor.fetchone()
        return row[0] if row else 0


async def open_cold(store: PostgresEventStore, snapshots: PostgresSnapshots) -> tuple[Context, int]:
    """The context as a process that knows nothing sees it, and how many events it had to read."""
    counting = CountingStore(store)
    context, _ = await Contexts(counting, snapshots, now).get(REF)
    return context, counting.read


async def test_a_long_stream_is_opened_from_its_snapshot(
    store: PostgresEventStore, snapshots: PostgresSnapshots, database_url: str
) -> None:
    await grow(Contexts(store, snapshots, now), SNAPSHOT_EVENTS + 7)
    await eventually(lambda: kept_is(database_url, SNAPSHOT_EVENTS))

    through_snapshot, read = await open_cold(store, snapshots)

    assert read == 7
    assert through_snapshot.data == list(range(SNAPSHOT_EVENTS + 6))
    await forget(database_url)
    replayed, read = await open_cold(store, snapshots)
    assert read == SNAPSHOT_EVENTS + 7
    assert replayed == through_snapshot


async def test_few_but_large_events_are_enough_for_one(
    store: PostgresEventStore, snapshots: PostgresSnapshots, database_url: str
) -> None:
    contexts = Contexts(store, snapshots, now)
    text = "".join(chr(0x4E00 + number % 20_000) for number in range(SNAPSHOT_BYTES // 3 + 100))
    command = StoreContext(namespace="", key="log", data=text, attributes=Attributes(), compress=False)
    await contexts.store(REF, command, Origin())
    await eventually(lambda: kept_is(database_url, 1))


@pytest.mark.parametrize(
    "damage",
    [
        "payload = '\\x10'",
        "payload = set_bit(payload, 83, 1 - get_bit(payload, 83))",
        "shape = 99",
        "version = 1000",
        "payload = substr(payload, 1, 20)",
    ],
)
async def test_a_damaged_or_outdated_one_is_ignored_and_replaced(
    store: PostgresEventStore, snapshots: PostgresSnapshots, database_url: str, damage: str
) -> None:
    await grow(Contexts(store, snapshots, now), SNAPSHOT_EVENTS + 1)
    await eventually(lambda: kept_is(database_url, SNAPSHOT_EVENTS))
    good, _ = await open_cold(store, snapshots)
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as connection:
        await connection.execute(f"UPDATE contextline.snapshots SET {damage}")

    opened, read = await open_cold(store, snapshots)

    assert read == SNAPSHOT_EVENTS + 1
    assert opened == good
    await eventually(lambda: kept_is(database_url, SNAPSHOT_EVENTS + 1))
    _, read = await open_cold(store, snapshots)
    assert read == 0


async def test_of_more_than_can_wait_the_oldest_is_not_kept(store: PostgresEventStore, database_url: str) -> None:
    contexts = Contexts(store, PostgresSnapshots(store.database, store.tenants), now)
    await grow(contexts, 1)
    state, _ = await contexts.get(REF)
    others = [stream_id("default", f"context\n\n{number}") for number in range(3)]
    waiting = PostgresSnapshots(store.database, store.tenants, waiting=1_000)
    for stream, size in zip([*others, STREAM], (400, 400, 500, 5_000), strict=True):
        waiting.offer("default", stream, state, size)
    async with waiting:
        await eventually(lambda: kept_is(database_url, 1))
    assert [await waiting.newest("default", stream, Context) for stream in others] == [None] * 3


async def test_one_that_is_offered_again_waits_once(store: PostgresEventStore, database_url: str) -> None:
    contexts = Contexts(store, PostgresSnapshots(store.database, store.tenants), now)
    await grow(contexts, 1)
    state, _ = await contexts.get(REF)
    other = stream_id("default", "context\n\nother")
    waiting = PostgresSnapshots(store.database, store.tenants, waiting=1_000)
    waiting.offer("default", other, state, 400)
    for _ in range(5):
        waiting.offer("default", STREAM, state, 500)
    async with waiting:
        await eventually(lambda: kept_is(database_url, 1))
    assert await waiting.newest("default", other, Context) == state


async def kept_is(database_url: str, version: int) -> bool:
    return await kept_version(database_url) == version


async def forget(database_url: str) -> None:
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as connection:
        await connection.execute("DELETE FROM contextline.snapshots")
