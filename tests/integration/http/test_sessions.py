"""Sessions by HTTP: beginning, ending, listing, and steps that are not allowed."""

from typing import Any

import httpx
import pytest

from tests.fixtures.clock import MovableClock
from tests.fixtures.http import Api, places, refused


async def created(api: Api, **body: Any) -> httpx.Response:
    answer = await api.http.post("/api/sessions", json=body)
    assert answer.status_code == 201, answer.text
    return answer


async def end(
    api: Api, how: str, session_id: str, headers: dict[str, str] | None = None, **body: Any
) -> httpx.Response:
    return await api.http.post(f"/api/sessions/{how}", params={"id": session_id}, json=body, headers=headers)


async def test_a_session_begins_active_and_is_read_as_it_began(api: Api) -> None:
    answer = await created(api, id="s-1", userId="u", data={"goal": [1]}, metadata={"m": None})
    document = answer.json()
    assert answer.headers["etag"] == '"1"'
    assert document == {
        "id": "s-1",
        "status": "active",
        "userId": "u",
        "data": {"goal": [1]},
        "metadata": {"m": None},
        "outcome": {},
        "reason": None,
        "encrypted": False,
        "version": 1,
        "position": await api.log_end(),
        "createdAt": "2026-01-01T00:00:00Z",
        "updatedAt": "2026-01-01T00:00:00Z",
        "endedAt": None,
        "timeout": 3600,
        "lastActiveAt": "2026-01-01T00:00:00Z",
        "expiresAt": "2026-01-01T01:00:00Z",
        "branchedFrom": None,
    }
    assert (await api.http.get("/api/sessions/get/s-1")).json() == document


async def test_without_an_id_each_session_gets_one_of_its_own(api: Api) -> None:
    one, other = (await created(api)).json()["id"], (await created(api)).json()["id"]
    assert one.startswith("sess_")
    assert one != other


@pytest.mark.parametrize("session_id", ["a/b", "/", "..", "%2F", "é?#&", "\U0001f600" * 256, " "])
async def test_an_id_is_taken_as_it_is(api: Api, session_id: str) -> None:
    assert (await created(api, id=session_id)).json()["id"] == session_id
    answer = await api.http.get("/api/sessions/get", params={"id": session_id})
    assert answer.json()["id"] == session_id


@pytest.mark.parametrize(("how", "status"), [("complete", "completed"), ("fail", "failed")])
async def test_a_session_ends_once(api: Api, clock: MovableClock, how: str, status: str) -> None:
    await created(api, id="s", data={"goal": 1})
    clock.advance(30)
    answer = await end(api, how, "s", outcome={"of": "it"}, reason="why", expectedVersion=1)
    document = answer.json()
    assert (answer.status_code, answer.headers["etag"]) == (200, '"2"')
    assert (document["status"], document["outcome"], document["reason"]) == (status, {"of": "it"}, "why")
    assert (document["endedAt"], document["data"]) == ("2026-01-01T00:00:30Z", {"goal": 1})
    for again in ("complete", "fail"):
        problem = await refused(api, end(api, again, "s"), 409, "illegal-transition")
        assert (problem["currentStatus"], problem["allowed"]) == (status, ["deleted"])
        assert status in problem["detail"]


async def test_an_id_is_used_once_also_after_the_end(api: Api) -> None:
    await created(api, id="s")
    asking = api.http.post("/api/sessions", json={"id": "s"})
    assert (await refused(api, asking, 409, "already-exists"))["currentVersion"] == 1
    await end(api, "complete", "s")
    asking = api.http.post("/api/sessions", json={"id": "s"})
    assert (await refused(api, asking, 409, "already-exists"))["currentVersion"] == 2


async def test_a_stale_version_is_409_in_the_body_and_412_in_the_header(api: Api) -> None:
    await created(api, id="s")
    problem = await refused(api, end(api, "fail", "s", expectedVersion=4), 409, "version-conflict")
    assert problem["currentVersion"] == 1
    await refused(api, end(api, "fail", "s", headers={"If-Match": '"4"'}), 412, "precondition-failed")
    assert (await end(api, "fail", "s", headers={"If-Match": '"1"'})).status_code == 200


async def test_what_was_never_created_is_404(api: Api) -> None:
    await refused(api, api.http.get("/api/sessions/get/no"), 404, "session-not-found")
    for how in ("complete", "fail"):
        await refused(api, end(api, how, "no"), 404, "session-not-found")


async def test_an_id_is_needed_and_only_one(api: Api) -> None:
    for url in ("/api/sessions/get", "/api/sessions/get/", "/api/sessions/get/a?id=b", "/api/sessions/get?id="):
        assert places(await refused(api, api.http.get(url), 422, "invalid-input")) <= {"id", "sessionId"}


async def test_a_session_and_a_context_of_the_same_name_are_two_things(api: Api) -> None:
    await api.stored("s", 1)
    await created(api, id="s")
    assert (await api.got("s"))["data"] == 1
    assert (await api.delete("s")).status_code == 200
    assert (await api.http.get("/api/sessions/get/s")).json()["status"] == "active"


async def test_sessions_are_listed_newest_first_by_status_and_user_in_pages(api: Api, projection: object) -> None:
    for number in range(5):
        await created(api, id=f"s-{number}", userId="even" if number % 2 == 0 else "odd")
    await end(api, "complete", "s-1")
    await end(api, "fail", "s-2")

    async def ids(**query: Any) -> list[str]:
        pages = await api.pages("/api/sessions", minPosition=await api.log_end(), **query)
        return [session["id"] for page in pages for session in page]

    newest_first = ["s-4", "s-3", "s-2", "s-1", "s-0"]
    assert await ids() == newest_first
    assert await ids(limit=1) == await ids(limit=2) == await ids(limit=5) == newest_first
    assert await ids(status="active") == ["s-4", "s-3", "s-0"]
    assert await ids(status="completed") == ["s-1"]
    assert await ids(userId="even") == ["s-4", "s-2", "s-0"]
    assert await ids(userId="even", status="failed") == ["s-2"]
    page = (await api.http.get("/api/sessions", params={"status": "completed"})).json()
    assert page["items"][0] == (await api.http.get("/api/sessions/get/s-1")).json()
