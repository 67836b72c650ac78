"""A reader that has seen a position never later finds a new event at or below it, whatever the writers do."""

import asyncio
import json
import subprocess
import sys
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from infrastructure.eventstore.store import PostgresEventStore
from infrastructure.postgres.connections import API, connect
from tests.fixtures.clock import START, MovableClock
from tests.fixtures.waiting import DEADLINE
from tests.integration.eventstore.eventstore_support import (
    Requests,
    Tail,
    onlooker,
    value,
    waits_for_the_lock,
    writer,
)

ROOT = Path(__file__).resolve().parents[3]
MODULE = "tests.integration.eventstore.tail_processes"
WRITERS, APPENDS, READERS = 6, 300, 2


@pytest.fixture
async def request_for(any_store: PostgresEventStore) -> Requests:
    return await Requests.of(any_store)


@pytest.fixture
def tail(any_store: PostgresEventStore) -> Tail:
    return Tail(any_store.reader)


Start = Callable[..., Awaitable[asyncio.subprocess.Process]]


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    """Starts processes that are there no longer when the test has ended."""
    started: list[asyncio.subprocess.Process] = []

    async def one(*words: str) -> asyncio.subprocess.Process:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", MODULE, *words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT
        )
        started.append(process)
        return process

    yield one
    for process in started:
        if process.returncode is None:
            process.kill()
            await process.communicate()


async def test_a_fast_append_waits_for_a_slow_one_that_came_first(
    any_database_url: str, clock: MovableClock, request_for: Requests, tail: Tail
) -> None:
    url = any_database_url
    async with writer(url, clock) as slow, writer(url, clock) as fast, onlooker(url) as look:
        await slow.take_the_lock(request_for("slow", 0, "slow began first"))
        hurry = asyncio.create_task(fast.append(request_for("fast", 0, "fast came second")))
        await waits_for_the_lock(look)
        assert await tail.read() == []
        assert not hurry.done()

        await slow.commit()
        await hurry

        assert await tail.read() == ["slow began first", "fast came second"]
        assert tail.positions() == [1, 2]


async def test_a_reader_between_the_two_commits_goes_on_with_the_second(
    any_database_url: str, clock: MovableClock, request_for: Requests, tail: Tail
) -> None:
    url = any_database_url
    async with writer(url, clock) as slow, writer(url, clock) as fast, onlooker(url) as look:
        await slow.take_the_lock(request_for("slow", 0, "slow"))
        hurry = asyncio.create_task(fast.take_the_lock(request_for("fast", 0, "fast")))
        await waits_for_the_lock(look)
        await slow.commit()
        assert await tail.read() == ["slow"]
        planned = await hurry
        assert planned.before == tail.position
        assert await tail.read() == []
        await fast.commit()
        assert await tail.read() == ["fast"]


async def test_a_position_that_was_rolled_back_is_taken_by_the_next(
    any_database_url: str, clock: MovableClock, request_for: Requests, tail: Tail
) -> None:
    url = any_database_url
    async with writer(url, clock) as first, writer(url, clock) as second, onlooker(url) as look:
        reserved = await first.take_the_lock(request_for("one", 0, "never was", "nor was this"))
        waiting = asyncio.create_task(second.append(request_for("two", 0, "was")))
        await waits_for_the_lock(look)
        await first.roll_back()
        written = await waiting
        assert written.before == reserved.before
        assert await tail.read() == ["was"]
        await first.append(request_for("one", 0, "came after all"))
        assert await tail.read() == ["came after all"]
        assert tail.positions() == [1, 2]


async def test_a_position_reserved_by_a_connection_that_is_lost_leaves_no_hole(
    any_database_url: str, clock: MovableClock, request_for: Requests, tail: Tail
) -> None:
    url = any_database_url
    async with writer(url, clock) as lost, writer(url, clock) as heir, onlooker(url) as look:
        await lost.append(request_for("one", 0, "before"))
        await lost.take_the_lock(request_for("one", 1, "never committed"))
        assert await tail.read() == ["before"]
        waiting = asyncio.create_task(heir.append(request_for("one", 1, "after")))
        await waits_for_the_lock(look)
        assert await tail.read() == []

        await look.execute(b"SELECT pg_terminate_backend(%s)", [lost.connection.info.backend_pid])

        await waiting
        assert await tail.read() == ["after"]
        assert tail.positions() == [1, 2]
        with pytest.raises(psycopg.OperationalError):
            await lost.commit()
        assert await tail.read() == []


async def test_a_process_killed_while_it_holds_the_lock_holds_it_no_longer(
    any_database_url: str, clock: MovableClock, request_for: Requests, tail: Tail, start: Start
) -> None:
    url = any_database_url
    async with writer(url, clock) as heir, onlooker(url) as look:
        killed = await start("hold", url)
        assert killed.stdout is not None
        assert await killed.stdout.readline() == b"holding position 1\n"
        waiting = asyncio.create_task(heir.append(request_for("one", 0, "written by the heir")))
        await waits_for_the_lock(look)
        killed.kill()
        await waiting
        await killed.communicate()
        assert await tail.read() == ["written by the heir"]
        assert tail.positions() == [1]


async def test_an_old_open_transaction_hides_nothing_from_others(
    any_database_url: str, clock: MovableClock, request_for: Requests, tail: Tail
) -> None:
    url = any_database_url
    count = b"SELECT count(*) FROM contextline.events"
    async with writer(url, clock) as busy, await connect(url, API) as old:
        await old.execute(b"SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        assert await value(old, count) == 0
        # It has written too, so that it is the oldest transaction of the database and keeps its snapshots back.
        await old.execute(b"INSERT INTO contextline.tenants (name) VALUES ('of an old transaction')")
        await busy.append(request_for("one", 0, "first"))
        assert await tail.read() == ["first"]
        await busy.append(request_for("one", 1, "second"))
        assert await tail.read() == ["second"]
        assert await value(old, count) == 0
        await old.commit()
        assert await tail.read() == []
        assert await value(old, count) == 2


async def test_a_writer_with_an_old_snapshot_sees_what_was_committed_while_it_waited(
    any_database_url: str, clock: MovableClock, request_for: Requests, tail: Tail
) -> None:
    url = any_database_url
    async with writer(url, clock) as first, writer(url, clock) as second, onlooker(url) as look:
        await first.take_the_lock(request_for("shared", 0, "one"))
        waiting = asyncio.create_task(second.take_the_lock(request_for("shared", 1, "two")))
        await waits_for_the_lock(look)
        await first.commit()
        await waiting  # its transaction began before the first one's commit, and would conflict had it not seen it
        await second.commit()
        assert await tail.read() == ["one", "two"]
        assert [recorded.version for recorded in tail.seen] == [1, 2]


async def test_a_reader_that_looks_after_each_step_tells_the_story_in_order(
    any_database_url: str, clock: MovableClock, request_for: Requests, tail: Tail
) -> None:
    url = any_database_url
    async with writer(url, clock) as one, writer(url, clock) as other:
        told: list[str] = []
        for turn in range(8):
            active = (one, other)[turn % 2]
            await active.take_the_lock(request_for("shared", turn - turn // 4, f"turn {turn}"))
            told += await tail.read()
            if turn % 4 == 3:
                await active.roll_back()
            else:
                await active.commit()
            told += await tail.read()
    assert told == ["turn 0", "turn 1", "turn 2", "turn 4", "turn 5", "turn 6"]
    assert tail.positions() == [1, 2, 3, 4, 5, 6]


async def test_recorded_time_never_falls_when_another_clock_is_behind(
    any_database_url: str, request_for: Requests, tail: Tail
) -> None:
    url = any_database_url
    right, behind = MovableClock(), MovableClock()
    behind.advance(-60)
    async with writer(url, right) as one, writer(url, behind) as other:
        await one.append(request_for("s", 0, "on time"))
        await other.append(request_for("s", 1, "a minute behind"))
        right.advance(-3600)
        await one.append(request_for("s", 2, "set back by an hour"))
        behind.advance(61)
        await other.append(request_for("s", 3, "caught up"))
    await tail.read()
    times = [(recorded.recorded_at - START).total_seconds() for recorded in tail.seen]
    assert times == [0, 0, 0, 1]


async def finish(process: asyncio.subprocess.Process, word: str = "") -> list[Any]:
    output, _ = await asyncio.wait_for(process.communicate(word.encode()), 5 * DEADLINE)
    assert process.returncode == 0
    return [json.loads(line) for line in output.splitlines()]


@pytest.mark.parametrize("server", ["database_url", "external_database_url"])
async def test_six_writing_processes_and_two_that_read(
    server: str, start: Start, request: pytest.FixtureRequest
) -> None:
    url = request.getfixturevalue(server)
    readers = [await start("follow", url), await start("poll", url)]
    writers = [await start("write", url, str(number), str(APPENDS)) for number in range(WRITERS)]
    acknowledged = [line for lines in await asyncio.gather(*map(finish, writers)) for line in lines]
    assert len(acknowledged) == WRITERS * APPENDS

    async with onlooker(url) as look:
        end = await value(look, b"SELECT max(position) FROM contextline.events")
        commits = await value(look, b"SELECT count(DISTINCT xmin::text) FROM contextline.events")
    seen, polled = await asyncio.gather(*(finish(reader, f"{end}\n") for reader in readers))

    assert seen == polled
    assert [position for position, *_ in seen] == list(range(1, end + 1))
    told = {what: position for position, _, _, what, _ in seen}
    assert told == {what: position for append in acknowledged for what, position in append}
    versions = defaultdict(list)
    for _, stream, version, *_ in seen:
        versions[stream].append(version)
    for stream, run in versions.items():
        assert run == list(range(1, len(run) + 1)), stream
    times = [at for *_, at in seen]
    assert times == sorted(times)
    assert commits < len(acknowledged)
