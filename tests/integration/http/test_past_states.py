"""History, versions, differences, rollback, and reads of the past."""

from typing import Any

import pytest

from tests.fixtures.clock import MovableClock
from tests.fixtures.http import Api, refused


async def history(api: Api, key: str = "k", **query: Any) -> Any:
    answer = await api.http.get(f"/api/context/history/{key}", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def diff(api: Api, start: int, end: int) -> Any:
    answer = await api.http.get("/api/context/diff/k", params={"from": start, "to": end})
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_the_history_tells_who_changed_what_when_and_why(api: Api, clock: MovableClock) -> None:
    why = {
        "changedBy": "me",
        "agentId": "a-1",
        "sessionId": "s-1",
        "causationId": "c-1",
        "correlationId": "c-2",
        "action": "count",
        "reason": "one more",
    }
    await api.stored("k", {"n": 1}, **why)
    clock.advance(1.5)
    await api.updated("k", {"n": 1}, changeType="increment", metadata={"by": 1}, checkpoint="two", **why)
    created, updated = (await history(api))["items"]
    assert created["diff"] == [{"op": "add", "path": "", "value": {"n": 1}}]
    assert created["attributes"] == {"agentId": "a-1", "sessionId": "s-1", "ttl": 86_400}
    assert updated == {
        "version": 2,
        "position": 2,
        "at": "2026-01-01T00:00:01.500000Z",
        "event": "context-updated",
        "actor": "me",
        "agentId": "a-1",
        "sessionId": "s-1",
        "causationId": "c-1",
        "correlationId": "c-2",
        "action": "count",
        "reason": "one more",
        "metadata": {"by": 1},
        "changeType": "increment",
        "checkpoint": "two",
        "toVersion": None,
        "diff": [{"op": "replace", "path": "/n", "value": 2}],
        "attributes": {},
        "resolutions": [],
        "conflicts": [],
        "erased": False,
    }


@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize("limit", [1, 2, 3, 6, 7, 100])
async def test_the_history_comes_in_pages_in_both_orders(api: Api, order: str, limit: int) -> None:
    for step in range(6):
        await api.stored("k", step)
    pages = await api.pages("/api/context/history/k", order=order, limit=limit)
    versions = [entry["version"] for page in pages for entry in page]
    assert versions == (list(range(1, 7)) if order == "asc" else list(range(6, 0, -1)))
    assert all(len(page) == limit for page in pages[:-1])
    assert pages[-1], "a next page that was promised is not empty"


async def test_a_page_of_the_history_has_at_most_100_changes(api: Api) -> None:
    for step in range(101):
        await api.stored("k", step)
    page = await history(api)
    assert [entry["version"] for entry in page["items"]] == list(range(1, 101))
    assert [entry["version"] for entry in (await history(api, cursor=page["nextCursor"]))["items"]] == [101]


async def test_a_cursor_beyond_the_end_gives_an_empty_page(api: Api) -> None:
    await api.stored("k", 1)
    assert await history(api, cursor=50) == {"items": [], "nextCursor": None}
    assert await history(api, cursor=1, order="desc") == {"items": [], "nextCursor": None}


async def test_versions_are_told_by_the_events_that_made_them(api: Api) -> None:
    await api.stored("k", 1, changedBy="me")
    await api.updated("k", 2)
    await api.delete("k")
    items = (await api.http.get("/api/context/versions/k")).json()["items"]
    assert [(item["version"], item["position"], item["event"], item["actor"]) for item in items] == [
        (1, 1, "context-created", "me"),
        (2, 2, "context-updated", None),
        (3, 3, "context-deleted", None),
    ]


async def test_two_versions_are_compared_in_either_direction(api: Api) -> None:
    await api.stored("k", {"a": 1, "b": [1]}, tags=["x"], ttl=None)
    await api.updated("k", {"a": True, "b": [1, 2]}, tags=[])
    forth, back = await diff(api, 1, 2), await diff(api, 2, 1)
    assert forth["diff"] == [
        {"op": "replace", "path": "/a", "value": True},
        {"op": "add", "path": "/b/-", "value": 2},
    ]
    assert forth["attributes"] == {"tags": {"from": ["x"], "to": []}}
    assert back["diff"] == [{"op": "replace", "path": "/a", "value": 1}, {"op": "remove", "path": "/b/1"}]
    assert (await diff(api, 1, 1))["diff"] == []


@pytest.mark.parametrize("query", ["from=1&to=3", "from=3&to=1"])
async def test_a_version_that_is_not_there_can_not_be_compared(api: Api, query: str) -> None:
    await api.stored("k", 1)
    await api.updated("k", 2)
    await refused(api, api.http.get(f"/api/context/diff/k?{query}"), 404, "version-not-found")


async def test_every_version_can_be_read_also_of_what_is_gone(api: Api, clock: MovableClock) -> None:
    await api.stored("k", {"n": 1}, tags=["x"], ttl=60)
    await api.updated("k", {"n": 2}, tags=[])
    await api.delete("k")
    clock.advance(1_000)
    first = await api.got("k", version=1)
    assert (first["data"], first["tags"], first["version"], first["updatedAt"]) == (
        {"n": 1},
        ["x"],
        1,
        "2026-01-01T00:00:00Z",
    )
    assert (await api.got("k", version=2))["data"] == {"n": 2}
    await refused(api, api.get("k", version=3), 404, "context-not-found")
    await refused(api, api.get("k", version=4), 404, "version-not-found")
    await refused(api, api.get("never", version=1), 404, "context-not-found")


async def test_a_past_instant_shows_what_was_there_then(api: Api, clock: MovableClock) -> None:
    await api.stored("k", 1, ttl=60)
    clock.advance(10)
    await api.updated("k", 2)
    clock.advance(10)
    await api.delete("k")
    clock.advance(10)
    await api.stored("k", 3, ttl=5)
    clock.advance(100)
    for instant, data in (("00:00:00", 1), ("00:00:09.999999", 1), ("00:00:10", 2), ("00:00:30", 3)):
        assert (await api.got("k", asOf=f"2026-01-01T{instant}Z"))["data"] == data
    assert (await api.got("k", asOf="2026-01-01T01:00:10+01:00"))["data"] == 2
    for instant in ("00:00:20", "00:00:29", "00:00:35", "00:02:00"):
        await refused(api, api.get("k", asOf=f"2026-01-01T{instant}Z"), 404, "context-not-found")


async def test_before_its_creation_there_was_no_version_of_it_and_the_future_is_not_known(
    api: Api, clock: MovableClock
) -> None:
    await api.stored("k", 1)
    await refused(api, api.get("k", asOf="2025-12-31T23:59:59.999999Z"), 404, "version-not-found")
    await refused(api, api.get("k", asOf="2026-01-01T00:00:00.000001Z"), 422, "invalid-input")
    await refused(api, api.get("never", asOf="2025-12-31T00:00:00Z"), 404, "context-not-found")
    clock.advance(1)
    assert (await api.got("k", asOf="2026-01-01T00:00:00.000001Z"))["data"] == 1


async def test_a_position_of_the_log_shows_what_was_there_then(api: Api) -> None:
    await api.stored("other", 0)
    first = (await api.stored("k", 1))["position"]
    second = (await api.updated("k", 2))["position"]
    gone = (await api.delete("k")).json()["position"]
    assert (await api.got("k", asOfPosition=first))["data"] == 1
    assert (await api.got("k", asOfPosition=second))["data"] == 2
    await refused(api, api.get("k", asOfPosition=gone), 404, "context-not-found")
    await refused(api, api.get("k", asOfPosition=first - 1), 404, "version-not-found")
    problem = await refused(api, api.get("k", asOfPosition=gone + 1), 409, "position-not-in-log")
    assert problem["head"] == gone


async def test_a_read_can_ask_for_a_position_and_is_told_if_the_log_does_not_have_it(api: Api) -> None:
    position = (await api.stored("k", 1))["position"]
    assert (await api.got("k", minPosition=position))["data"] == 1
    await refused(api, api.get("k", minPosition=position + 1), 409, "position-not-in-log")


async def test_a_rollback_is_a_new_version_with_the_old_data_and_options(api: Api) -> None:
    await api.stored("k", {"n": 1}, tags=["x"], ttl=None)
    await api.updated("k", [2], tags=[], ttl=60)
    answer = await api.http.post(
        "/api/context/rollback/k", json={"version": 1, "options": {"reason": "better", "metadata": {"m": 1}}}
    )
    assert (answer.status_code, answer.headers["etag"]) == (200, '"3"')
    assert (answer.json()["version"], answer.json()["toVersion"], answer.json()["expiresAt"]) == (3, 1, None)
    document = await api.got("k")
    assert (document["data"], document["tags"], document["ttl"]) == ({"n": 1}, ["x"], None)
    entry = (await history(api, order="desc", limit=1))["items"][0]
    assert (entry["event"], entry["toVersion"], entry["reason"]) == ("context-rolled-back", 1, "better")


async def test_a_rollback_can_name_a_checkpoint(api: Api) -> None:
    await api.stored("k", 1)
    await api.updated("k", 2, checkpoint="good")
    await api.updated("k", 3)
    answer = await api.http.post("/api/context/rollback/k", json={"checkpoint": "good"})
    assert (answer.json()["version"], answer.json()["toVersion"]) == (4, 2)
    assert (await api.got("k"))["data"] == 2


async def test_a_rollback_to_what_is_not_there_is_refused(api: Api) -> None:
    await api.stored("k", 1)
    await api.delete("k")
    await api.stored("k", 2)
    for body in ({"version": 4}, {"checkpoint": "nosuch"}):
        await refused(api, api.http.post("/api/context/rollback/k", json=body), 404, "version-not-found")
    await refused(api, api.http.post("/api/context/rollback/k", json={"version": 2}), 422, "invalid-input")
    await refused(api, api.http.post("/api/context/rollback/no", json={"version": 1}), 404, "context-not-found")
    await api.delete("k")
    await refused(api, api.http.post("/api/context/rollback/k", json={"version": 1}), 404, "context-not-found")


async def test_what_had_expired_by_a_position_is_not_shown_as_of_it(api: Api, clock: MovableClock) -> None:
    await api.stored("short", 1, ttl=10)
    clock.advance(11)
    later = await api.stored("other", 1)
    assert (await api.http.get(f"/api/context/get/short?asOfPosition={later['position']}")).status_code == 404
    assert (await api.http.get(f"/api/context/get/short?asOfPosition={later['position'] - 1}")).status_code == 200


async def test_a_past_state_too_is_not_told_before_the_position_that_was_asked_for(api: Api) -> None:
    stored = await api.stored("k", 1)
    for past in ("version=1", f"asOfPosition={stored['position']}"):
        answer = await api.http.get(f"/api/context/get/k?{past}&minPosition=1000")
        assert (answer.status_code, answer.json()["code"]) == (409, "position-not-in-log")
