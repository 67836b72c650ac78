"""Partial updates by HTTP: each change type, attributes, checkpoints; and each kind of patch that doesn't apply."""

from typing import Any

import pytest

from tests.fixtures.http import Api, places, refused

CHANGES: list[tuple[str, Any, Any, Any]] = [
    ("replace", {"a": 1}, [2], [2]),
    ("merge", {"a": {"b": 1, "c": 2}}, {"a": {"c": None}}, {"a": {"b": 1, "c": None}}),
    ("mergePatch", {"a": {"b": 1, "c": 2}}, {"a": {"c": None}}, {"a": {"b": 1}}),
    ("append", {"a": [1], "b": {"c": []}}, {"a": [2], "b": {"c": [3]}}, {"a": [1, 2], "b": {"c": [3]}}),
    ("increment", {"n": 1, "m": {"x": 0.5}}, {"n": -3, "m": {"x": 1}}, {"n": -2, "m": {"x": 1.5}}),
    ("jsonPatch", {"a": [1, 2]}, [{"op": "move", "from": "/a/0", "path": "/b"}], {"a": [2], "b": 1}),
]


@pytest.mark.parametrize(("change_type", "before", "operand", "after"), CHANGES)
async def test_each_change_type_changes_its_part(
    api: Api, change_type: str, before: Any, operand: Any, after: Any
) -> None:
    await api.stored("k", before)
    answer = await api.update("k", operand, changeType=change_type)
    assert (answer.status_code, answer.headers["etag"], answer.json()["version"]) == (200, '"2"', 2)
    assert (await api.got("k"))["data"] == after


async def test_an_update_keeps_what_it_does_not_name_and_sets_what_it_names(api: Api) -> None:
    options = {"sessionId": "s", "agentId": "a", "tags": ["x"], "priority": 3, "ttl": 60, "metadata": {"m": 1}}
    await api.stored("k", {"n": 1}, **options)
    await api.updated("k", {"n": 2}, changeType="merge", tags=[], sessionId=None, metadata={"of": "the change"})
    document = await api.got("k")
    assert {name: document[name] for name in options} == {**options, "tags": [], "sessionId": None}
    await api.updated("k", {"n": 3}, contextMetadata={"m": 2})
    assert (await api.got("k"))["metadata"] == {"m": 2}


async def test_attributes_can_be_set_without_data_and_data_can_be_null(api: Api) -> None:
    await api.stored("k", {"n": 1})
    answer = await api.http.put("/api/context/update/k", json={"options": {"priority": 9}})
    assert answer.status_code == 200
    assert ((await api.got("k"))["data"], (await api.got("k"))["priority"]) == ({"n": 1}, 9)
    await api.updated("k", None)
    assert (await api.got("k"))["data"] is None


async def test_an_update_of_a_key_in_a_namespace_takes_it_from_query_or_body_but_not_two(api: Api) -> None:
    await api.stored("k", 1, namespace="n")
    url = "/api/context/update/k"
    assert (await api.http.put(f"{url}?namespace=n", json={"data": 2})).json()["version"] == 2
    assert (await api.http.put(url, json={"data": 3, "options": {"namespace": "n"}})).json()["version"] == 3
    asking = api.http.put(f"{url}?namespace=m", json={"data": 3, "options": {"namespace": "n"}})
    await refused(api, asking, 422, "invalid-input")


async def test_checkpoints_are_told_by_reads_versions_and_history(api: Api) -> None:
    await api.stored("k", {"n": 1})
    await api.updated("k", {"n": 2}, checkpoint=True)
    await api.http.put("/api/context/update/k", json={"options": {"checkpoint": "good"}})
    assert (await api.got("k"))["checkpoints"] == {"version-2": 2, "good": 3}
    versions = (await api.http.get("/api/context/versions/k")).json()["items"]
    assert [version["checkpoint"] for version in versions] == [None, "version-2", "good"]
    history = (await api.http.get("/api/context/history/k")).json()["items"]
    assert [entry["checkpoint"] for entry in history] == [None, "version-2", "good"]


DOES_NOT_APPLY: list[tuple[str, Any, int | None, str]] = [
    ("jsonPatch", [{"op": "remove", "path": "/no"}], 0, "/no"),
    ("jsonPatch", [{"op": "test", "path": "/n", "value": 1}, {"op": "test", "path": "/n", "value": 2}], 1, "/n"),
    ("jsonPatch", [{"op": "test", "path": "/n", "value": True}], 0, "/n"),
    ("jsonPatch", [{"op": "replace", "path": "/a~1b", "value": 1}], 0, "/a~1b"),
    ("jsonPatch", [{"op": "add", "path": "/no/deeper", "value": 1}], 0, "/no/deeper"),
    ("jsonPatch", [{"op": "add", "path": "/list/5", "value": 1}], 0, "/list/5"),
    ("jsonPatch", [{"op": "add", "path": "/list/x", "value": 1}], 0, "/list/x"),
    ("jsonPatch", [{"op": "add", "path": "/n/x", "value": 1}], 0, "/n/x"),
    ("jsonPatch", [{"op": "move", "from": "/no", "path": "/n"}], 0, "/no"),
    ("jsonPatch", [{"op": "copy", "from": "/list/-", "path": "/n"}], 0, "/list/-"),
    ("append", {"list": [3], "n": [1]}, None, "/n"),
    ("append", [1], None, ""),
    ("increment", {"list": 1}, None, "/list"),
    ("increment", {"n": 2**64 - 1}, None, "/n"),
    ("increment", {"big": 1.7e308}, None, "/big"),
]


@pytest.mark.parametrize(("change_type", "operand", "operation", "place"), DOES_NOT_APPLY)
async def test_a_change_that_does_not_apply_is_409_and_names_operation_and_place(
    api: Api, change_type: str, operand: Any, operation: int | None, place: str
) -> None:
    before = {"n": 1, "list": [1, 2], "big": 1.7e308}
    await api.stored("k", before)
    asking = api.update("k", operand, changeType=change_type)
    problem = await refused(api, asking, 409, "change-does-not-apply")
    assert (problem.get("operation"), places(problem)) == (operation, {place})
    assert (await api.got("k"))["data"] == before


MALFORMED: list[tuple[str, Any, str]] = [
    ("jsonPatch", {}, "/data"),
    ("jsonPatch", None, "/data"),
    ("jsonPatch", [1], "/data/0"),
    ("jsonPatch", [{"op": "add", "path": "/a", "value": 1}, {"op": "nosuch", "path": ""}], "/data/1/op"),
    ("jsonPatch", [{"path": "/a"}], "/data/0/op"),
    ("jsonPatch", [{"op": "add", "path": "a", "value": 1}], "/data/0/path"),
    ("jsonPatch", [{"op": "add", "path": "/a~", "value": 1}], "/data/0/path"),
    ("jsonPatch", [{"op": "add", "path": ["a"], "value": 1}], "/data/0/path"),
    ("jsonPatch", [{"op": "add", "path": "/a"}], "/data/0/value"),
    ("jsonPatch", [{"op": "move", "path": "/a"}], "/data/0/from"),
    ("jsonPatch", [{"op": "remove", "path": ""}], "/data/0/path"),
    ("merge", 1, "/data"),
    ("append", {"a": 1}, "/data/a"),
    ("increment", {"a": {"b": "1"}}, "/data/a/b"),
]


@pytest.mark.parametrize(("change_type", "operand", "place"), MALFORMED)
async def test_an_operand_that_fits_no_data_is_422_and_names_the_place(
    api: Api, change_type: str, operand: Any, place: str
) -> None:
    await api.stored("k", {})
    asking = api.update("k", operand, changeType=change_type)
    assert places(await refused(api, asking, 422, "invalid-input")) == {place}


async def test_a_patch_that_multiplies_the_data_is_refused(api: Api) -> None:
    await api.stored("k", {"a": 1})
    patch = [{"op": "copy", "from": "", "path": f"/{index}"} for index in range(60)]
    await refused(api, api.update("k", patch, changeType="jsonPatch"), 409, "change-does-not-apply")
