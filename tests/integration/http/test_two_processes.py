"""Two processes' worth of caches on one database: no lost update, and no read that overlooks an acknowledged write."""

import asyncio
from collections.abc import AsyncIterator

import psycopg
import pytest_asyncio

from infrastructure.postgres.embedded import SUPERUSER
from tests.fixtures.clock import MovableClock
from tests.fixtures.http import Api, open_api, refused


@pytest_asyncio.fixture
async def other(database_url: str, clock: MovableClock) -> AsyncIterator[Api]:
    """Another process on the same database."""
    async with open_api(database_url, clock) as opened:
        yield opened


async def test_concurrent_updates_through_both_lose_nothing(api: Api, other: Api) -> None:
    await api.stored("k", {"n": 0, "who": []})
    operations = [(api if number % 2 else other, number) for number in range(16)]

    async def work(process: Api, number: int) -> list[int]:
        versions = []
        for _ in range(5):
            versions.append((await process.updated("k", {"n": 1}, changeType="increment"))["version"])
            versions.append((await process.updated("k", {"who": [number]}, changeType="append"))["version"])
        return versions

    versions = await asyncio.gather(*(work(process, number) for process, number in operations))
    assert sorted(version for each in versions for version in each) == list(range(2, 162))
    for process in (api, other):
        data = (await process.got("k"))["data"]
        assert data["n"] == 80
        assert sorted(data["who"]) == sorted(list(range(16)) * 5)


async def test_of_concurrent_stores_on_the_same_version_one_succeeds(api: Api, other: Api) -> None:
    await api.stored("k", 0)
    asked = [process.store("k", number, expectedVersion=1) for number in range(8) for process in (api, other)]
    answers = await asyncio.gather(*asked)
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 15
    (won,) = [number // 2 for number, answer in enumerate(answers) if answer.status_code == 200]
    assert ((await other.got("k"))["data"], await api.log_end()) == (won, 2)


async def test_of_concurrent_first_stores_one_creates(api: Api, other: Api) -> None:
    absent = {"If-None-Match": "*"}
    asked = [process.store("k", 0, headers=absent) for _ in range(8) for process in (api, other)]
    answers = await asyncio.gather(*asked)
    assert sorted(answer.status_code for answer in answers) == [201] + [412] * 15
    assert await api.log_end() == 1


async def test_a_read_through_one_sees_what_the_other_acknowledged(api: Api, other: Api) -> None:
    for number in range(20):
        writer, reader = (api, other) if number % 2 else (other, api)
        await writer.stored("k", number)
        assert (await reader.got("k"))["data"] == number
        await writer.delete("k")
        await refused(reader, reader.get("k"), 404, "context-not-found")


async def test_a_refusal_is_decided_on_what_the_log_says_not_on_what_is_remembered(api: Api, other: Api) -> None:
    await api.stored("k", {"n": 1})
    await other.delete("k")
    assert (await api.store("k", 2, headers={"If-None-Match": "*"})).status_code == 201
    await other.updated("k", {"list": []})
    assert (await api.updated("k", {"list": [1]}, changeType="append"))["version"] == 5


async def test_after_a_restore_from_a_backup_what_was_remembered_is_not_believed(
    api: Api, other: Api, database_url: str
) -> None:
    await api.stored("k", "kept")
    await api.updated("k", "lost by the restore")
    # The log itself lets no one delete from it but who can switch its guard off.
    with psycopg.connect(database_url.replace("//contextline@", f"//{SUPERUSER}@")) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute("DELETE FROM contextline.events WHERE version = 2")
        connection.execute("UPDATE contextline.streams SET version = 1")
    assert (await api.got("k"))["data"] == "kept"
    await other.updated("k", "written anew")
    assert (await api.got("k"))["data"] == "written anew"
    assert (await api.updated("k", "and on"))["version"] == 3
