"""One call gives all that an agent needs to go on with a session, now and as of any past point."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from interfaces.bootstrap import run_projections
from tests.fixtures.clock import MovableClock
from tests.fixtures.http import Api, make_settings, places, refused


@pytest_asyncio.fixture
async def followed(database_url: str, clock: MovableClock) -> AsyncIterator[None]:
    """The read model and the policies, which know who belonged to whom."""
    task = asyncio.create_task(run_projections(make_settings(), database_url, ["current_state", "policies"], clock))
    yield
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def reconstructed(api: Api, session_id: str = "s", **query: Any) -> Any:
    if not {"asOf", "asOfPosition"} & query.keys():
        query.setdefault("minPosition", await api.log_end())
    answer = await api.http.get("/api/sessions/reconstruct", params={"id": session_id, **query})
    assert answer.status_code == 200, answer.text
    return answer.json()


async def post(api: Api, path: str, body: Any, **query: Any) -> Any:
    answer = await api.http.post(path, json=body, params=query)
    assert answer.is_success, answer.text
    return answer.json()


def keys(made: Any, part: str = "relevant") -> list[str]:
    return [item["key"] for item in made[part]]


async def begin(api: Api) -> None:
    await post(api, "/api/sessions", {"id": "s", "userId": "u"})
    task = {"id": "t-1", "sessionId": "s", "description": "d", "files": ["src/a.py"], "codeArea": "src"}
    await post(api, "/api/tasks", task)
    files = [{"path": "src/a.py"}, {"path": "src/b.py"}]
    await post(api, "/api/context/capture", {"source": "e", "files": files, "options": {"sessionId": "s"}})
    await api.stored("note", {"text": "n"}, sessionId="s", ttl=None)


async def test_a_session_now(api: Api, followed: None) -> None:
    await begin(api)
    made = await reconstructed(api)
    assert (made["session"]["id"], made["session"]["userId"], made["session"]["status"]) == ("s", "u", "active")
    assert [task["id"] for task in made["activeTasks"]] == ["t-1"]
    relevance = {item["key"]: item["relevance"]["taskRelevance"] for item in made["relevant"]}
    assert relevance == {"capture/file/src/a.py": 0.8, "capture/file/src/b.py": 0.6, "note": 0.0}
    assert keys(made)[:2] == ["capture/file/src/a.py", "capture/file/src/b.py"]
    assert keys(made, "recent") == ["note", "capture/file/src/b.py", "capture/file/src/a.py"]
    assert all("data" not in item for item in made["recent"])
    assert [(each["kind"], each["strength"]) for each in made["relationships"]] == [("directory", 0.8)]
    assert made["position"] == await api.log_end()
    assert made["complete"] is True


async def test_tasks_that_have_ended_are_not_active(api: Api, followed: None) -> None:
    await begin(api)
    await post(api, "/api/tasks/start", {}, id="t-1")
    assert [task["status"] for task in (await reconstructed(api))["activeTasks"]] == ["in_progress"]
    await post(api, "/api/tasks/complete", {}, id="t-1")
    made = await reconstructed(api)
    assert made["activeTasks"] == []
    assert made["relevant"][0]["relevance"]["taskRelevance"] == 0.5


async def test_what_is_written_is_seen_within_the_same_second(api: Api, followed: None) -> None:
    await begin(api)
    first = await reconstructed(api)
    assert await reconstructed(api) == first
    await api.updated("note", {"text": "changed"})
    second = await reconstructed(api)
    assert next(item for item in second["relevant"] if item["key"] == "note")["data"] == {"text": "changed"}


async def test_scores_follow_the_clock(api: Api, followed: None, clock: MovableClock) -> None:
    await begin(api)
    first = await reconstructed(api)
    clock.advance(1800)
    second = await reconstructed(api)
    assert second["relevant"][0]["relevance"]["timeDecay"] == pytest.approx(0.95**0.5)
    assert second["relevant"][0]["relevance"]["score"] < first["relevant"][0]["relevance"]["score"]


async def test_as_of_a_past_point_what_was_deleted_since_is_there(
    api: Api, followed: None, clock: MovableClock
) -> None:
    await begin(api)
    now = await reconstructed(api)
    position, instant = await api.log_end(), clock()
    clock.advance(60)
    await api.delete("note")
    await api.delete("capture/file/src/a.py", namespace="s")
    await post(api, "/api/tasks/cancel", {}, id="t-1")
    await api.stored("later", 1, sessionId="s")
    assert sorted(keys(await reconstructed(api))) == ["capture/file/src/b.py", "later"]
    for point in ({"asOfPosition": position}, {"asOf": instant.isoformat()}):
        then = await reconstructed(api, **point)
        assert then["position"] == position
        for part in ("activeTasks", "relevant", "recent", "relationships", "candidates", "budget"):
            assert without_reads(then[part]) == without_reads(now[part]), part
        assert then["session"]["status"] == "active"


def without_reads(part: Any) -> Any:
    """How often it was read is told of now alone."""
    if not isinstance(part, list):
        return part
    return [
        {name: value for name, value in each.items() if name not in ("accessCount", "lastAccessedAt")} for each in part
    ]


async def test_as_of_a_past_point_a_deleted_session_is_there(api: Api, followed: None) -> None:
    await begin(api)
    position = await api.log_end()
    await reconstructed(api)
    assert (await api.http.delete("/api/sessions/delete", params={"id": "s"})).is_success
    assert (await api.http.get("/api/sessions/reconstruct", params={"id": "s"})).status_code == 404
    then = await reconstructed(api, asOfPosition=position)
    assert sorted(keys(then)) == ["capture/file/src/a.py", "capture/file/src/b.py", "note"]


async def test_what_moved_to_another_session_is_where_it_was_then(api: Api, followed: None) -> None:
    await begin(api)
    position = await api.log_end()
    await post(api, "/api/sessions", {"id": "other"})
    assert (
        await api.http.put("/api/context/update", params={"key": "note"}, json={"options": {"sessionId": "other"}})
    ).is_success
    end = await api.log_end()
    assert "note" in keys(await reconstructed(api, asOfPosition=position))
    assert "note" not in keys(await reconstructed(api, asOfPosition=end))
    assert keys(await reconstructed(api, "other", asOfPosition=end)) == ["note"]


async def test_what_had_expired_then_is_not_there(api: Api, followed: None, clock: MovableClock) -> None:
    await post(api, "/api/sessions", {"id": "s"})
    await api.stored("short", 1, sessionId="s", ttl=10)
    clock.advance(5)
    there = clock()
    clock.advance(5)
    gone = clock()
    clock.advance(5)
    assert keys(await reconstructed(api, asOf=there.isoformat())) == ["short"]
    assert keys(await reconstructed(api, asOf=gone.isoformat())) == []
    assert keys(await reconstructed(api)) == []


async def test_a_budget_bounds_what_comes_with_data(api: Api, followed: None) -> None:
    await begin(api)
    made = await reconstructed(api, bytes=10)
    assert made["relevant"] == []
    assert len(made["recent"]) == 3
    assert len((await reconstructed(api, recent=1))["recent"]) == 1


async def test_by_path(api: Api, followed: None) -> None:
    await begin(api)
    answer = await api.http.get("/api/sessions/reconstruct/s", params={"minPosition": await api.log_end()})
    assert answer.json()["session"]["id"] == "s"


BAD: list[tuple[dict[str, Any], set[str]]] = [
    ({}, {"id"}),
    ({"id": "s", "limit": 0}, {"limit"}),
    ({"id": "s", "recent": 201}, {"recent"}),
    ({"id": "s", "tokens": 5}, {"tokens"}),
    ({"id": "s", "asOf": "yesterday"}, {"asOf"}),
    ({"id": "s", "asOf": "2999-01-01T00:00:00Z"}, {"asOf"}),
    ({"id": "s", "since": 1}, {"since"}),
]


@pytest.mark.parametrize(("query", "where"), BAD, ids=[str(index) for index in range(len(BAD))])
async def test_bad_queries_are_refused(api: Api, query: dict[str, Any], where: set[str]) -> None:
    asking = api.http.get("/api/sessions/reconstruct", params=query)
    assert places(await refused(api, asking, 422, "invalid-input")) == where


async def test_a_session_that_is_not_there(api: Api, followed: None) -> None:
    await begin(api)
    await reconstructed(api)
    asking = api.http.get("/api/sessions/reconstruct", params={"id": "none"})
    await refused(api, asking, 404, "session-not-found")
    asking = api.http.get("/api/sessions/reconstruct", params={"id": "s", "asOfPosition": 0})
    await refused(api, asking, 404, "session-not-found")
    asking = api.http.get("/api/sessions/reconstruct", params={"id": "s", "asOfPosition": 10**9})
    await refused(api, asking, 409, "position-not-in-log")
