"""Large values in the log: kept once, with the append that refers to them, and never wrong."""

import asyncio
import random
from collections.abc import AsyncIterator
from typing import Any

import psycopg
import pytest

from application.ports import Write
from domain.contexts.events import Attributes, ContextCreated, ContextReplaced
from domain.errors import DamagedEventError, VersionConflictError
from domain.recorded import Event, Origin, Recorded
from infrastructure.eventstore.requests import AppendRequest, NewEvent, StreamAppend
from infrastructure.eventstore.store import PostgresEventStore
from infrastructure.payloads.codec import Codec
from infrastructure.payloads.pieces import PIECE_BYTES
from infrastructure.postgres.connections import API, PROJECTION, connect, conninfo
from tests.fixtures.clock import MovableClock
from tests.fixtures.waiting import eventually
from tests.integration.eventstore.eventstore_support import lock_held, onlooker, sid, value, waits_for_the_lock

TEXT = "".join(chr(0x4E00 + n % 20_000) for n in range(40_000))
"""120,000 bytes: one piece."""
LONG = "".join(f"{n} bottles, " for n in range(100_000))
"""More than a megabyte: several pieces."""


def written(name: str, data: Any, expected: int = 0, **options: Any) -> Write:
    attributes = Attributes()
    event: Event = ContextReplaced(data=data, attributes=attributes, **options)
    if not expected:
        event = ContextCreated(namespace="", key=name, data=data, attributes=attributes, **options)
    return Write(sid(name), name, expected, [event])


async def stored(store: PostgresEventStore, name: str, data: Any, expected: int = 0, **options: Any) -> Recorded[Event]:
    (recorded,) = await store.append("default", [written(name, data, expected, **options)], Origin())
    return recorded


async def data_of(store: PostgresEventStore, name: str) -> list[Any]:
    return [recorded.event.data for recorded in await store.read_stream("default", sid(name))]  # type: ignore[attr-defined]


@pytest.fixture
async def look(database_url: str) -> AsyncIterator[psycopg.AsyncConnection[Any]]:
    async with onlooker(database_url) as connection:
        yield connection


async def pieces(look: psycopg.AsyncConnection[Any]) -> int:
    return int(await value(look, b"SELECT count(*) FROM contextline.large_values"))


async def test_a_large_value_is_kept_once_and_read_back(store: PostgresEventStore, look: Any) -> None:
    for name in ("a", "b", "c"):
        await stored(store, name, {"text": TEXT, "of": name})
        await stored(store, name, {"again": [1, {"text": TEXT}]}, 1)
    assert await pieces(look) == 1
    assert await data_of(store, "b") == [{"text": TEXT, "of": "b"}, {"again": [1, {"text": TEXT}]}]
    assert await value(look, b"SELECT max(octet_length(payload)) FROM contextline.events") < 500


async def test_each_tenant_has_its_own(store: PostgresEventStore, look: Any) -> None:
    for tenant in ("default", "another"):
        await store.append(tenant, [written("s", TEXT)], Origin())
    tenants = await (await look.execute(b"SELECT tenant_id FROM contextline.large_values")).fetchall()
    assert len(set(tenants)) == len(tenants) == 2


async def test_a_value_of_several_pieces_comes_back_and_shares_them(store: PostgresEventStore, look: Any) -> None:
    await stored(store, "s", [LONG])
    several = await pieces(look)
    assert several == -(-len(LONG) // PIECE_BYTES)
    await stored(store, "s", {"longer": LONG + "and one more"}, 1)
    assert await pieces(look) == several + 1
    assert await data_of(store, "s") == [[LONG], {"longer": LONG + "and one more"}]


async def test_what_is_read_tells_what_it_cost_and_what_it_refers_to(store: PostgresEventStore) -> None:
    appended = await stored(store, "s", LONG)
    (read,) = await store.read_stream("default", sid("s"))
    assert appended == read
    assert read.size > len(LONG)
    assert len(read.large_values) == -(-len(LONG) // PIECE_BYTES)
    small = await stored(store, "s", "small", 1)
    assert small.large_values == ()
    assert small.size < 100


async def test_one_object_stands_for_a_value_in_all_events_that_are_read_together(store: PostgresEventStore) -> None:
    for version in range(3):
        await stored(store, "s", [TEXT, version], version)
    texts = [data[0] for data in await data_of(store, "s")]
    assert texts[0] is texts[1] is texts[2]


async def test_a_refused_append_leaves_nothing_behind(store: PostgresEventStore, look: Any) -> None:
    await stored(store, "s", "small")
    with pytest.raises(VersionConflictError):
        await stored(store, "s", LONG, 7)
    with pytest.raises(VersionConflictError):
        await stored(store, "s", LONG)
    assert await pieces(look) == 0
    await stored(store, "s", LONG, 1)
    assert await pieces(look) > 0


async def test_one_of_two_that_are_refused_together_takes_nothing_of_the_other_with_it(
    store: PostgresEventStore, look: Any, database_url: str
) -> None:
    async with lock_held(database_url) as onto:
        first = asyncio.create_task(stored(store, "s", "first " + TEXT))
        await waits_for_the_lock(onto)
        rivals = [asyncio.create_task(stored(store, "s", f"{n} {TEXT}")) for n in range(3)]
        other = asyncio.create_task(stored(store, "t", "other " + TEXT))
        await asyncio.sleep(0)
    await asyncio.gather(first, other)
    outcomes = await asyncio.gather(*rivals, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [VersionConflictError] * 3
    assert await pieces(look) == 2


async def test_a_caller_that_goes_away_leaves_all_of_it_or_nothing(
    store: PostgresEventStore, look: Any, database_url: str
) -> None:
    async with lock_held(database_url) as onto:
        task = asyncio.create_task(stored(store, "s", LONG))
        await waits_for_the_lock(onto)
        assert await pieces(look) == 0
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    # It was on its way: it is carried out, and nobody waits for it.
    await eventually(lambda: store.head("default", sid("s")))
    assert await data_of(store, "s") == [LONG]

    packing = asyncio.create_task(stored(store, "u", LONG[::-1]))
    await asyncio.sleep(0)
    packing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await packing
    before = await pieces(look)
    await stored(store, "v", TEXT)
    assert await store.head("default", sid("u")) == 0
    assert await pieces(look) == before + 1


async def test_an_append_whose_connection_breaks_is_sent_again_with_all_that_it_refers_to(
    store: PostgresEventStore, look: Any, database_url: str
) -> None:
    async with lock_held(database_url) as onto:
        task = asyncio.create_task(stored(store, "s", LONG))
        (pid,) = await waits_for_the_lock(onto)
        await look.execute(b"SELECT pg_terminate_backend(%s)", (pid,))
    await task
    assert await data_of(store, "s") == [LONG]
    assert await pieces(look) == -(-len(LONG) // PIECE_BYTES)


async def test_values_that_many_bring_at_once_are_kept_once(
    store: PostgresEventStore, database_url: str, clock: MovableClock, look: Any
) -> None:
    texts = [f"{n} {TEXT}" for n in range(8)]
    rng = random.Random(1)
    async with PostgresEventStore(database_url, clock) as other:
        writes = []
        for n in range(16):
            rng.shuffle(texts)
            writes.append(stored(store if n % 2 else other, f"s{n}", list(texts)))
        await asyncio.gather(*writes)
        assert await pieces(look) == 8
        for n in range(16):
            assert sorted((await data_of(other, f"s{n}"))[0]) == sorted(texts)


async def test_what_is_kept_already_is_not_sent_again(
    store: PostgresEventStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    await stored(store, "s", LONG)
    sent = []
    append = store._large_writer.append

    async def noting(request: Any) -> Any:
        sent.append(request)
        return await append(request)

    monkeypatch.setattr(store._large_writer, "append", noting)
    await stored(store, "t", [LONG, TEXT])
    assert sorted(piece.payload is None for piece in sent[0].large_values) == [
        False,
        *[True] * (len(LONG) // PIECE_BYTES + 1),
    ]


async def test_what_was_removed_after_it_was_looked_for_is_sent_after_all(
    store: PostgresEventStore, look: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    await stored(store, "s", "something")

    async def all_of_them(_: int, hashes: Any) -> set[bytes]:
        return set(hashes)

    monkeypatch.setattr(store.large_values, "known", all_of_them)
    await stored(store, "s", [LONG, TEXT], 1)
    assert (await data_of(store, "s"))[1] == [LONG, TEXT]
    assert await store.head("default", sid("s")) == 2


async def test_who_removes_values_waits_for_those_who_refer_to_them(
    store: PostgresEventStore, look: Any, database_url: str
) -> None:
    await stored(store, "s", TEXT)
    async with lock_held(database_url) as onto:
        task = asyncio.create_task(stored(store, "t", TEXT))
        await waits_for_the_lock(onto)
        assert not await value(look, b"SELECT pg_try_advisory_lock(1668577388, 1)")
        assert await value(look, b"SELECT pg_try_advisory_lock(1668577388, 2)")
    await task
    assert await value(look, b"SELECT pg_try_advisory_lock(1668577388, 1)")
    # And those who refer to values wait for who removes some, but nobody else does.
    waiting = asyncio.create_task(stored(store, "u", TEXT))
    await waits_for_the_lock(look)
    await stored(store, "v", "small")
    await look.execute(b"DELETE FROM contextline.large_values")
    await look.execute(b"SELECT pg_advisory_unlock(1668577388, 1)")
    await waiting
    assert await data_of(store, "u") == [TEXT]


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        ("DELETE FROM contextline.large_values WHERE size = 262144", "is not there"),
        ("UPDATE contextline.large_values SET size = size + 1 WHERE size < 262144", "bytes that it should have"),
        ("UPDATE contextline.large_values SET payload = ''", "empty"),
        ("UPDATE contextline.large_values SET payload = substr(payload, 1, octet_length(payload) - 1)", "decompress"),
        ("UPDATE contextline.large_values SET payload = set_byte(payload, 5000, 255 - get_byte(payload, 5000))", ""),
        (
            "UPDATE contextline.large_values SET payload = "
            "(SELECT payload FROM contextline.large_values WHERE size = 262144 ORDER BY hash LIMIT 1) "
            "WHERE size = 262144",
            "its hash",
        ),
    ],
)
async def test_a_missing_or_damaged_value_is_refused_by_name(
    store: PostgresEventStore, look: Any, damage: str, told: str
) -> None:
    await stored(store, "s", "first")
    recorded = await stored(store, "s", LONG, 1)
    await stored(store, "t", "another")
    await look.execute(damage.encode())
    where = rf"stream {sid('s')} version 2 \(position {recorded.position}\).*large value [0-9a-f]{{64}}.*{told}"
    with pytest.raises(DamagedEventError, match=where):
        await store.read_stream("default", sid("s"))
    with pytest.raises(DamagedEventError, match=where):
        await store.reader.log(0)
    assert await data_of(store, "t") == ["another"]


async def test_what_is_stored_uncompressed_and_compressed_is_the_same_value(
    store: PostgresEventStore, look: Any
) -> None:
    await stored(store, "s", LONG, compress=False)
    await stored(store, "t", LONG)
    assert await pieces(look) == -(-len(LONG) // PIECE_BYTES)
    assert await data_of(store, "s") == await data_of(store, "t") == [LONG]


async def test_what_was_written_whole_before_is_read_and_gone_on_from(store: PostgresEventStore, look: Any) -> None:
    created = ContextCreated(namespace="", key="s", data=LONG, attributes=Attributes())
    whole = NewEvent(await store.type_id("context-created"), b"", Codec().encode_event(created))
    await store.append_raw(AppendRequest(1, [StreamAppend(sid("s"), "s", 0, [whole])]))
    assert await pieces(look) == 0
    await stored(store, "s", [LONG], 1)
    assert await data_of(store, "s") == [LONG, [LONG]]
    assert await pieces(look) > 0


async def test_roles_can_add_and_read_values_and_nothing_else(store: PostgresEventStore, database_url: str) -> None:
    await stored(store, "s", TEXT)
    may = {API: {"INSERT", "SELECT"}, PROJECTION: {"SELECT"}}
    privileges = ["INSERT", "SELECT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER"]
    for role, allowed in may.items():
        async with await connect(database_url, role) as connection:
            for privilege in privileges:
                query = b"SELECT has_table_privilege('contextline.large_values', %s)"
                assert await value(connection, query, privilege) is (privilege in allowed), (role, privilege)
    with psycopg.connect(conninfo(database_url, API)) as connection:
        for statement in ("UPDATE contextline.large_values SET size = 0", "DELETE FROM contextline.large_values"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement)
            connection.rollback()
