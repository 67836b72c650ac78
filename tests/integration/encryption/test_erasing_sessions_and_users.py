"""Erasing a session takes its contexts along, erasing a user their sessions; what is in the clear is told."""

from typing import Any

import httpx
import pytest

from domain.contexts.events import ContextErased
from domain.contexts.identity import stream_name
from domain.recorded import stream_id
from tests.fixtures.http import Api, open_api, places, refused
from tests.integration.encryption.sealed import history


async def session(api: Api, session_id: str, **body: Any) -> None:
    answer = await api.http.post("/api/sessions", json={"id": session_id, **body})
    assert answer.status_code == 201, answer.text
    assert answer.json()["encrypted"] is body.get("encrypt", False)


async def erase_session(api: Api, session_id: str, **body: Any) -> httpx.Response:
    return await api.http.post(f"/api/sessions/erase/{session_id}", json=body)


async def erase_user(api: Api, user_id: str, **body: Any) -> httpx.Response:
    return await api.http.post("/api/users/erase", json={"userId": user_id, **body})


async def told(answer: httpx.Response) -> Any:
    assert answer.status_code == 200, answer.text
    return answer.json()


async def statuses(api: Api, *keys: str) -> list[int]:
    return [(await api.get(key)).status_code for key in keys]


async def test_with_a_session_go_the_contexts_that_are_or_were_in_it(sealed: Api, projection: object) -> None:
    await session(sealed, "s-1", encrypt=True, userId="u-1", data={"goal": 1})
    for key in ("in", "moved", "deleted"):
        await sealed.stored(key, {"in": key}, encrypt=True, sessionId="s-1")
    await sealed.updated("moved", {"on": 1}, changeType="merge", sessionId="s-2")
    await sealed.delete("deleted")
    await sealed.stored("other", 1, encrypt=True, sessionId="s-2")
    document = await told(await erase_session(sealed, "s-1", reason="asked for", changedBy="me"))
    assert document == {
        "erasedContexts": 3, "erasedSessions": 1, "erasedTasks": 0, "position": await sealed.log_end(), "clearTotal": 0,
        "clearContexts": [], "clearSessions": [], "clearTasks": [], "erasedDecisions": 0, "erasedPreferences": 0,
        "clearDecisions": [], "clearPreferences": [],
    }  # fmt: skip
    assert await statuses(sealed, "in", "moved", "deleted", "other") == [410, 410, 410, 200]
    await refused(sealed, sealed.http.get("/api/sessions/get/s-1"), 410, "session-erased")
    end = sealed.http.post("/api/sessions/complete/s-1", json={})
    await refused(sealed, end, 410, "session-erased")
    await refused(sealed, sealed.http.post("/api/sessions", json={"id": "s-1"}), 409, "already-exists")
    assert await sealed.keys() == ["other"]
    listed = (await sealed.http.get("/api/sessions", params={"minPosition": await sealed.log_end()})).json()
    assert listed["items"] == []
    assert [(entry["event"], entry["actor"], entry["reason"]) for entry in (await history(sealed, "in"))[-1:]] == [
        ("context-erased", "me", "asked for")
    ]


async def test_what_is_in_the_clear_is_told_and_stays(sealed: Api, projection: object) -> None:
    await session(sealed, "s-1")
    await sealed.stored("sealed", 1, encrypt=True, sessionId="s-1")
    await sealed.stored("open", 1, sessionId="s-1", namespace="n")
    await sealed.stored("expired", 1, sessionId="s-1", ttl=1)
    await sealed.stored("both", 1, sessionId="s-1")
    await sealed.updated("both", 2)
    await sealed.stored("both", 3, encrypt=True, sessionId="s-1")
    document = await told(await erase_session(sealed, "s-1"))
    assert (document["erasedContexts"], document["erasedSessions"], document["clearTotal"]) == (2, 0, 4)
    assert sorted(document["clearContexts"], key=lambda item: str(item["key"])) == [
        {"namespace": "", "key": "both", "versions": [[1, 2]]},
        {"namespace": "", "key": "expired", "versions": None},
        {"namespace": "n", "key": "open", "versions": None},
    ]
    assert document["clearSessions"] == [{"id": "s-1", "versions": None}]
    assert await statuses(sealed, "sealed", "both") == [410, 410]
    await refused(sealed, sealed.get("both", version=1), 410, "context-erased")
    assert (await sealed.got("open", namespace="n"))["data"] == 1
    # The session itself and what is left of it are in the clear.
    problem = await refused(sealed, erase_session(sealed, "s-1"), 409, "stored-in-the-clear")
    assert "can be deleted" in problem["detail"]


async def test_with_a_user_go_their_sessions_and_all_contexts_of_both(sealed: Api, projection: object) -> None:
    await session(sealed, "sealed", encrypt=True, userId="u-1")
    await session(sealed, "open", userId="u-1")
    await session(sealed, "other", encrypt=True, userId="u-2")
    for key, options in {
        "own": {"userId": "u-1"},
        "in sealed": {"sessionId": "sealed"},
        "in open": {"sessionId": "open"},
        "shared": {"sessionId": "other", "userId": "u-1"},
        "theirs": {"sessionId": "other", "userId": "u-2"},
    }.items():
        await sealed.stored(key, key, encrypt=True, **options)
    await sealed.stored("clear", 1, sessionId="open")
    document = await told(await erase_user(sealed, "u-1"))
    assert (document["erasedContexts"], document["erasedSessions"], document["clearTotal"]) == (4, 1, 2)
    assert document["clearContexts"] == [{"namespace": "", "key": "clear", "versions": None}]
    assert document["clearSessions"] == [{"id": "open", "versions": None}]
    assert await statuses(sealed, "own", "in sealed", "in open", "shared") == [410] * 4
    assert await statuses(sealed, "theirs", "clear") == [200, 200]
    assert (await sealed.http.get("/api/sessions/get/other")).status_code == 200
    own = stream_id("default", stream_name("", "own"))
    event = (await sealed.services.store.read_stream("default", own))[-1].event
    assert isinstance(event, ContextErased)
    assert event.subject == "user"


async def test_where_there_is_nothing_it_is_said(sealed: Api, projection: object) -> None:
    await sealed.stored("open", 1, userId="u-1")
    await sealed.keys()
    await refused(sealed, erase_session(sealed, "nothing"), 404, "not-found")
    await refused(sealed, erase_user(sealed, "nobody"), 404, "not-found")
    await refused(sealed, erase_user(sealed, "u-1"), 409, "stored-in-the-clear")


async def test_while_the_read_model_is_behind_nothing_is_erased(
    sealed: Api, database_url: str, clock: Any, key_settings: dict[str, Any]
) -> None:
    await sealed.stored("plan", 1, encrypt=True, sessionId="s-1")
    async with open_api(database_url, clock, **key_settings, read_timeout=0.05) as hasty:
        await refused(hasty, erase_session(hasty, "s-1"), 503, "read-model-behind")
        await refused(hasty, erase_user(hasty, "u-1"), 503, "read-model-behind")
    assert (await sealed.got("plan"))["data"] == 1


async def test_many_contexts_of_a_session_are_erased_at_once(sealed: Api, projection: object) -> None:
    for number in range(150):
        await sealed.stored(f"k{number}", number, encrypt=True, sessionId="s-1")
    document = await told(await erase_session(sealed, "s-1"))
    assert document["erasedContexts"] == 150
    assert set(await statuses(sealed, *(f"k{number}" for number in range(150)))) == {410}


@pytest.mark.parametrize(
    ("path", "body", "pointer"),
    [
        ("/api/context/erase", {"key": "k", "why": "?"}, "/why"),
        ("/api/context/erase", {"key": 1}, "/key"),
        ("/api/context/erase", {}, "/key"),
        ("/api/context/erase?key=a", {"key": "b"}, "/key"),
        ("/api/context/erase?namespace=a", {"key": "b", "namespace": "c"}, "/namespace"),
        ("/api/sessions/erase/s", {"reason": 1}, "/reason"),
        ("/api/sessions/erase", {}, "/id"),
        ("/api/users/erase", {}, "/userId"),
        ("/api/users/erase", {"userId": ""}, "/userId"),
    ],
)
async def test_bad_input_is_named(sealed: Api, path: str, body: Any, pointer: str) -> None:
    problem = await refused(sealed, sealed.http.post(path, json=body), 422, "invalid-input")
    assert places(problem) == {pointer}


@pytest.mark.parametrize("header", ["If-Match", "If-None-Match"])
async def test_preconditions_are_refused_rather_than_ignored(sealed: Api, header: str) -> None:
    for path in ("/api/context/erase/k", "/api/sessions/erase/k"):
        await refused(sealed, sealed.http.post(path, json={}, headers={header: '"1"'}), 422, "invalid-input")


async def test_a_key_in_the_path_and_in_the_query_and_a_namespace_are_taken(sealed: Api) -> None:
    for key in ("a/b", "c", "d"):
        await sealed.stored(key, 1, encrypt=True, namespace="n")
    assert (await sealed.http.post("/api/context/erase/a%2Fb?namespace=n", json={})).status_code == 200
    assert (await sealed.http.post("/api/context/erase?key=c&namespace=n", json={})).status_code == 200
    assert (await sealed.http.post("/api/context/erase", json={"key": "d", "namespace": "n"})).status_code == 200
