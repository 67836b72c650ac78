"""Erasing a session takes its decisions along, erasing a user their preferences; what is in the clear is told."""

from typing import Any

import httpx
import pytest

from tests.fixtures.clock import MovableClock
from tests.fixtures.http import Api, refused, running_projection
from tests.integration.projections.reading import fetch, forget


async def decide(api: Api, decision_id: str, encrypt: bool = True, **body: Any) -> Any:
    asked = {"id": decision_id, "sessionId": "s-1", "decision": "go", "encrypt": encrypt, **body}
    answer = await api.http.post("/api/decisions", json=asked)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def observe(api: Api, value: Any, key: str = "k", user: str = "u-1", **body: Any) -> httpx.Response:
    seen = [{"type": "t", "key": key, "value": value}]
    return await api.http.post("/api/preferences/observe", json={"userId": user, "observations": seen, **body})


async def prefers(api: Api, user: str = "u-1") -> httpx.Response:
    return await api.http.get(f"/api/preferences/get/{user}")


async def erase(api: Api, what: str, name: str) -> Any:
    path, body = (f"/api/sessions/erase/{name}", {}) if what == "session" else ("/api/users/erase", {"userId": name})
    answer = await api.http.post(path, json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def listed(api: Api, path: str, **query: Any) -> list[Any]:
    pages = await api.pages(path, minPosition=await api.log_end(), **query)
    return [item for page in pages for item in page]


async def rows(url: str) -> list[Any]:
    """All columns of the read model that stand in the clear."""
    found = []
    for table in ("decisions", "decision_features", "preferences"):
        for row in await fetch(url, f"SELECT * FROM current_state_v1.{table} ORDER BY created_position"):
            row.pop("document", None)
            found.append(row)
    return found


async def test_with_a_session_go_its_decisions(sealed: Api, other: Api, projection: object) -> None:
    await decide(sealed, "d-1", features=["x"], contextHash="h", userId="u-1")
    assert (await sealed.http.post("/api/decisions/feedback/d-1", json={"score": 1})).status_code == 200
    await decide(sealed, "d-2", sessionId="s-2")
    await decide(sealed, "d-open", encrypt=False)
    assert (await other.http.get("/api/decisions/get/d-1")).json()["decision"] == "go"
    told = await erase(sealed, "session", "s-1")
    assert (told["erasedDecisions"], told["erasedContexts"], told["erasedPreferences"]) == (1, 0, 0)
    assert (told["clearTotal"], told["clearDecisions"]) == (1, [{"id": "d-open", "versions": None}])
    for api in (sealed, other):
        await refused(api, api.http.get("/api/decisions/get/d-1"), 410, "decision-erased")
        outcome = api.http.post("/api/decisions/outcome/d-1", json={"outcome": "success"})
        await refused(api, outcome, 410, "decision-erased")
    assert [item["id"] for item in await listed(sealed, "/api/decisions")] == ["d-open", "d-2"]
    again = sealed.http.post("/api/decisions", json={"id": "d-1", "sessionId": "s", "decision": 1})
    await refused(sealed, again, 409, "already-exists")


async def test_with_a_user_go_their_preferences_and_decisions_and_they_can_begin_anew(
    sealed: Api, other: Api, projection: object
) -> None:
    await decide(sealed, "d-1", userId="u-1")
    await observe(sealed, "clear", key="open")
    await observe(sealed, "window", encrypt=True)
    await observe(sealed, "aisle", user="u-2", encrypt=True)
    assert len((await prefers(other)).json()["items"]) == 2
    told = await erase(sealed, "user", "u-1")
    assert (told["erasedDecisions"], told["erasedPreferences"]) == (1, 1)
    # The preference in the clear is gone from every read with the others, and stays in the log.
    assert told["clearPreferences"] == [{"userId": "u-1", "versions": [[1, 1]]}]
    for api in (sealed, other):
        await refused(api, prefers(api), 410, "preferences-erased")
        assert (await prefers(api, "u-2")).status_code == 200
    assert [item["userId"] for item in await listed(sealed, "/api/preferences")] == ["u-2"]
    document = (await observe(other, "aisle")).json()
    assert (document["encrypted"], document["version"], document["items"][0]["confidence"]) == (True, 4, 0.5)
    assert (await prefers(sealed)).json()["items"] == document["items"]
    assert [item["userId"] for item in await listed(sealed, "/api/preferences")] == ["u-1", "u-2"]


async def test_what_is_encrypted_shows_nothing_in_the_read_model_and_no_filter_finds_it(
    sealed: Api, database_url: str, projection: object
) -> None:
    await decide(sealed, "d-1", features=["secret"], contextHash="secret", metadata={"m": "secret"}, autonomous=True)
    await observe(sealed, "secret", encrypt=True)
    assert [item["features"] for item in await listed(sealed, "/api/decisions", sessionId="s-1")] == [["secret"]]
    assert [item["value"] for item in await listed(sealed, "/api/preferences", key="k")] == ["secret"]
    for query in ({"feature": "secret"}, {"contextHash": "secret"}, {"autonomous": "true"}, {"outcome": "unknown"}):
        assert await listed(sealed, "/api/decisions", **query) == []
    for query in ({"explicit": "false"}, {"minConfidence": "0"}):
        assert await listed(sealed, "/api/preferences", **query) == []
    asked = {"features": ["secret"], "contextHash": "secret"}
    assert (await sealed.http.post("/api/decisions/similar", json=asked)).json()["items"] == []
    assert "secret" not in str(await rows(database_url))
    log = await fetch(database_url, "SELECT payload FROM contextline.events")
    assert not any(b"secret" in bytes(row["payload"]) for row in log)


async def test_a_read_model_that_is_built_anew_has_the_same_rows(
    sealed: Api, database_url: str, key_settings: dict[str, Any], clock: MovableClock
) -> None:
    async with running_projection(database_url, clock, **key_settings):
        for number in range(3):
            await decide(sealed, f"d-{number}", sessionId=f"s-{number % 2}", features=["x"])
            await observe(sealed, number, key=f"k-{number}", user=f"u-{number % 2}", encrypt=True)
        await listed(sealed, "/api/decisions")
        await erase(sealed, "session", "s-0")
        await erase(sealed, "user", "u-0")
        await observe(sealed, "again", key="k-0", user="u-0")
        shown = [await listed(sealed, path) for path in ("/api/decisions", "/api/preferences")]
        live = await rows(database_url)
    assert len(live) == 3
    await forget(database_url)
    async with running_projection(database_url, clock, **key_settings):
        assert [await listed(sealed, path) for path in ("/api/decisions", "/api/preferences")] == shown
        assert await rows(database_url) == live


async def test_what_is_in_the_clear_can_not_be_erased(sealed: Api, projection: object) -> None:
    await decide(sealed, "d-1", encrypt=False)
    await observe(sealed, 1)
    await refused(sealed, sealed.http.post("/api/sessions/erase/s-1", json={}), 409, "stored-in-the-clear")
    erasing = sealed.http.post("/api/users/erase", json={"userId": "u-1"})
    await refused(sealed, erasing, 409, "stored-in-the-clear")


@pytest.mark.parametrize("path", ["/api/decisions", "/api/preferences/set"])
async def test_without_keys_nothing_can_be_encrypted(api: Api, path: str) -> None:
    body: dict[str, Any] = {"encrypt": True}
    body |= {"sessionId": "s", "decision": 1} if path == "/api/decisions" else {}
    body |= {"userId": "u", "type": "t", "key": "k", "value": 1} if path != "/api/decisions" else {}
    await refused(api, api.http.post(path, json=body), 501, "encryption-not-configured")


async def test_encrypted_preferences_stay_so(sealed: Api) -> None:
    await observe(sealed, 1, encrypt=True)
    await refused(sealed, observe(sealed, 1, encrypt=False), 422, "invalid-input")
    assert (await observe(sealed, 1)).json()["encrypted"] is True
