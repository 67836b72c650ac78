"""Checkpoints through HTTP: made, listed, compared, restored; and those that are made by themselves."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest_asyncio

from tests.fixtures.clock import MovableClock
from tests.fixtures.http import Api, open_api, places, refused


async def checkpoint(api: Api, name: str | None = None, **body: Any) -> httpx.Response:
    named = {} if name is None else {"name": name}
    return await api.http.post("/api/context/checkpoints/k", json={**named, **body})


async def listed(api: Api, **query: Any) -> list[Any]:
    pages = await api.pages("/api/context/checkpoints/k", **query)
    return [item for page in pages for item in page]


async def restore(api: Api, name: str, **body: Any) -> httpx.Response:
    return await api.http.post("/api/context/restore/k", json={"checkpoint": name, **body})


async def test_a_checkpoint_is_a_version_of_its_own_and_changes_nothing(api: Api, clock: MovableClock) -> None:
    stored = await api.stored("k", {"n": 1}, ttl=60)
    clock.advance(10)
    answer = await checkpoint(api, "start", description="before it all", options={"changedBy": "me", "reason": "r"})
    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert (made["version"], made["expiresAt"]) == (2, stored["expiresAt"])
    mark = made["checkpoint"]
    assert mark.pop("id").startswith("chk_")
    assert mark == {
        "name": "start",
        "kind": "manual",
        "description": "before it all",
        "version": 2,
        "at": "2026-01-01T00:00:10Z",
    }
    got = await api.got("k")
    assert (got["data"], got["updatedAt"], got["checkpoints"]) == ({"n": 1}, stored["updatedAt"], {"start": 2})
    entry = (await api.http.get("/api/context/history/k")).json()["items"][1]
    assert (entry["event"], entry["checkpoint"], entry["diff"], entry["actor"], entry["details"]) == (
        "checkpoint-created", "start", [], "me", {"description": "before it all"},
    )  # fmt: skip
    assert (await api.http.get("/api/context/versions/k")).json()["items"][1]["checkpoint"] == "start"


async def test_a_name_is_made_from_the_version_and_none_is_given_twice(api: Api) -> None:
    await api.stored("k", 1)
    assert (await checkpoint(api)).json()["checkpoint"]["name"] == "version-2"
    problem = await refused(api, checkpoint(api, "version-2"), 409, "already-exists")
    assert problem["currentVersion"] == 2
    for asking in (checkpoint(api, "auto_1"), api.update("k", 1, checkpoint="auto_1")):
        assert len(places(await refused(api, asking, 422, "invalid-input"))) == 1


async def test_checkpoints_are_listed_in_pages_by_version_and_name_also_of_what_is_gone(api: Api) -> None:
    await api.stored("k", 0)
    for number in range(4):
        await api.updated("k", number, checkpoint=f"u.{number}")
        await checkpoint(api, f"c.{number}")
    await api.delete("k")
    for limit in (1, 3, 8, 50):
        found = await listed(api, limit=limit)
        assert [item["version"] for item in found] == list(range(2, 10))
        assert [item["name"] for item in found] == [f"{kind}.{number}" for number in range(4) for kind in "uc"]
    await refused(api, api.http.get("/api/context/checkpoints/never"), 404, "context-not-found")


async def test_a_checkpoint_is_compared_with_what_is_there_now_or_another_one(api: Api) -> None:
    await api.stored("k", {"n": 1}, tags=["a"])
    await checkpoint(api, "one")
    await api.updated("k", {"n": 2}, tags=["b"])
    await checkpoint(api, "two")
    await api.updated("k", {"n": 3})
    now = (await api.http.get("/api/context/compare/k", params={"checkpoint": "one"})).json()
    assert (now["from"], now["to"], now["diff"]) == (2, 5, [{"op": "replace", "path": "/n", "value": 3}])
    other = (await api.http.get("/api/context/compare/k", params={"checkpoint": "two", "with": "one"})).json()
    assert (other["from"], other["to"]) == (4, 2)
    assert other["diff"] == [{"op": "replace", "path": "/n", "value": 1}]
    assert other["attributes"] == {"tags": {"from": ["b"], "to": ["a"]}}
    for query in ("checkpoint=three", "checkpoint=one&with=three"):
        await refused(api, api.http.get(f"/api/context/compare/k?{query}"), 404, "version-not-found")
    assert places(await refused(api, api.http.get("/api/context/compare/k"), 422, "invalid-input")) == {"checkpoint"}


async def test_restoring_makes_data_and_options_what_they_were_and_marks_what_was_there(api: Api) -> None:
    await api.stored("k", {"n": 1}, tags=["a"], ttl=60)
    await checkpoint(api, "start")
    before = await api.got("k")
    await api.updated("k", {"other": True}, tags=[], ttl=None)
    answer = await restore(api, "start", options={"changedBy": "me", "reason": "went wrong"})
    assert answer.status_code == 200, answer.text
    done = answer.json()
    assert (done["version"], done["toVersion"], done["checkpoint"], done["automatic"]) == (
        4, 2, "start", "auto_3_before-restore",
    )  # fmt: skip
    after = await api.got("k")
    for name in ("data", "tags", "ttl", "metadata", "sessionId", "importance"):
        assert after[name] == before[name]
    entry = (await api.http.get("/api/context/history/k?order=desc")).json()["items"][0]
    assert (entry["event"], entry["checkpoint"], entry["toVersion"]) == ("checkpoint-restored", "start", 2)
    # And back again.
    await restore(api, "auto_3_before-restore")
    assert (await api.got("k"))["data"] == {"other": True}


async def test_what_can_not_be_restored_is_refused(api: Api) -> None:
    await refused(api, restore(api, "start"), 404, "context-not-found")
    await api.stored("k", 1)
    await refused(api, restore(api, "start"), 404, "version-not-found")
    await checkpoint(api, "start")
    await refused(api, restore(api, "start", options={"expectedVersion": 1}), 409, "version-conflict")
    await api.delete("k")
    await refused(api, restore(api, "start"), 404, "context-not-found")
    await refused(api, checkpoint(api, "x"), 404, "context-not-found")


@pytest_asyncio.fixture
async def eager(database_url: str, clock: MovableClock) -> AsyncIterator[Api]:
    """A server that makes one for every 3 changes, and keeps 2."""
    async with open_api(database_url, clock, auto_checkpoint_interval=3, auto_checkpoints_kept=2) as opened:
        yield opened


async def test_every_so_many_changes_one_is_made_and_the_newest_are_kept(eager: Api) -> None:
    await eager.stored("k", 0)
    await checkpoint(eager, "mine")
    for number in range(1, 12):
        await eager.updated("k", number)
    automatic = [item for item in await listed(eager) if item["kind"] == "automatic"]
    # The checkpoint of one's own is a version, but no change.
    assert [(item["name"], item["version"]) for item in automatic] == [("auto_10", 10), ("auto_13", 13)]
    assert [item["name"] for item in await listed(eager) if item["kind"] == "manual"] == ["mine"]
    await restore(eager, "auto_10")
    assert (await eager.got("k"))["data"] == 8
    assert [item["name"] for item in await listed(eager)] == ["mine", "auto_13", "auto_13_before-restore"]


async def test_the_log_decides_which_are_kept_whatever_a_server_is_set_to(
    eager: Api, database_url: str, clock: MovableClock
) -> None:
    for number in range(12):
        await eager.stored("k", number)
    before = await listed(eager)
    async with open_api(database_url, clock) as other:
        assert await listed(other) == before
        await other.updated("k", 12)
        assert await listed(other) == before


async def test_by_default_the_hundredth_change_makes_one(api: Api) -> None:
    await api.stored("k", 0)
    for number in range(1, 100):
        assert (await api.updated("k", number))["version"] == number + 1
    assert [(item["name"], item["kind"]) for item in await listed(api)] == [("auto_100", "automatic")]
