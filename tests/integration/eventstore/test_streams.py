"""Reading: a stream by its versions, the log by its positions, many heads by one statement."""

import asyncio
from uuid import UUID

import msgspec
import psycopg
import pytest

from application.ports import Write
from domain.contexts.events import Attributes, ContextCreated
from domain.errors import DamagedEventError, DatabaseUnavailableError, UnknownEventError, VersionConflictError
from domain.recorded import Origin, Recorded
from domain.sessions.events import SessionCompleted, SessionCreated
from infrastructure.eventstore.read import PAGE
from infrastructure.eventstore.requests import AppendRequest
from infrastructure.eventstore.store import PostgresEventStore
from infrastructure.payloads.codec import Codec
from infrastructure.postgres.database import Database
from tests.fixtures.clock import MovableClock
from tests.integration.eventstore.eventstore_support import TENANT, Requests, happened, onlooker, sid, story

ORIGIN = Origin(actor="ann", agent_id="a-1", session_id="s-1", causation_id="c", correlation_id="d")


async def fill(store: PostgresEventStore, name: str, count: int) -> None:
    """Events named 1, 2, 3, …"""
    await store.append_raw((await Requests.of(store))(name, 0, *(f"{n}" for n in range(1, count + 1))))


def words(first: int, last: int) -> list[str]:
    return [f"{n}" for n in range(first, last + 1)]


async def test_what_was_appended_is_what_is_read(any_store: PostgresEventStore, clock: MovableClock) -> None:
    events = [SessionCreated(session_id="s", data={"n": [1, None, -0.0]}), happened("end")]
    recorded = await any_store.append(TENANT, [Write(sid("s"), "s", 0, events)], ORIGIN)
    tenant_id = await any_store.tenants.number(TENANT)
    assert recorded == [
        Recorded(event, tenant_id, sid("s"), n, n, clock(), ORIGIN, len(Codec().encode_event(event)))
        for n, event in enumerate(events, 1)
    ]
    assert await any_store.read_stream(TENANT, sid("s")) == recorded
    assert await any_store.reader.log(0) == recorded
    assert await any_store.head(TENANT, sid("s")) == await any_store.end() == 2


async def test_writes_to_several_streams_are_recorded_in_their_order(store: PostgresEventStore) -> None:
    writes = [
        Write(sid("a"), "a", 0, [happened("a1"), happened("a2")]),
        Write(sid("b"), "b", 0, [happened("b1")]),
        Write(sid("a"), "a", 2, [happened("a3")]),
    ]
    recorded = await store.append(TENANT, writes, Origin())
    assert [(one.version, one.position) for one in recorded] == [(1, 1), (2, 2), (1, 3), (3, 4)]
    assert await store.reader.log(0) == recorded
    with pytest.raises(VersionConflictError):
        await store.append(TENANT, writes, Origin())


async def test_a_stream_is_read_page_by_page_and_whole(store: PostgresEventStore) -> None:
    await fill(store, "other", 3)
    await fill(store, "long", 2 * PAGE + 1)
    await fill(store, "exact", PAGE)
    events = await store.read_stream(TENANT, sid("long"))
    assert story(events) == words(1, 2 * PAGE + 1)
    assert [event.version for event in events] == list(range(1, 2 * PAGE + 2))
    assert len(await store.read_stream(TENANT, sid("exact"))) == PAGE


@pytest.mark.parametrize(
    ("after", "up_to", "expected"),
    [
        (0, None, words(1, 1200)),
        (0, 1, ["1"]),
        (0, 0, []),
        (1, 1100, words(2, 1100)),
        (100, None, words(101, 1200)),
        (1199, None, ["1200"]),
        (1200, None, []),
        (5000, None, []),
        (7, 3, []),
        (0, 2**31 - 1, words(1, 1200)),
    ],
)
async def test_a_part_of_a_stream(
    store: PostgresEventStore, after: int, up_to: int | None, expected: list[str]
) -> None:
    await fill(store, "s", 1200)
    assert story(list(await store.read_stream(TENANT, sid("s"), after=after, up_to=up_to))) == expected


async def test_there_is_nothing_where_nothing_was_written(store: PostgresEventStore) -> None:
    assert await store.end() == 0
    assert await store.reader.log(0) == []
    assert await store.head(TENANT, sid("s")) == 0
    assert await store.read_stream(TENANT, sid("s")) == []


async def test_tenants_do_not_see_each_others_streams(store: PostgresEventStore) -> None:
    for tenant in ("ann's", "ben's"):
        await store.append(tenant, [Write(sid("same id"), "same", 0, [happened(tenant)])], Origin())
    assert story(list(await store.read_stream("ann's", sid("same id")))) == ["ann's"]
    assert story(list(await store.read_stream("ben's", sid("same id")))) == ["ben's"]
    assert await store.head("eve's", sid("same id")) == 0


async def test_the_log_is_read_from_any_position(store: PostgresEventStore) -> None:
    await fill(store, "a", 5)
    await fill(store, "b", 5)
    assert story(await store.reader.log(3, 4)) == ["4", "5", "1", "2"]
    assert [one.position for one in await store.reader.log(3, 4)] == [4, 5, 6, 7]
    assert await store.reader.log(10) == []
    assert [row.stream_name for row in await store.reader.log_rows(4, 2)] == ["a", "b"]


async def test_a_stream_is_read_backwards(store: PostgresEventStore) -> None:
    await fill(store, "s", 9)
    rows = await store.reader.stream_rows(1, sid("s"), after=2, up_to=7, limit=3, descending=True)
    assert [row.version for row in rows] == [7, 6, 5]


async def test_many_who_ask_for_heads_at_once_get_their_own(store: PostgresEventStore) -> None:
    for n in range(1, 30):
        await fill(store, f"s{n}", n)
    wanted = [n % 40 for n in range(400)]
    heads = await asyncio.gather(*(store.head(TENANT, sid(f"s{n}")) for n in wanted))
    assert heads == [n if n < 30 else 0 for n in wanted]


async def test_many_who_ask_at_once_share_statements(
    store: PostgresEventStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    statements = 0
    fetch = Database.fetch

    async def counted(self: Database, *parameters: object) -> object:
        nonlocal statements
        statements += 1
        return await fetch(self, *parameters)  # type: ignore[arg-type]

    await store.head(TENANT, sid("s"))
    monkeypatch.setattr(Database, "fetch", counted)
    await asyncio.gather(*(store.head(TENANT, sid(f"s{n}")) for n in range(300)))
    assert statements <= 2


async def test_a_head_is_as_fresh_as_if_asked_for_alone(store: PostgresEventStore) -> None:
    request_for = await Requests.of(store)
    for version in range(25):
        crowd = [asyncio.create_task(store.head(TENANT, sid("s"))) for _ in range(5)]
        await store.append_raw(request_for("s", version, "more"))
        assert await store.head(TENANT, sid("s")) == version + 1
        assert set(await asyncio.gather(*crowd)) <= {version, version + 1}


async def test_who_goes_away_takes_nobodys_answer_with_them(store: PostgresEventStore) -> None:
    await fill(store, "s", 7)
    await fill(store, "t", 2)
    calls = [asyncio.create_task(store.reader.head(1, sid(name))) for name in "sstt" * 10]
    await asyncio.sleep(0)  # they ask; the answer is not there yet
    for call in calls[::4] + calls[2::4]:
        call.cancel()
    answers = await asyncio.gather(*calls, return_exceptions=True)
    for n, answer in enumerate(answers):
        if n % 2:
            assert answer == (7 if n % 4 < 2 else 2)
        else:
            assert isinstance(answer, asyncio.CancelledError)
    assert await store.head(TENANT, sid("s")) == 7


async def test_a_lost_connection_is_not_noticed_by_readers(store: PostgresEventStore, database_url: str) -> None:
    await fill(store, "s", 3)
    async with onlooker(database_url) as look:
        await look.execute(
            b"SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            b" WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    heads = await asyncio.gather(*(store.head(TENANT, sid("s")) for _ in range(10)))
    assert set(heads) == {3}
    assert story(list(await store.read_stream(TENANT, sid("s")))) == ["1", "2", "3"]


async def test_an_answer_that_can_not_be_had_is_refused_to_all_who_wait(
    store: PostgresEventStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fill(store, "s", 3)
    fetch = Database.fetch

    async def away(*_: object) -> list[object]:
        raise DatabaseUnavailableError("away")

    monkeypatch.setattr(Database, "fetch", away)
    answers = await asyncio.gather(*(store.reader.head(1, sid("s")) for _ in range(5)), return_exceptions=True)
    assert [type(answer) for answer in answers] == [DatabaseUnavailableError] * 5
    monkeypatch.setattr(Database, "fetch", fetch)
    assert await store.reader.head(1, sid("s")) == 3


async def test_damage_is_told_with_its_place_and_spoils_nothing_else(
    store: PostgresEventStore, database_url: str
) -> None:
    created = ContextCreated(namespace="n", key="k", data="the same again " * 200, attributes=Attributes())
    await store.append(TENANT, [Write(sid("s"), "s", 0, [happened("1"), created])], Origin())
    await fill(store, "whole", 2)
    async with await psycopg.AsyncConnection.connect(database_url) as owner:
        await owner.execute("UPDATE contextline.events SET payload = set_byte(payload, 30, 7) WHERE position = 2")
    with pytest.raises(DamagedEventError, match=rf"{sid('s')} version 2 \(position 2\).*context-created"):
        await store.read_stream(TENANT, sid("s"))
    with pytest.raises(DamagedEventError):
        await store.reader.log(0)
    assert story(list(await store.read_stream(TENANT, sid("s"), up_to=1))) == ["1"]
    assert story(list(await store.read_stream(TENANT, sid("whole")))) == ["1", "2"]


async def test_an_event_of_a_newer_program_is_told_of(store: PostgresEventStore) -> None:
    request_for = await Requests.of(store)
    newer = msgspec.structs.replace(request_for.new("x"), type_id=await store.type_id("context-dreamt-of"))
    stream = msgspec.structs.replace(request_for.stream("s", 0), events=[newer])
    await store.append_raw(AppendRequest(1, [stream]))
    with pytest.raises(UnknownEventError, match=r"version 1 \(position 1\).*context-dreamt-of"):
        await store.read_stream(TENANT, sid("s"))


async def test_events_are_of_their_kind(store: PostgresEventStore) -> None:
    await fill(store, "s", 1)
    (recorded,) = await store.read_stream(TENANT, sid("s"))
    assert type(recorded.event) is SessionCompleted
    assert recorded.originator_id == UUID(bytes=sid("s").bytes)
    assert recorded.originator_version == 1
