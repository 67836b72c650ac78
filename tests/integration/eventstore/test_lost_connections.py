"""A caller whose connection is lost gets one answer, and the log holds its events once or not at all."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from psycopg import AsyncConnection

from domain.errors import DatabaseUnavailableError, OutcomeUnknownError
from infrastructure.eventstore.group_commit import GroupCommit, Limits
from infrastructure.eventstore.requests import Appended, AppendRequest, Tracking, TrackingConflictError
from infrastructure.eventstore.store import PostgresEventStore
from infrastructure.eventstore.writer import FORGOTTEN_AFTER
from infrastructure.postgres.connections import API, connect
from tests.fixtures.clock import MovableClock
from tests.fixtures.waiting import eventually
from tests.integration.eventstore.eventstore_support import (
    Requests,
    Tail,
    lock_held,
    onlooker,
    value,
    waits_for_the_lock,
)
from tests.integration.eventstore.proxy import AtAppend, Proxy, proxied

END_ALL = b"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"


@pytest.fixture
async def request_for(any_store: PostgresEventStore) -> Requests:
    return await Requests.of(any_store)


@pytest.fixture
def tail(any_store: PostgresEventStore) -> Tail:
    return Tail(any_store.reader)


@pytest.fixture
async def proxy(external_database_url: str) -> AsyncIterator[Proxy]:
    async with proxied(external_database_url) as made:
        yield made


@pytest.fixture
async def external_store(external_database_url: str, clock: MovableClock) -> AsyncIterator[PostgresEventStore]:
    async with PostgresEventStore(external_database_url, clock) as opened:
        yield opened


@asynccontextmanager
async def group_commit(
    url: str, clock: MovableClock, patience: float = 10.0, slow_commit: float = 60.0
) -> AsyncIterator[GroupCommit]:
    made = GroupCommit(lambda: connect(url, API), clock, Limits(patience=patience, slow_commit=slow_commit))
    await made.start()
    try:
        yield made
    finally:
        await made.stop()


async def test_a_connection_lost_between_two_appends_is_not_noticed(
    any_store: PostgresEventStore, any_database_url: str, request_for: Requests, tail: Tail
) -> None:
    await any_store.append_raw(request_for("s", 0, "before"))
    async with onlooker(any_database_url) as look:
        await look.execute(END_ALL + b" AND pid <> pg_backend_pid()")
    await any_store.append_raw(request_for("s", 1, "after"))
    assert await tail.read() == ["before", "after"]


async def test_a_connection_lost_while_it_waits_for_its_turn_is_not_noticed(
    any_store: PostgresEventStore, any_database_url: str, request_for: Requests, tail: Tail
) -> None:
    async with lock_held(any_database_url) as look:
        calls = [asyncio.create_task(any_store.append_raw(request_for(f"s{n}", 0, f"{n}"))) for n in range(3)]
        for _ in range(2):
            (pid,) = await waits_for_the_lock(look)
            await look.execute(b"SELECT pg_terminate_backend(%s)", [pid])

            async def another_waits(lost: int = pid) -> bool:
                return await waits_for_the_lock(look) != [lost]

            await eventually(another_waits)
    assert {result.last for result in await asyncio.gather(*calls)} == {1, 2, 3}
    assert await tail.read() == ["0", "1", "2"]


@pytest.mark.parametrize("lost", [AtAppend.LOSE_THE_ORDER, AtAppend.LOSE_THE_ANSWER])
async def test_a_commit_that_is_not_answered_is_made_once(
    external_store: PostgresEventStore, proxy: Proxy, clock: MovableClock, lost: AtAppend
) -> None:
    request_for, tail = await Requests.of(external_store), Tail(external_store.reader)
    async with group_commit(proxy.url, clock) as writing:
        await writing.append(request_for("s", 0, "before"))
        proxy.at_append = lost
        results = await asyncio.gather(
            writing.append(request_for("s", 1, "two", "three")), writing.append(request_for("new", 0, "beside it"))
        )
        assert proxy.at_append == AtAppend.PASS
        assert proxy.connections == 2
        assert results == [Appended(2, 3, clock()), Appended(4, 4, clock())]
        assert await tail.read() == ["before", "two", "three", "beside it"]
        await writing.append(request_for("s", 3, "after"))
        assert await tail.read() == ["after"]


async def test_an_append_that_reaches_the_server_after_its_writer_has_come_back_is_refused(
    external_store: PostgresEventStore, external_database_url: str, proxy: Proxy, clock: MovableClock
) -> None:
    """Whoever looked and found nothing has written it again by then."""
    request_for, tail = await Requests.of(external_store), Tail(external_store.reader)
    async with group_commit(proxy.url, clock) as writing, onlooker(external_database_url) as look:
        await writing.append(request_for("s", 0, "before"))
        proxy.at_append = AtAppend.DELAY_THE_ORDER
        assert await writing.append(request_for("s", 1, "once")) == Appended(2, 2, clock())
        proxy.deliver.set()
        await eventually(lambda: proxy.delivered.is_set())
        assert await tail.read() == ["before", "once"]
        assert await value(look, b"SELECT epoch FROM contextline.writers") == 2


async def test_no_answer_is_given_before_the_old_transaction_has_ended(
    external_store: PostgresEventStore, external_database_url: str, proxy: Proxy, clock: MovableClock
) -> None:
    """It may commit still: whoever looked at once would find nothing, and write it twice."""
    request_for, tail = await Requests.of(external_store), Tail(external_store.reader)
    async with group_commit(proxy.url, clock) as writing:
        await writing.append(request_for("s", 0, "before"))
        async with lock_held(external_database_url) as look:
            proxy.at_append = AtAppend.LOSE_THE_CLIENT
            call = asyncio.create_task(writing.append(request_for("s", 1, "once")))
            # The old transaction, and its writer's new connection.
            await waits_for_the_lock(look, 2)
            assert not call.done()
        assert await call == Appended(2, 2, clock())
        assert await tail.read() == ["before", "once"]


async def test_a_version_conflict_is_told_also_when_the_answer_came_from_the_log(
    external_store: PostgresEventStore, proxy: Proxy, clock: MovableClock
) -> None:
    request_for = await Requests.of(external_store)
    async with group_commit(proxy.url, clock) as writing:
        proxy.at_append = AtAppend.LOSE_THE_ANSWER
        good, bad = await asyncio.gather(
            writing.append(request_for("s", 0, "one")),
            writing.append(request_for("s", 0, "also one")),
            return_exceptions=True,
        )
    assert good == Appended(1, 1, clock())
    assert getattr(bad, "current", None) == 1


@pytest.mark.parametrize("lost", [AtAppend.LOSE_THE_ORDER, AtAppend.LOSE_THE_ANSWER])
async def test_when_the_database_stays_away_after_a_commit_the_outcome_is_unknown(
    external_store: PostgresEventStore, proxy: Proxy, clock: MovableClock, lost: AtAppend
) -> None:
    request_for, tail = await Requests.of(external_store), Tail(external_store.reader)
    async with group_commit(proxy.url, clock, patience=0.3) as writing:
        await writing.append(request_for("s", 0, "before"))
        proxy.at_append, proxy.away = lost, True
        with pytest.raises(OutcomeUnknownError):
            await writing.append(request_for("s", 1, "perhaps"))
        assert await tail.read() == (["before"] if lost == AtAppend.LOSE_THE_ORDER else ["before", "perhaps"])
        with pytest.raises(DatabaseUnavailableError):
            await writing.append(request_for("other", 0, "not written"))
        proxy.away = False
        await writing.append(request_for("other", 0, "written"))
        assert await tail.read() == ["written"]


async def test_a_database_that_is_not_there_is_told_of(request_for: Requests, clock: MovableClock) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))  # and does not listen: nobody else can have the port meanwhile
        url = f"postgresql://nobody@127.0.0.1:{silent.getsockname()[1]}/none"
        async with group_commit(url, clock, patience=0.2) as writing:
            with pytest.raises(DatabaseUnavailableError):
                await writing.append(request_for("s", 0, "not written"))


async def test_of_two_batches_that_were_on_their_way_each_is_made_once(
    external_store: PostgresEventStore, proxy: Proxy, clock: MovableClock, external_database_url: str
) -> None:
    request_for, tail = await Requests.of(external_store), Tail(external_store.reader)
    async with group_commit(proxy.url, clock) as writing:
        await writing.append(request_for("s", 0, "before"))
        async with lock_held(external_database_url) as look:
            first = [asyncio.create_task(writing.append(request_for(f"first {n}", 0, "first"))) for n in range(20)]
            await waits_for_the_lock(look)
            assert len(writing._sent) == 2
            await look.execute(END_ALL + b" AND pid <> pg_backend_pid() AND wait_event = 'advisory'")
            await eventually(lambda: proxy.connections == 2)
        appended = await asyncio.gather(*first)
    assert sorted(result.first for result in appended) == list(range(2, 22))
    assert await tail.read() == ["before", *["first"] * 20]


async def test_a_tracked_position_whose_commit_was_not_answered_is_found(
    external_store: PostgresEventStore, proxy: Proxy, clock: MovableClock
) -> None:
    async with group_commit(proxy.url, clock) as writing:
        proxy.at_append = AtAppend.LOSE_THE_ANSWER
        await writing.append(AppendRequest(1, (), Tracking("upstream", 7)))
        with pytest.raises(TrackingConflictError, match="it is at 7"):
            await writing.append(AppendRequest(1, (), Tracking("upstream", 7)))


async def test_a_commit_stays_to_be_looked_up_when_the_look_up_itself_is_refused(
    external_store: PostgresEventStore, external_database_url: str, proxy: Proxy, clock: MovableClock
) -> None:
    """The server may be alive and refuse the lock, because the old transaction has it still."""
    request_for, tail = await Requests.of(external_store), Tail(external_store.reader)

    async def impatient() -> AsyncConnection[Any]:
        return await connect(proxy.url, API, lock_timeout="200ms")

    writing = GroupCommit(impatient, clock)
    await writing.start()
    await writing.append(request_for("s", 0, "before"))
    async with onlooker(external_database_url) as look:
        lock = b"SELECT pg_advisory_lock(28003034857104997)"
        proxy.at_append, proxy.before_the_cut = AtAppend.LOSE_THE_ANSWER, lambda: look.execute(lock)
        opened = proxy.connections
        call = asyncio.create_task(writing.append(request_for("s", 1, "once")))
        await eventually(lambda: proxy.connections >= opened + 3)
        assert not call.done()
    assert await call == Appended(2, 2, clock())
    assert await tail.read() == ["before", "once"]
    await writing.stop()


async def test_a_writer_that_was_forgotten_opens_anew(
    any_store: PostgresEventStore, any_database_url: str, request_for: Requests, tail: Tail
) -> None:
    await any_store.append_raw(request_for("s", 0, "before"))
    async with onlooker(any_database_url) as look:
        await look.execute(b"DELETE FROM contextline.writers")
    await any_store.append_raw(request_for("s", 1, "after"))
    assert await tail.read() == ["before", "after"]


async def test_the_database_forgets_writers_that_ended_and_those_that_were_not_heard_of_for_long(
    any_database_url: str, clock: MovableClock
) -> None:
    async with onlooker(any_database_url) as look:
        await look.execute(
            b"INSERT INTO contextline.writers (writer_id, epoch, opened_at) VALUES (gen_random_uuid(), 1, %s)",
            [clock()],
        )
        clock.advance(FORGOTTEN_AFTER.total_seconds() + 1)
        async with PostgresEventStore(any_database_url, clock) as store:
            await store.append_raw((await Requests.of(store))("s", 0, "one"))
            assert await value(look, b"SELECT count(*) FROM contextline.writers") == 1
        assert await value(look, b"SELECT count(*) FROM contextline.writers") == 0
