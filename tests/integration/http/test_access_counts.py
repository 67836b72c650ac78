"""How often contexts were read: told by reads and lists, after a restart, and through several processes."""

from collections.abc import AsyncIterator

import psycopg
import pytest_asyncio

from domain.access.events import AccessesRecorded
from infrastructure.postgres.connections import PROJECTION, conninfo
from tests.fixtures.clock import MovableClock
from tests.fixtures.http import Api, open_api, refused, running_projection
from tests.fixtures.waiting import eventually


@pytest_asyncio.fixture
async def other(database_url: str, clock: MovableClock) -> AsyncIterator[Api]:
    """Another process on the same database."""
    async with open_api(database_url, clock) as opened:
        yield opened


async def listed(api: Api, key: str) -> tuple[int, str | None]:
    """What the list tells when the projection has come to the end of the log."""
    page = await api.listed(keyPrefix=key, minPosition=await api.log_end())
    (item,) = page["items"]
    return item["accessCount"], item["lastAccessedAt"]


async def read(api: Api, key: str, times: int = 1) -> int:
    for _ in range(times):
        count: int = (await api.got(key))["accessCount"]
    return count


async def records(api: Api) -> int:
    events = await api.services.store.reader.log(0)
    return sum(isinstance(event.event, AccessesRecorded) for event in events)


async def test_a_list_tells_what_was_recorded(api: Api, projection: object, clock: MovableClock) -> None:
    await api.stored("k", 1)
    assert await listed(api, "k") == (0, None)
    await read(api, "k", 2)
    clock.advance(5)
    await read(api, "k")
    await api.services.accesses.record()
    assert await listed(api, "k") == (3, "2026-01-01T00:00:05Z")


async def test_many_reads_are_one_event_of_the_log(api: Api) -> None:
    for key in "abc":
        await api.stored(key, 1)
        await read(api, key, 5)
    before = await api.log_end()
    await api.services.accesses.record()
    await api.services.accesses.record()
    assert await api.log_end() == before + 1


async def test_a_restart_takes_nothing_away(database_url: str, clock: MovableClock) -> None:
    async with running_projection(database_url, clock):
        async with open_api(database_url, clock) as api:
            await api.stored("k", 1)
            assert await read(api, "k", 7) == 7
        clock.advance(60)
        async with open_api(database_url, clock) as api:
            assert await listed(api, "k") == (7, "2026-01-01T00:00:00Z")
            document = await api.got("k")
            assert (document["accessCount"], document["lastAccessedAt"]) == (8, "2026-01-01T00:00:00Z")


async def test_two_processes_come_to_the_true_number(
    api: Api, other: Api, projection: object, clock: MovableClock
) -> None:
    await api.stored("k", 1)
    await read(api, "k", 3)
    await read(other, "k", 5)
    for process in (api, other):
        await process.services.accesses.record()
    assert (await listed(api, "k"))[0] == 8
    for process in (api, other):
        await process.services.accesses.take_over()
    assert await read(api, "k") == 9
    assert await read(other, "k") == 9


async def test_they_do_so_by_themselves(database_url: str, clock: MovableClock) -> None:
    async with (
        running_projection(database_url, clock),
        open_api(database_url, clock, access_interval=0.05) as one,
        open_api(database_url, clock, access_interval=0.05) as two,
    ):
        await one.stored("k", 1)
        await read(one, "k", 3)
        await read(two, "k", 5)
        await eventually(lambda: has_count(two, 8))
        made = 8

        async def knows_all() -> bool:
            nonlocal made
            made += 1
            return await read(one, "k") == made

        await eventually(knows_all)
        await eventually(lambda: has_count(two, made))


async def has_count(api: Api, count: int) -> bool:
    return (await listed(api, "k"))[0] == count


async def test_what_is_stored_again_after_its_deletion_begins_anew(
    api: Api, projection: object, clock: MovableClock
) -> None:
    await api.stored("k", 1)
    await read(api, "k", 3)
    await api.services.accesses.record()
    await read(api, "k", 2)
    await api.delete("k")
    clock.advance(1)
    await api.stored("k", 2)
    await api.services.accesses.record()
    assert await listed(api, "k") == (0, None)
    assert await read(api, "k") == 1
    await api.services.accesses.record()
    assert await listed(api, "k") == (1, "2026-01-01T00:00:01Z")


async def test_a_change_of_a_context_leaves_its_reads(api: Api, projection: object) -> None:
    await api.stored("k", 1)
    await read(api, "k", 3)
    await api.services.accesses.record()
    await api.stored("k", 2)
    await api.updated("k", 3)
    assert (await listed(api, "k"))[0] == 3
    assert await read(api, "k") == 4


async def test_reads_are_counted_where_no_read_model_was_ever_built(api: Api) -> None:
    await api.stored("k", 1)
    assert await read(api, "k", 3) == 3
    await api.services.accesses.record()
    await api.services.accesses.take_over()
    assert await read(api, "k") == 4


async def test_only_reads_of_the_present_are_counted(api: Api, projection: object) -> None:
    await api.stored("k", 1)
    await api.updated("k", 2)
    past = await api.got("k", version=1)
    assert "accessCount" not in past
    assert await listed(api, "k") == (0, None)
    assert await read(api, "k") == 1


async def test_tables_of_an_older_program_get_what_they_lack(
    api: Api, other: Api, database_url: str, clock: MovableClock
) -> None:
    async with running_projection(database_url, clock):
        await api.stored("k", 1)
        await listed(api, "k")
    with psycopg.connect(conninfo(database_url, PROJECTION)) as connection:
        for column in ("access_count", "last_accessed_at"):
            connection.execute(f"ALTER TABLE current_state_v1.contexts DROP COLUMN {column}".encode())
    assert await read(other, "k", 2) == 2
    await refused(api, api.http.get("/api/context/list"), 503, "read-model-behind")
    await other.services.accesses.record()
    async with running_projection(database_url, clock):
        assert (await listed(api, "k"))[0] == 2
