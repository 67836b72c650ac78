"""The database goes away and comes back: refusals that say so, nothing half written, recovery by itself."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from infrastructure.postgres.embedded import EmbeddedPostgres
from infrastructure.postgres.migrate import migrate
from tests.fixtures.clock import MovableClock
from tests.fixtures.http import PROBLEM, Api, open_api, running_projection
from tests.fixtures.waiting import eventually
from tests.integration.postgres.embedded_support import FAST, reachable_folder


@pytest.fixture
def postgres() -> Iterator[EmbeddedPostgres]:
    """A server of this test's own, to be stopped by it."""
    with reachable_folder() as folder:
        server = EmbeddedPostgres(folder / "data", settings=FAST)
        server.start()
        migrate(server.url())
        yield server
        server.stop()


@pytest_asyncio.fixture
async def own_api(postgres: EmbeddedPostgres, clock: MovableClock) -> AsyncIterator[Api]:
    url = postgres.url()
    # A write tells soon that the database is away.
    async with running_projection(url, clock), open_api(url, clock, append_patience=0.5) as api:
        yield api


async def test_while_the_database_is_away_calls_are_503_and_when_it_is_back_they_work_again(
    own_api: Api, postgres: EmbeddedPostgres
) -> None:
    api = own_api
    await api.stored("k", {"n": 1})
    await api.stored("cached", {"n": 1})
    assert await api.keys() == ["k", "cached"]
    before = await api.log_end()

    postgres.stop()
    answers = await asyncio.gather(
        api.store("new", 1),
        api.update("k", {"n": 2}),
        api.delete("cached"),
        api.get("k"),
        api.http.get("/api/context/list"),
        api.http.get("/api/context/list", params={"minPosition": before}),
        api.http.get("/api/context/history/k"),
        api.http.get("/api/projections"),
        api.http.post("/api/sessions", json={"id": "s"}),
        api.http.get("/api/sessions/get/s"),
    )
    for answer in answers:
        assert (answer.status_code, answer.headers["content-type"]) == (503, PROBLEM), answer.text
        assert int(answer.headers["retry-after"]) >= 1
        assert answer.json()["code"] == "database-unavailable"
    health = await api.http.get("/api/context/health")
    assert (health.status_code, health.json()["status"]) == (503, "unhealthy")
    assert health.json()["checks"]["database"]["status"] == "unhealthy"
    # What is wrong with a request does not depend on the database.
    assert (await api.store("", 1)).status_code == 422

    postgres.start()

    async def recovered() -> bool:
        answer = await api.http.get("/api/context/health")
        return answer.status_code == 200

    await eventually(recovered)
    assert await api.log_end() == before
    assert (await api.got("k"))["data"] == {"n": 1}
    assert (await api.get("new")).status_code == 404
    assert (await api.updated("k", {"n": 1}, changeType="increment"))["version"] == 2
    assert (await api.got("k"))["data"] == {"n": 2}
    assert (await api.delete("cached")).status_code == 200
    page = await api.listed(minPosition=await api.log_end(), timeout=60)
    assert [item["key"] for item in page["items"]] == ["k"]
