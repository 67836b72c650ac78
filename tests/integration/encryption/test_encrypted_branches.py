"""What comes from an encrypted context is encrypted, and what was erased is no one's ancestor any more."""

from typing import Any

import httpx

from tests.fixtures.http import Api, places, refused
from tests.integration.encryption.sealed import erased
from tests.integration.projections.reading import fetch

SECRET = "a secret that nobody is to read"


async def fork(api: Api, key: str, target: str, **options: Any) -> httpx.Response:
    return await api.http.post(f"/api/context/fork/{key}", json={"target": {"key": target}, "options": options})


async def merge(api: Api, sources: list[str], target: str, strategy: str, **body: Any) -> httpx.Response:
    named = {"sources": [{"key": source} for source in sources], "target": {"key": target}, "strategy": strategy}
    return await api.http.post("/api/context/merge", json={**named, **body})


async def split(api: Api, key: str, target: str, **options: Any) -> httpx.Response:
    body = {"targets": [{"pointer": "/text", "key": target}], "removeFromSource": True, "options": options}
    return await api.http.post(f"/api/context/split/{key}", json=body)


async def test_forks_parts_and_merges_of_what_is_encrypted_are_encrypted(
    sealed: Api, database_url: str, projection: object
) -> None:
    await sealed.stored("plan", {"text": SECRET}, encrypt=True, userId="ada")
    await sealed.stored("open", {"n": 1})
    for asking in (fork(sealed, "plan", "b", encrypt=False), split(sealed, "plan", "b", encrypt=False)):
        assert places(await refused(sealed, asking, 422, "invalid-input")) == {"/options/encrypt"}
    assert (await fork(sealed, "plan", "branch")).is_success
    assert (await merge(sealed, ["branch"], "open", "deep_merge")).is_success
    assert (await split(sealed, "branch", "part")).is_success
    for key in ("branch", "open", "part"):
        assert (await sealed.got(key))["encrypted"]
    assert (await sealed.got("part"))["data"] == SECRET
    await sealed.keys()
    payloads = await fetch(database_url, "SELECT payload FROM contextline.events")
    rows = await fetch(database_url, "SELECT attributes, data FROM current_state_v1.contexts")
    assert not any(SECRET.encode() in value for row in payloads + rows for value in row.values())


async def test_a_branch_outlives_the_erasure_of_its_parent_and_tells_its_history_without_contents(sealed: Api) -> None:
    await sealed.stored("plan", {"text": SECRET}, encrypt=True)
    await fork(sealed, "plan", "branch")
    await erased(sealed, "plan")
    assert (await sealed.got("branch"))["data"] == {"text": SECRET}
    items = (await sealed.http.get("/api/context/history/branch")).json()["items"]
    assert [(item["ancestor"], item["erased"], item["diff"]) for item in items] == [
        (True, True, []),
        (False, False, [{"op": "add", "path": "", "value": {"text": SECRET}}]),
    ]
    await refused(sealed, fork(sealed, "plan", "x"), 410, "context-erased")


async def test_erasing_the_user_takes_what_was_forked_from_theirs(sealed: Api, projection: object) -> None:
    await sealed.stored("plan", {"text": SECRET}, encrypt=True, userId="ada")
    await fork(sealed, "plan", "branch")
    answer = await sealed.http.post("/api/users/erase", json={"userId": "ada"})
    assert (answer.status_code, answer.json()["erasedContexts"]) == (200, 2)
    await refused(sealed, sealed.get("branch"), 410, "context-erased")


async def test_an_ancestor_that_was_erased_serves_no_three_way_merge_but_others_do(sealed: Api) -> None:
    await sealed.stored("root", {"a": 1, "b": 1}, encrypt=True)
    for branch, edit in (("left", {"a": 2}), ("right", {"b": 2})):
        await fork(sealed, "root", branch)
        await sealed.updated(branch, edit, changeType="merge")
    await erased(sealed, "root")
    problem = await refused(sealed, merge(sealed, ["left", "right"], "new", "three_way"), 409, "ancestor-erased")
    assert "deep_merge" in problem["detail"]
    assert (await merge(sealed, ["left", "right"], "new", "deep_merge")).is_success
    assert (await sealed.got("new"))["data"] == {"a": 1, "b": 2}
    await refused(sealed, merge(sealed, ["root"], "other", "deep_merge"), 404, "sources-missing")


async def test_a_checkpoint_of_what_was_erased_is_gone_with_it(sealed: Api) -> None:
    await sealed.stored("plan", {"text": SECRET}, encrypt=True)
    await sealed.http.post("/api/context/checkpoints/plan", json={"name": "start"})
    await erased(sealed, "plan")
    body = {"target": {"key": "branch"}, "checkpoint": "start"}
    await refused(sealed, sealed.http.post("/api/context/fork/plan", json=body), 410, "context-erased")
    await sealed.stored("plan", 1)
    asking = sealed.http.post("/api/context/restore/plan", json={"checkpoint": "start"})
    await refused(sealed, asking, 404, "version-not-found")
