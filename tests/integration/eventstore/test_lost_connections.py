"""A caller whose connection is lost gets one answer, and the log holds its events once or not at all."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import psycopg
import pytest
from psycopg import AsyncConnection

from domain.errors import DatabaseUnavailableError, OutcomeUnknownError
from infrastructure.eventstore import group_commit as module
from infrastructure.eventstore.append import commit, was_committed
from infrastructure.eventstore.group_commit import GroupCommit, Limits
from infrastructure.eventstore.requests import Appended, AppendRequest, Plan, Tracking
from infrastructure.eventstore.store import PostgresEventStore
from infrastructure.postgres.connections import API, connect
from tests.fixtures.clock import MovableClock
from tests.fixtures.waiting import eventually
from tests.integration.eventstore.eventstore_support import (
    Requests,
    Tail,
    lock_held,
    onlooker,
    waits_for_the_lock,
    writer,
)
from tests.integration.eventstore.proxy import AtCommit, Proxy, proxied

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
async def group_commit(url: str, clock: MovableClock, patience: float = 10.0) -> AsyncIterator[GroupCommit]:
    made = GroupCommit(lambda: connect(url, API), clock, Limits(patience=patience))
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


@pytest.mark.parametrize("lost", [AtCommit.LOSE_THE_ORDER, AtCommit.LOSE_THE_ANSWER])
async def test_a_commit_that_is_not_answered_is_made_once(
    external_store: PostgresEventStore, proxy: Proxy, clock: MovableClock, lost: AtCommit
) -> None:
    request_for, tail = await Requests.of(external_store), Tail(external_store.reader)
    async with group_commit(proxy.url, clock) as writing:
        await writing.append(request_for("s", 0, "before"))
        proxy.at_commit = lost
        results = await asyncio.gather(
            writing.append(request_for("s", 1, "two", "three")), writing.append(request_for("new", 0, "beside it"))
        )
        assert proxy.at_commit == AtCommit.PASS
        assert proxy.connections == 2
        assert results == [Appended(2, 3, clock()), Appended(4, 4, clock())]
        assert await tail.read() == ["before", "two", "three", "beside it"]
        await writing.append(request_for("s", 3, "after"))
        assert await tail.read() == ["after"]


async def test_no_answer_is_given_before_the_old_transaction_has_ended(
    external_store: PostgresEventStore, external_database_url: str, proxy: Proxy, clock: MovableClock
) -> None:
    """Its COMMIT may be on the way still: whoever looked at once would find nothing, and write it twice."""
    request_for, tail = await Requests.of(external_store), Tail(external_store.reader)
    async with group_commit(proxy.url, clock) as writing, onlooker(external_database_url) as look:
        await writing.append(request_for("s", 0, "before"))
        proxy.at_commit = AtCommit.DELAY_THE_ORDER
        call = asyncio.create_task(writing.append(request_for("s", 1, "once")))
        await waits_for_the_lock(look)
        assert await tail.read() == ["before"]
        assert not call.done()
        proxy.deliver.set()
        assert await call == Appended(2, 2, clock())
        assert await tail.read() == ["once"]


async def test_a_version_conflict_is_told_also_when_the_answer_came_from_the_log(
    external_store: PostgresEventStore, proxy: Proxy, clock: MovableClock
) -> None:
    request_for = await Requests.of(external_store)
    async with group_commit(proxy.url, clock) as writing:
        proxy.at_commit = AtCommit.LOSE_THE_ANSWER
        good, bad = await asyncio.gather(
            writing.append(request_for("s", 0, "one")),
            writing.append(request_for("s", 0, "also one")),
            return_exceptions=True,
        )
    assert good == Appended(1, 1, clock())
    assert getattr(bad, "current", None) == 1


@pytest.mark.parametrize("lost", [AtCommit.LOSE_THE_ORDER, AtCommit.LOSE_THE_ANSWER])
async def test_when_the_database_stays_away_after_a_commit_the_outcome_is_unknown(
    external_store: PostgresEventStore, proxy: Proxy, clock: MovableClock, lost: AtCommit
) -> None:
    request_for, tail = await Requests.of(external_store), Tail(external_store.reader)
    async with group_commit(proxy.url, clock, patience=0.3) as writing:
        await writing.append(request_for("s", 0, "before"))
        proxy.at_commit, proxy.away = lost, True
        with pytest.raises(OutcomeUnknownError):
            await writing.append(request_for("s", 1, "perhaps"))
        assert await tail.read() == (["before"] if lost == AtCommit.LOSE_THE_ORDER else ["before", "perhaps"])
        with pytest.raises(DatabaseUnavailableError):
            await writing.append(request_for("other", 0, "not written"))
        proxy.away = False
        await writing.append(request_for("other", 0, "written"))
        assert await tail.read() == ["written"]


async def test_a_database_that_is_not_there_is_told_of(request_for: Requests, clock: MovableClock) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    async with group_commit(f"postgresql://nobody@127.0.0.1:{port}/none", clock, patience=0.2) as writing:
        with pytest.raises(DatabaseUnavailableError):
            await writing.append(request_for("s", 0, "not written"))


async def test_the_log_tells_whether_a_plan_was_committed(
    any_database_url: str, clock: MovableClock, request_for: Requests
) -> None:
    url = any_database_url
    async with writer(url, clock) as one, writer(url, clock) as other:
        planned = await one.take_the_lock(request_for("s", 0, "one"))
        await one.roll_back()
        assert not await was_committed(other.connection, planned)
        # Another's event at that position is not ours, even if it looks alike in all but its stream.
        await other.append(request_for("t", 0, "one"))
        assert not await was_committed(other.connection, planned)
        later = await one.append(request_for("s", 0, "one"))
        assert await was_committed(other.connection, later)


async def test_a_tracked_position_whose_commit_was_not_answered_is_found(
    any_database_url: str, clock: MovableClock, request_for: Requests
) -> None:
    async with writer(any_database_url, clock) as one:
        request = AppendRequest(1, (), Tracking("upstream", 7))
        planned = await one.append(request)
        assert await was_committed(one.connection, planned)


async def test_a_commit_stays_to_be_looked_up_when_the_look_up_itself_is_refused(
    any_database_url: str, clock: MovableClock, request_for: Requests, tail: Tail, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server may be alive and refuse the lock, because the old transaction has it still."""
    commits, look_ups = 0, 0

    async def commit_and_lose_the_answer(connection: AsyncConnection[Any], planned: Plan) -> None:
        nonlocal commits
        commits += 1
        await commit(connection, planned)
        if commits == 1:
            await connection.close()
            raise psycopg.OperationalError("the answer was lost")

    async def refused_once(connection: AsyncConnection[Any], planned: Plan) -> bool:
        nonlocal look_ups
        look_ups += 1
        if look_ups == 1:
            raise psycopg.errors.LockNotAvailable("canceling statement due to lock timeout")
        return await was_committed(connection, planned)

    monkeypatch.setattr(module, "commit", commit_and_lose_the_answer)
    monkeypatch.setattr(module, "was_committed", refused_once)
    async with group_commit(any_database_url, clock) as one:
        appended = await one.append(request_for("s", 0, "once"))
    assert (commits, look_ups, appended.first) == (1, 2, 1)
    assert await tail.read() == ["once"]
