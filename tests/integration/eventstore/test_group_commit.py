"""Concurrent appends share transactions, and each of them still succeeds or fails alone."""

import asyncio
from collections.abc import Sequence

import msgspec
import pytest

from domain.errors import OverloadedError, UnavailableError, VersionConflictError
from infrastructure.eventstore.append import BYTES_A_STATEMENT, ROWS_A_STATEMENT
from infrastructure.eventstore.group_commit import Limits
from infrastructure.eventstore.requests import ABSENT, Appended, AppendRequest, StreamAppend
from infrastructure.eventstore.store import PostgresEventStore
from tests.fixtures.clock import MovableClock
from tests.fixtures.waiting import DEADLINE, eventually
from tests.integration.eventstore.eventstore_support import (
    Requests,
    Tail,
    lock_held,
    onlooker,
    sid,
    value,
    waits_for_the_lock,
)

COMMITS = b"SELECT count(DISTINCT xmin::text) FROM contextline.events"


@pytest.fixture
async def request_for(any_store: PostgresEventStore) -> Requests:
    return await Requests.of(any_store)


@pytest.fixture
def tail(any_store: PostgresEventStore) -> Tail:
    return Tail(any_store.reader)


async def at_once(store: PostgresEventStore, *requests: AppendRequest) -> list[Appended | BaseException]:
    return await asyncio.gather(*map(store.append_raw, requests), return_exceptions=True)


def successes(results: Sequence[Appended | BaseException]) -> list[bool]:
    return [isinstance(result, Appended) for result in results]


async def test_concurrent_appends_share_transactions(
    any_store: PostgresEventStore, any_database_url: str, request_for: Requests, tail: Tail
) -> None:
    results = await at_once(any_store, *(request_for(f"s{n}", 0, f"{n}") for n in range(200)))
    assert all(successes(results))
    assert sorted(result.first for result in results) == list(range(1, 201))
    assert len(await tail.read()) == 200
    async with onlooker(any_database_url) as look:
        assert await value(look, COMMITS) <= 5


async def test_a_lone_append_has_a_transaction_of_its_own(
    any_store: PostgresEventStore, any_database_url: str, request_for: Requests, clock: MovableClock
) -> None:
    for n in range(3):
        appended = await any_store.append_raw(request_for("s", n, f"{n}"))
        assert appended == Appended(n + 1, n + 1, clock())
        clock.advance(1)
    async with onlooker(any_database_url) as look:
        assert await value(look, COMMITS) == 3


async def test_what_comes_while_a_batch_is_on_its_way_goes_with_the_next(
    any_store: PostgresEventStore, any_database_url: str, request_for: Requests
) -> None:
    async with lock_held(any_database_url) as look:
        first = asyncio.create_task(any_store.append_raw(request_for("first", 0, "first")))
        await waits_for_the_lock(look)
        others = [asyncio.create_task(any_store.append_raw(request_for(f"s{n}", 0, "later"))) for n in range(50)]
    await asyncio.gather(first, *others)
    async with onlooker(any_database_url) as look:
        assert await value(look, COMMITS) == 2


async def test_a_version_conflict_does_not_fail_its_neighbours(
    any_store: PostgresEventStore, request_for: Requests, tail: Tail
) -> None:
    await any_store.append_raw(request_for("taken", 0, "was first"))
    results = await at_once(
        any_store,
        request_for("left", 0, "left"),
        request_for("taken", 0, "too late"),
        request_for("too new", 7, "ahead of its time"),
        request_for("right", 0, "right"),
    )
    assert successes(results) == [True, False, False, True]
    assert isinstance(results[1], VersionConflictError)
    assert (results[1].expected, results[1].current) == (0, 1)
    assert isinstance(results[2], VersionConflictError)
    assert (results[2].expected, results[2].current) == (7, 0)
    assert await tail.read() == ["was first", "left", "right"]
    assert tail.positions() == [1, 2, 3]


async def test_appends_for_one_stream_in_one_batch_are_made_in_order(
    any_store: PostgresEventStore, request_for: Requests, tail: Tail
) -> None:
    results = await at_once(
        any_store,
        request_for("s", 0, "one", "two"),
        request_for("s", 2, "three"),
        request_for("s", 2, "wanted to be three"),
        request_for("s", 3, "four"),
    )
    assert successes(results) == [True, True, False, True]
    assert await tail.read() == ["one", "two", "three", "four"]
    assert [recorded.version for recorded in tail.seen] == [1, 2, 3, 4]


async def test_an_append_to_several_streams_is_made_whole_or_not_at_all(
    any_store: PostgresEventStore, request_for: Requests, tail: Tail
) -> None:
    await any_store.append_raw(request_for("b", 0, "b1"))
    streams = [request_for.stream("a", 0, "a1"), request_for.stream("b", 0, "not b1"), request_for.stream("c", 0, "c1")]
    neighbour, refused = request_for("d", 0, "d1"), AppendRequest(1, streams)
    assert successes(await at_once(any_store, refused, neighbour)) == [False, True]
    assert await tail.read() == ["b1", "d1"]
    assert await any_store.reader.head(1, sid("a")) == 0

    streams[1] = request_for.stream("b", 1, "b2")
    appended = await any_store.append_raw(AppendRequest(1, streams))
    assert (appended.first, appended.last) == (3, 5)
    assert await tail.read() == ["a1", "b2", "c1"]


async def test_an_append_that_comes_back_to_a_stream_with_another_version_is_a_conflict_with_itself(
    any_store: PostgresEventStore, request_for: Requests, tail: Tail
) -> None:
    twice = AppendRequest(1, [request_for.stream("s", 0, "one"), request_for.stream("s", 0, "also one")])
    with pytest.raises(VersionConflictError) as refused:
        await any_store.append_raw(twice)
    assert (refused.value.expected, refused.value.current) == (0, 1)
    assert await tail.read() == []


@pytest.mark.parametrize("how", ["a NUL in a name", "a version below 0", "an event type that is none"])
async def test_what_the_database_refuses_fails_alone(
    any_store: PostgresEventStore, request_for: Requests, tail: Tail, how: str
) -> None:
    event = request_for.new("refused")
    refused = {
        "a NUL in a name": StreamAppend(sid("r"), "r\0", 0, [event]),
        "a version below 0": StreamAppend(sid("r"), "r", ABSENT, []),
        "an event type that is none": StreamAppend(sid("r"), "r", 0, [msgspec.structs.replace(event, type_id=40_000)]),
    }[how]
    around = [request_for(f"s{n}", 0, f"{n}") for n in range(9)]
    beside = AppendRequest(1, [request_for.stream("other", 0, "goes down with it"), refused])
    results = await at_once(any_store, *around[:4], beside, *around[4:])
    assert successes(results) == [True] * 4 + [False] + [True] * 5
    assert not isinstance(results[4], UnavailableError)
    assert sorted(await tail.read()) == [f"{n}" for n in range(9)]
    assert tail.positions() == list(range(1, 10))


async def test_more_than_the_queue_takes_is_refused_and_leaves_nothing(
    any_database_url: str, clock: MovableClock
) -> None:
    async with PostgresEventStore(any_database_url, clock, limits=Limits(queue=3)) as store:
        request_for = await Requests.of(store)
        await store.append_raw(request_for("first", 0, "first"))
        async with lock_held(any_database_url) as look:
            on_its_way = asyncio.create_task(store.append_raw(request_for("s", 0, "on its way")))
            await waits_for_the_lock(look)
            waiting = [asyncio.create_task(store.append_raw(request_for(f"s{n}", 0, f"{n}"))) for n in range(3)]
            await eventually(lambda: len(store.writer._queue) == 3)
            with pytest.raises(OverloadedError, match="3 commands wait"):
                await store.append_raw(request_for("more", 0, "one more"))
        await asyncio.gather(on_its_way, *waiting)
        assert await Tail(store.reader).read() == ["first", "on its way", "0", "1", "2"]
        await store.append_raw(request_for("more", 0, "now there is room"))


async def test_a_large_append_is_split_into_statements_not_into_transactions(
    any_store: PostgresEventStore, any_database_url: str, request_for: Requests, tail: Tail
) -> None:
    words = [f"{n}" for n in range(2 * ROWS_A_STATEMENT + 300)]
    await at_once(any_store, request_for("small", 0, "small"), request_for("large", 0, *words))
    seen = []
    while new := await tail.read():
        seen += new
    assert seen == ["small", *words]
    assert tail.positions() == list(range(1, len(words) + 2))
    async with onlooker(any_database_url) as look:
        assert await value(look, COMMITS) == 1


@pytest.mark.parametrize(("count", "size"), [(1, BYTES_A_STATEMENT * 2), (5, BYTES_A_STATEMENT // 2), (900, 8_000)])
async def test_large_payloads_go_through_at_once(
    any_database_url: str, clock: MovableClock, count: int, size: int
) -> None:
    """psycopg's pipeline waits for ever for the answer to what it has not sent, once the socket's buffer is full."""
    async with PostgresEventStore(any_database_url, clock, limits=Limits(attempt=30, patience=0.1)) as store:
        event = (await Requests.of(store)).new("large")
        events = [msgspec.structs.replace(event, payload=bytes(size + n)) for n in range(count)]
        appended = await store.append_raw(AppendRequest(1, [StreamAppend(sid("s"), "s", 0, events)]))
        assert (appended.first, appended.last) == (1, count)
        rows = await store.reader.stream_rows(1, sid("s"))
        assert [len(row.payload) for row in rows] == [len(event.payload) for event in events]


async def test_a_batch_holds_no_more_than_its_limits(any_database_url: str, clock: MovableClock) -> None:
    async with PostgresEventStore(any_database_url, clock, limits=Limits(appends=10, events=12)) as store:
        request_for = await Requests.of(store)
        pairs = [request_for(f"s{n}", 0, "one", "two") for n in range(12)]
        assert all(successes(await at_once(store, *pairs)))
        async with onlooker(any_database_url) as look:
            assert await value(look, COMMITS) >= 2
            most = b"SELECT max(n) FROM (SELECT count(*) AS n FROM contextline.events GROUP BY xmin::text) AS batches"
            assert await value(look, most) <= 12
        assert all(successes(await at_once(store, request_for("larger than the limit", 0, *"abcdefghijklmnop"))))


async def test_a_caller_that_goes_away_takes_nobody_with_it(
    any_store: PostgresEventStore, any_database_url: str, request_for: Requests, tail: Tail
) -> None:
    async with lock_held(any_database_url) as look:
        calls = [asyncio.create_task(any_store.append_raw(request_for(f"s{n}", 0, f"{n}"))) for n in range(4)]
        await waits_for_the_lock(look)
        calls[1].cancel()
        with pytest.raises(asyncio.CancelledError):
            await calls[1]
    done = await asyncio.gather(*calls, return_exceptions=True)
    assert successes(done) == [True, False, True, True]
    # It is written all the same: whoever does not wait for the answer does not know.
    assert await tail.read() == ["0", "1", "2", "3"]


async def test_stopping_finishes_what_waits(any_database_url: str, clock: MovableClock) -> None:
    store = PostgresEventStore(any_database_url, clock, limits=Limits(appends=2))
    async with store:
        request_for = await Requests.of(store)
        async with lock_held(any_database_url) as look:
            calls = [asyncio.create_task(store.append_raw(request_for(f"s{n}", 0, f"{n}"))) for n in range(7)]
            await waits_for_the_lock(look)
            stopping = asyncio.create_task(store.writer.stop())
        await stopping
        assert all(successes(await asyncio.gather(*calls)))
        assert await Tail(store.reader).read() == [f"{n}" for n in range(7)]
        with pytest.raises(UnavailableError):
            await asyncio.wait_for(store.append_raw(request_for("late", 0, "too late")), DEADLINE)


async def test_stream_numbers_drawn_over_a_lost_connection_are_not_used(
    any_store: PostgresEventStore, any_database_url: str, request_for: Requests
) -> None:
    """They were never committed: after a crash the sequence gives them out again."""
    refused = await at_once(any_store, request_for("s", 5, "draws numbers, commits nothing"))
    assert successes(refused) == [False]
    async with onlooker(any_database_url) as look:
        await look.execute(b"SELECT setval('contextline.stream_numbers', 1, false)")  # as a crash may leave it
        await look.execute(
            b"SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            b" WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    async with PostgresEventStore(any_database_url, MovableClock()) as other:
        await other.append_raw(request_for("of another process", 0, "x"))
    await any_store.append_raw(request_for("s", 0, "x"))
