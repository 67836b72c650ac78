"""A reconstruction has what goes with a session: preferences of its user, its decisions, open conflicts."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import pytest_asyncio

from interfaces.bootstrap import run_projections
from tests.fixtures.clock import MovableClock
from tests.fixtures.http import Api, make_settings, open_api, refused
from tests.fixtures.keys import key_settings

__all__ = ["key_settings"]


@pytest_asyncio.fixture
async def sealed(database_url: str, clock: MovableClock, key_settings: dict[str, Any]) -> AsyncIterator[Api]:
    """An API that can encrypt, its read model and its policies."""
    names = ["current_state", "policies"]
    task = asyncio.create_task(run_projections(make_settings(**key_settings), database_url, names, clock))
    async with open_api(database_url, clock, **key_settings) as opened:
        yield opened
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def post(api: Api, path: str, body: Any) -> Any:
    answer = await api.http.post(path, json=body)
    assert answer.is_success, answer.text
    return answer.json()


async def reconstructed(api: Api, **query: Any) -> Any:
    if "asOfPosition" not in query:
        query["minPosition"] = await api.log_end()
    answer = await api.http.get("/api/sessions/reconstruct", params={"id": "s", **query})
    assert answer.status_code == 200, answer.text
    return answer.json()


async def decide(api: Api, value: Any, **body: Any) -> str:
    made = await post(api, "/api/decisions", {"sessionId": "s", "decision": value, **body})
    return str(made["id"])


async def prefer(api: Api, value: Any, user: str = "ada", **body: Any) -> None:
    await post(api, "/api/preferences/set", {"userId": user, "type": "style", "key": "tabs", "value": value, **body})


async def open_conflict(api: Api, key: str) -> Any:
    """A context whose `/n` two writers changed differently, left to a person."""
    await api.stored(key, {"n": 1}, sessionId="s")
    await api.updated(key, {"n": 2})
    body = {"data": {"n": 3}, "baseVersion": 1, "options": {"critical": ["/n"], "agentId": "b"}}
    return (await post(api, f"/api/context/sync/{key}", body))["conflicts"][0]


def preferred(made: Any) -> list[Any]:
    return [item["value"] for item in made["preferences"]["items"]]


async def test_preferences_are_those_of_the_sessions_user_now_and_then(sealed: Api) -> None:
    await post(sealed, "/api/sessions", {"id": "s", "userId": "ada"})
    assert (await reconstructed(sealed))["preferences"]["items"] == []
    await prefer(sealed, 4)
    await prefer(sealed, 3, user="eve")
    position = await sealed.log_end()
    await prefer(sealed, 8)
    assert preferred(await reconstructed(sealed)) == [8]
    then = await reconstructed(sealed, asOfPosition=position)
    assert (preferred(then), then["preferences"]["userId"]) == ([4], "ada")


async def test_a_session_without_a_user_has_none(sealed: Api) -> None:
    await post(sealed, "/api/sessions", {"id": "s"})
    assert (await reconstructed(sealed))["preferences"] is None
    assert (await reconstructed(sealed, asOfPosition=await sealed.log_end()))["preferences"] is None


async def test_preferences_that_were_erased_are_not_told(sealed: Api) -> None:
    await post(sealed, "/api/sessions", {"id": "s", "userId": "ada"})
    await prefer(sealed, 4, encrypt=True)
    position = await sealed.log_end()
    assert preferred(await reconstructed(sealed)) == [4]
    await post(sealed, "/api/users/erase", {"userId": "ada"})
    answers = [
        await sealed.http.get("/api/sessions/reconstruct", params={"id": "s", **query})
        for query in ({}, {"asOfPosition": position})
    ]
    assert all(answer.status_code in (200, 410) for answer in answers)
    assert not any('"value":4' in answer.text for answer in answers)


async def test_decisions_are_the_newest_twenty_of_the_session_as_they_were(sealed: Api, clock: MovableClock) -> None:
    await post(sealed, "/api/sessions", {"id": "s"})
    ids = [await decide(sealed, number) for number in range(22)]
    await post(sealed, "/api/decisions", {"sessionId": "other", "decision": "elsewhere"})
    position = await sealed.log_end()
    clock.advance(5)
    await post(sealed, f"/api/decisions/outcome/{ids[-1]}", {"outcome": "success"})
    await decide(sealed, "later")
    now = await reconstructed(sealed)
    assert [each["decision"] for each in now["decisions"]] == ["later", *range(21, 2, -1)]
    assert now["decisions"][1]["outcome"] == "success"
    then = await reconstructed(sealed, asOfPosition=position)
    assert [each["decision"] for each in then["decisions"]] == list(range(21, 1, -1))
    assert then["decisions"][0]["outcome"] == "unknown"
    before = await reconstructed(sealed, asOfPosition=position - 2)
    assert before["decisions"][0]["decision"] == 20


async def test_open_conflicts_of_its_contexts_are_told_until_they_are_decided(sealed: Api) -> None:
    await post(sealed, "/api/sessions", {"id": "s"})
    await sealed.stored("calm", 1, sessionId="s")
    opened = await open_conflict(sealed, "plan")
    position = await sealed.log_end()
    made = await reconstructed(sealed)
    assert [(each["key"], each["id"], each["pointer"], each["agentId"]) for each in made["conflicts"]] == [
        ("plan", opened["id"], "/n", "b")
    ]
    assert made["openConflicts"] == 1
    await post(sealed, "/api/context/resolve/plan", {"conflictId": opened["id"], "take": "theirs"})
    made = await reconstructed(sealed)
    assert (made["conflicts"], made["openConflicts"]) == ([], 0)
    then = await reconstructed(sealed, asOfPosition=position)
    assert [each["id"] for each in then["conflicts"]] == [opened["id"]]


async def test_what_is_encrypted_is_told_in_the_clear(sealed: Api) -> None:
    await post(sealed, "/api/sessions", {"id": "s", "encrypt": True})
    await sealed.stored("plan", {"text": "hidden"}, sessionId="s", encrypt=True)
    await decide(sealed, "hidden", encrypt=True)
    position = await sealed.log_end()
    for made in (await reconstructed(sealed), await reconstructed(sealed, asOfPosition=position)):
        assert [(each["data"], each["encrypted"]) for each in made["relevant"]] == [({"text": "hidden"}, True)]
        assert [each["decision"] for each in made["decisions"]] == ["hidden"]


async def test_a_session_that_is_erased_is_gone_now_and_then(sealed: Api) -> None:
    await post(sealed, "/api/sessions", {"id": "s", "encrypt": True})
    await sealed.stored("plan", 1, sessionId="s", encrypt=True)
    position = await sealed.log_end()
    await reconstructed(sealed)
    await post(sealed, "/api/sessions/erase/s", {})
    for query in ({}, {"asOfPosition": position}):
        asking = sealed.http.get("/api/sessions/reconstruct", params={"id": "s", **query})
        await refused(sealed, asking, 410, "session-erased")


async def test_a_context_that_was_erased_since_is_left_out(sealed: Api) -> None:
    await post(sealed, "/api/sessions", {"id": "s"})
    await sealed.stored("plan", 1, sessionId="s", encrypt=True)
    await sealed.stored("note", 2, sessionId="s")
    position = await sealed.log_end()
    await reconstructed(sealed)
    await post(sealed, "/api/context/erase/plan", {})
    for made in (await reconstructed(sealed), await reconstructed(sealed, asOfPosition=position)):
        assert [each["key"] for each in made["relevant"]] == ["note"]


async def test_tasks_of_the_session_count_for_what_is_relevant(sealed: Api) -> None:
    await post(sealed, "/api/sessions", {"id": "s"})
    await post(
        sealed, "/api/tasks", {"id": "t", "sessionId": "s", "files": ["a.py"], "parameters": {"contexts": ["x"]}}
    )
    await sealed.stored("x", 1, sessionId="s")
    await sealed.stored("y", 1, sessionId="s", metadata={"files": ["a.py"]})
    asked = {"sessionId": "s", "minPosition": await sealed.log_end()}
    found = (await sealed.http.get("/api/context/relevant", params=asked)).json()
    assert found["activeTasks"] == ["t"]
    assert {each["key"]: each["relevance"]["taskRelevance"] for each in found["items"]} == {"x": 1.0, "y": 0.8}
