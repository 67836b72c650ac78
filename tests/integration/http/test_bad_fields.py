"""Fields of the wrong type, out of range or unknown: refused with the place, nothing written."""

from typing import Any

import pytest

from tests.fixtures.http import Api, places, refused

pytestmark = pytest.mark.asyncio(loop_scope="module")

LONG = "x" * 257

STORE: list[tuple[dict[str, Any], str]] = [
    ({"data": 1}, "/key"),
    ({"key": "k"}, "/data"),
    ({"key": 1, "data": 1}, "/key"),
    ({"key": None, "data": 1}, "/key"),
    ({"key": ["k"], "data": 1}, "/key"),
    ({"key": "", "data": 1}, "/key"),
    ({"key": "x" * 513, "data": 1}, "/key"),
    ({"key": "\U0001f600" * 513, "data": 1}, "/key"),
    ({"key": "a\nb", "data": 1}, "/key"),
    ({"key": "a\tb", "data": 1}, "/key"),
    ({"key": "a\x7f", "data": 1}, "/key"),
    ({"key": "a\x85b", "data": 1}, "/key"),
    ({"key": "k", "data": 1, "ttl": 5}, "/ttl"),
    ({"key": "k", "data": 1, "a/b~": 5}, "/a~1b~0"),
    ({"key": "k", "data": 1, "options": None}, "/options"),
    ({"key": "k", "data": 1, "options": []}, "/options"),
    ({"key": "k", "data": 1, "options": "namespace"}, "/options"),
]

OPTIONS: list[tuple[dict[str, Any], str]] = [
    ({"unknown": 1}, "/options/unknown"),
    ({"session_id": "s"}, "/options/session_id"),
    ({"Tags": []}, "/options/Tags"),
    ({"changeType": "merge"}, "/options/changeType"),
    ({"checkpoint": True}, "/options/checkpoint"),
    ({"namespace": None}, "/options/namespace"),
    ({"namespace": 1}, "/options/namespace"),
    ({"namespace": "a\nb"}, "/options/namespace"),
    ({"namespace": "x" * 513}, "/options/namespace"),
    ({"ttl": "60"}, "/options/ttl"),
    ({"ttl": 1.5}, "/options/ttl"),
    ({"ttl": 60.0}, "/options/ttl"),
    ({"ttl": True}, "/options/ttl"),
    ({"ttl": 0}, "/options/ttl"),
    ({"ttl": -1}, "/options/ttl"),
    ({"ttl": 2**63}, "/options/ttl"),
    ({"tags": "a"}, "/options/tags"),
    ({"tags": {"a": 1}}, "/options/tags"),
    ({"tags": None}, "/options/tags"),
    ({"tags": ["a", 1]}, "/options/tags/1"),
    ({"tags": ["a", ""]}, "/options/tags/1"),
    ({"tags": ["a\nb"]}, "/options/tags/0"),
    ({"tags": [LONG]}, "/options/tags/0"),
    ({"tags": ["a"] * 257}, "/options/tags"),
    ({"features": [None]}, "/options/features/0"),
    ({"permissions": [["p"]]}, "/options/permissions/0"),
    ({"priority": "1"}, "/options/priority"),
    ({"priority": True}, "/options/priority"),
    ({"priority": 1.0}, "/options/priority"),
    ({"priority": 2**31}, "/options/priority"),
    ({"importance": "0.5"}, "/options/importance"),
    ({"importance": True}, "/options/importance"),
    ({"importance": 1.1}, "/options/importance"),
    ({"importance": -0.1}, "/options/importance"),
    ({"sessionId": 1}, "/options/sessionId"),
    ({"sessionId": ""}, "/options/sessionId"),
    ({"sessionId": LONG}, "/options/sessionId"),
    ({"agentId": "a\x01"}, "/options/agentId"),
    ({"userId": []}, "/options/userId"),
    ({"type": None}, "/options/type"),
    ({"type": ""}, "/options/type"),
    ({"environment": 1}, "/options/environment"),
    ({"documentVersion": 1}, "/options/documentVersion"),
    ({"metadata": []}, "/options/metadata"),
    ({"metadata": "x"}, "/options/metadata"),
    ({"metadata": None}, "/options/metadata"),
    ({"compress": "yes"}, "/options/compress"),
    ({"encrypt": 1}, "/options/encrypt"),
    ({"expectedVersion": "1"}, "/options/expectedVersion"),
    ({"expectedVersion": -1}, "/options/expectedVersion"),
    ({"expectedVersion": 1.0}, "/options/expectedVersion"),
    ({"expectedVersion": True}, "/options/expectedVersion"),
    ({"expectedVersion": 2**31}, "/options/expectedVersion"),
    ({"changedBy": 1}, "/options/changedBy"),
    ({"action": ""}, "/options/action"),
    ({"reason": 5}, "/options/reason"),
    ({"reason": "x" * 10_001}, "/options/reason"),
    ({"causationId": False}, "/options/causationId"),
    ({"correlationId": LONG}, "/options/correlationId"),
]

UPDATE: list[tuple[dict[str, Any], str]] = [
    ({}, "/data"),
    ({"options": {}}, "/data"),
    ({"options": {"changeType": "merge"}}, "/data"),
    ({"options": {"checkpoint": False}}, "/data"),
    ({"data": 1, "key": "k"}, "/key"),
    ({"data": 1, "options": {"changeType": "patch"}}, "/options/changeType"),
    ({"data": 1, "options": {"changeType": None}}, "/options/changeType"),
    ({"data": 1, "options": {"checkpoint": 1}}, "/options/checkpoint"),
    ({"data": 1, "options": {"checkpoint": ""}}, "/options/checkpoint"),
    ({"data": 1, "options": {"checkpoint": None}}, "/options/checkpoint"),
    ({"data": 1, "options": {"contextMetadata": []}}, "/options/contextMetadata"),
    ({"data": 1, "options": {"encrypt": False}}, "/options/encrypt"),
    ({"data": 1, "options": {"ttl": "never"}}, "/options/ttl"),
]

ROLLBACK: list[tuple[dict[str, Any], str]] = [
    ({}, ""),
    ({"version": 1, "checkpoint": "c"}, ""),
    ({"version": 0}, "/version"),
    ({"version": "1"}, "/version"),
    ({"version": True}, "/version"),
    ({"version": 2**31}, "/version"),
    ({"checkpoint": ""}, "/checkpoint"),
    ({"version": 1, "to": 1}, "/to"),
    ({"version": 1, "options": {"ttl": 5}}, "/options/ttl"),
]

SESSIONS: list[tuple[str, dict[str, Any], str]] = [
    ("", {"id": ""}, "/id"),
    ("", {"id": 1}, "/id"),
    ("", {"id": LONG}, "/id"),
    ("", {"id": "a\nb"}, "/id"),
    ("", {"userId": 1}, "/userId"),
    ("", {"data": []}, "/data"),
    ("", {"metadata": None}, "/metadata"),
    ("", {"status": "active"}, "/status"),
    ("/complete/s", {"outcome": []}, "/outcome"),
    ("/complete/s", {"expectedVersion": "1"}, "/expectedVersion"),
    ("/fail/s", {"reason": 1}, "/reason"),
    ("/fail/s", {"status": "failed"}, "/status"),
]


@pytest.mark.parametrize(("body", "place"), STORE)
async def test_a_store_with_a_bad_field_names_it(module_api: Api, body: dict[str, Any], place: str) -> None:
    asking = module_api.http.post("/api/context/store", json=body)
    assert places(await refused(module_api, asking, 422, "invalid-input")) == {place}


@pytest.mark.parametrize(("options", "place"), OPTIONS)
async def test_a_store_with_a_bad_option_names_it(module_api: Api, options: dict[str, Any], place: str) -> None:
    asking = module_api.store("k", 1, **options)
    assert places(await refused(module_api, asking, 422, "invalid-input")) == {place}


@pytest.mark.parametrize(("body", "place"), UPDATE)
async def test_an_update_with_a_bad_field_names_it(module_api: Api, body: dict[str, Any], place: str) -> None:
    asking = module_api.http.put("/api/context/update/k", json=body)
    assert places(await refused(module_api, asking, 422, "invalid-input")) == {place}


@pytest.mark.parametrize(("body", "place"), ROLLBACK)
async def test_a_rollback_with_a_bad_field_names_it(module_api: Api, body: dict[str, Any], place: str) -> None:
    asking = module_api.http.post("/api/context/rollback/k", json=body)
    assert places(await refused(module_api, asking, 422, "invalid-input")) == {place}


@pytest.mark.parametrize(("path", "body", "place"), SESSIONS)
async def test_a_session_with_a_bad_field_names_it(
    module_api: Api, path: str, body: dict[str, Any], place: str
) -> None:
    asking = module_api.http.post(f"/api/sessions{path}", json=body)
    assert places(await refused(module_api, asking, 422, "invalid-input")) == {place}


async def test_all_bad_fields_are_named_at_once(module_api: Api) -> None:
    problem = await refused(module_api, module_api.store("k", 1, ttl="x", tags=[1], no=1), 422, "invalid-input")
    assert places(problem) == {"/options/ttl", "/options/tags/0", "/options/no"}


async def test_encryption_without_a_master_key_is_refused_rather_than_ignored(module_api: Api) -> None:
    problem = await refused(module_api, module_api.store("k", 1, encrypt=True), 501, "encryption-not-configured")
    assert "CONTEXTLINE_MASTER_KEY" in problem["detail"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/api/context/store"),
        ("PUT", "/api/context/update/k"),
        ("DELETE", "/api/context/delete/k"),
        ("POST", "/api/context/rollback/k"),
        ("POST", "/api/sessions"),
    ],
)
async def test_an_idempotency_key_is_refused_rather_than_ignored(module_api: Api, method: str, path: str) -> None:
    headers = {"Idempotency-Key": "1", "content-type": "application/json"}
    asking = module_api.http.request(method, path, headers=headers, content=b'{"key":"k","data":1}')
    await refused(module_api, asking, 501, "not-implemented")


@pytest.mark.parametrize("header", ["1", '"a"', 'W/"1"', '"1", "2"', '"-1"', "", '"1.0"', '"99999999999"', '"'])
async def test_an_if_match_that_is_not_one_version_is_422(module_api: Api, header: str) -> None:
    asking = module_api.store("k", 1, headers={"If-Match": header})
    await refused(module_api, asking, 422, "invalid-input")


async def test_a_store_does_not_ignore_an_if_none_match_that_names_a_version(module_api: Api) -> None:
    asking = module_api.store("k", 1, headers={"If-None-Match": '"1"'})
    await refused(module_api, asking, 422, "invalid-input")


async def test_the_two_ways_to_expect_a_version_must_agree(module_api: Api) -> None:
    asking = module_api.store("k", 1, headers={"If-Match": '"1"'}, expectedVersion=2)
    assert places(await refused(module_api, asking, 422, "invalid-input")) == {"/options/expectedVersion"}
