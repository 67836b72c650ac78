"""Storing, reading, deleting and expiring, by HTTP."""

from datetime import timedelta

import pytest

from tests.fixtures.clock import START, MovableClock
from tests.fixtures.http import Api, refused

EVERYTHING = {
    "namespace": "team/plans",
    "sessionId": "s-1",
    "agentId": "a-1",
    "userId": "u-1",
    "type": "plan",
    "tags": ["b", "a", "b"],
    "priority": -7,
    "importance": 0.25,
    "features": ["f"],
    "permissions": ["read"],
    "environment": "production",
    "documentVersion": "2.1",
    "ttl": 60,
    "metadata": {"any": [1, None, {"x": 1.5}]},
}

DEFAULTS = {
    "namespace": "",
    "sessionId": None,
    "agentId": None,
    "userId": None,
    "type": "generic",
    "tags": [],
    "priority": 0,
    "importance": 0.5,
    "features": [],
    "permissions": [],
    "environment": "development",
    "documentVersion": "1.0.0",
    "ttl": 86_400,
    "metadata": {},
}


async def test_a_store_answers_201_with_what_names_the_context_and_its_place_in_the_log(api: Api) -> None:
    answer = await api.store("plan", {"step": 1})
    document = answer.json()
    assert answer.status_code == 201
    assert answer.headers["etag"] == '"1"'
    assert document.pop("id").startswith("ctx_")
    assert document == {
        "key": "plan",
        "namespace": "",
        "version": 1,
        "position": await api.log_end(),
        "created": True,
        "createdAt": "2026-01-01T00:00:00Z",
        "updatedAt": "2026-01-01T00:00:00Z",
        "expiresAt": "2026-01-02T00:00:00Z",
    }


async def test_a_read_gives_everything_that_was_stored(api: Api) -> None:
    stored = await api.stored("plan", {"step": 1}, **EVERYTHING)
    answer = await api.get("plan", namespace="team/plans")
    document = answer.json()
    assert answer.headers["etag"] == '"1"'
    assert {name: document[name] for name in EVERYTHING} == EVERYTHING
    assert (document["id"], document["data"], document["checkpoints"]) == (stored["id"], {"step": 1}, {})
    assert (document["createdAt"], document["expiresAt"]) == ("2026-01-01T00:00:00Z", "2026-01-01T00:01:00Z")


async def test_what_is_left_out_of_a_store_takes_its_default_also_over_a_live_context(
    api: Api, clock: MovableClock
) -> None:
    options = {**EVERYTHING, "namespace": ""}
    await api.stored("plan", 1, **options)
    clock.advance(1)
    answer = await api.store("plan", None)
    assert (answer.status_code, answer.headers["etag"]) == (200, '"2"')
    assert answer.json()["created"] is False
    document = await api.got("plan")
    assert {name: document[name] for name in DEFAULTS} == DEFAULTS
    assert (document["data"], document["version"]) == (None, 2)
    assert (document["createdAt"], document["updatedAt"]) == ("2026-01-01T00:00:00Z", "2026-01-01T00:00:01Z")


async def test_the_same_key_in_another_namespace_is_another_context(api: Api) -> None:
    for namespace in ("", "a", "a/b"):
        await api.stored("b/c", namespace, namespace=namespace)
    await api.stored("c", "a/b of c", namespace="a/b")
    assert [(await api.got("b/c", namespace=name))["data"] for name in ("", "a", "a/b")] == ["", "a", "a/b"]
    assert (await api.got("c", namespace="a/b"))["data"] == "a/b of c"


async def test_what_was_never_stored_is_404(api: Api) -> None:
    await refused(api, api.get("nothing"), 404, "context-not-found")
    await refused(api, api.update("nothing", 1), 404, "context-not-found")
    await refused(api, api.delete("nothing"), 404, "context-not-found")
    for name in ("history", "versions"):
        await refused(api, api.http.get(f"/api/context/{name}/nothing"), 404, "context-not-found")


async def test_a_stale_version_in_the_header_is_412_and_in_the_body_409_and_both_tell_the_current_one(api: Api) -> None:
    await api.stored("k", {"n": 1})
    await api.updated("k", {"n": 2})
    stale = {"If-Match": '"1"'}
    for asking in (
        api.store("k", 0, headers=stale),
        api.update("k", 0, headers=stale),
        api.delete("k", headers=stale),
        api.http.post("/api/context/rollback/k", json={"version": 1}, headers=stale),
    ):
        assert (await refused(api, asking, 412, "precondition-failed"))["currentVersion"] == 2
    for asking in (
        api.store("k", 0, expectedVersion=1),
        api.update("k", 0, expectedVersion=1),
        api.delete("k", expectedVersion=1),
        api.http.post("/api/context/rollback/k", json={"version": 1, "options": {"expectedVersion": 1}}),
    ):
        problem = await refused(api, asking, 409, "version-conflict")
        assert (problem["expectedVersion"], problem["currentVersion"]) == (1, 2)
    assert (await api.got("k"))["data"] == {"n": 2}


async def test_the_right_version_is_accepted_either_way_and_both_together(api: Api) -> None:
    await api.stored("k", 1, expectedVersion=0)
    assert (await api.store("k", 2, headers={"If-Match": '"1"'})).status_code == 200
    assert (await api.update("k", 3, headers={"If-Match": '"2"'}, expectedVersion=2)).status_code == 200
    assert (await api.update("k", 4, headers={"If-Match": "*"})).status_code == 200
    assert (await api.delete("k", headers={"If-Match": '"4"'})).status_code == 200


async def test_if_match_star_beside_a_stale_version_in_the_body_is_409(api: Api) -> None:
    await api.stored("k", 1)
    asking = api.update("k", 2, headers={"If-Match": "*"}, expectedVersion=7)
    await refused(api, asking, 409, "version-conflict")


async def test_a_read_that_names_the_current_version_is_304_without_a_body(api: Api) -> None:
    await api.stored("k", 1)
    for header in ('"1"', 'W/"1"', '"7", "1"', "*"):
        answer = await api.get("k", headers={"If-None-Match": header})
        assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", '"1"')
    await api.updated("k", 2)
    assert (await api.get("k", headers={"If-None-Match": '"1"'})).status_code == 200
    await refused(api, api.get("gone", headers={"If-None-Match": "*"}), 404, "context-not-found")


async def test_storing_only_if_absent_is_412_while_it_lives(api: Api, clock: MovableClock) -> None:
    absent = {"If-None-Match": "*"}
    assert (await api.store("k", 1, headers=absent, ttl=60)).status_code == 201
    assert (await refused(api, api.store("k", 2, headers=absent), 412, "precondition-failed"))["currentVersion"] == 1
    clock.advance(60)
    assert (await api.store("k", 3, headers=absent)).status_code == 201


async def test_storing_only_if_present_is_412_while_nothing_is_there(api: Api) -> None:
    present = {"If-Match": "*"}
    await refused(api, api.store("k", 1, headers=present), 412, "precondition-failed")
    await api.stored("k", 1)
    assert (await api.store("k", 2, headers=present)).status_code == 200
    await api.delete("k")
    await refused(api, api.store("k", 3, headers=present), 412, "precondition-failed")


async def test_what_is_deleted_is_gone_its_history_stays_and_a_store_goes_on_in_it(api: Api) -> None:
    await api.stored("k", 1)
    answer = await api.delete("k", changedBy="me", reason="done\nwith it")
    assert answer.json() == {"key": "k", "namespace": "", "deleted": True, "version": 2, "position": 2}
    await refused(api, api.get("k"), 404, "context-not-found")
    await refused(api, api.update("k", 2), 404, "context-not-found")
    await refused(api, api.delete("k"), 404, "context-not-found")
    history = (await api.http.get("/api/context/history/k")).json()["items"]
    assert [(entry["event"], entry["actor"], entry["reason"]) for entry in history] == [
        ("context-created", None, None),
        ("context-deleted", "me", "done\nwith it"),
    ]
    again = await api.store("k", 3)
    assert (again.status_code, again.json()["version"]) == (201, 3)


async def test_at_the_instant_of_its_expiry_it_is_gone_from_every_read(
    api: Api, projection: object, clock: MovableClock
) -> None:
    await api.stored("k", 1, ttl=60)
    clock.instant = START + timedelta(seconds=60, microseconds=-1)
    assert (await api.got("k"))["expiresAt"] == "2026-01-01T00:01:00Z"
    assert await api.keys() == ["k"]
    clock.instant = START + timedelta(seconds=60)
    await refused(api, api.get("k"), 404, "context-not-found")
    assert await api.keys() == []
    await refused(api, api.update("k", 2), 404, "context-not-found")
    await refused(api, api.delete("k"), 404, "context-not-found")
    again = await api.store("k", 2)
    assert (again.status_code, again.json()["version"]) == (201, 2)
    assert await api.keys() == ["k"]


async def test_an_update_restarts_the_ttl_and_keeps_it_if_it_names_none(api: Api, clock: MovableClock) -> None:
    await api.stored("k", {"n": 1}, ttl=60)
    clock.advance(50)
    assert (await api.updated("k", {"n": 1}, changeType="increment"))["expiresAt"] == "2026-01-01T00:01:50Z"
    assert (await api.got("k"))["ttl"] == 60


async def test_a_ttl_of_null_means_never(api: Api, clock: MovableClock) -> None:
    assert (await api.stored("stored", 1, ttl=None))["expiresAt"] is None
    await api.stored("updated", 1, ttl=60)
    assert (await api.updated("updated", 2, ttl=None))["expiresAt"] is None
    clock.advance(100 * 365 * 86_400)
    assert [(await api.got(key))["ttl"] for key in ("stored", "updated")] == [None, None]


async def test_reads_are_counted_and_the_read_before_is_told(api: Api, clock: MovableClock) -> None:
    await api.stored("k", 1)
    first = await api.got("k")
    clock.advance(5)
    second = await api.got("k")
    assert (first["accessCount"], first["lastAccessedAt"]) == (1, None)
    assert (second["accessCount"], second["lastAccessedAt"]) == (2, "2026-01-01T00:00:00Z")


@pytest.mark.parametrize(
    "hostile", ["'; DROP TABLE contextline.events; --", "%s %(key)s {} \\", "$1", "\\x00", '"', "\u202e"]
)
async def test_text_that_means_something_to_sql_comes_back_as_it_was(
    api: Api, projection: object, hostile: str
) -> None:
    names = ("namespace", "sessionId", "agentId", "userId", "type", "environment", "documentVersion")
    lists = ("tags", "features", "permissions")
    options = dict.fromkeys(names, hostile) | {name: [hostile] for name in lists}
    why = {"changedBy": hostile, "action": hostile, "reason": hostile, "causationId": hostile, "correlationId": hostile}
    metadata = {hostile: [hostile]}
    await api.stored(hostile, {hostile: hostile}, **options, **why, metadata=metadata)
    document = await api.got(hostile, namespace=hostile)
    assert (document["key"], document["data"], document["metadata"]) == (hostile, {hostile: hostile}, metadata)
    assert {name: document[name] for name in options} == options
    filters = dict.fromkeys(("namespace", "sessionId", "agentId", "userId", "type", "environment"), hostile)
    assert await api.keys(**filters, tag=hostile, feature=hostile, keyPrefix=hostile) == [hostile]
    history = (await api.http.get("/api/context/history", params={"key": hostile, "namespace": hostile})).json()
    entry = history["items"][0]
    assert [entry[name] for name in ("actor", "action", "reason", "causationId", "correlationId")] == [hostile] * 5
