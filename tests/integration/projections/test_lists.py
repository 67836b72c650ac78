"""Lists come from the read model: what they show, how they wait, and every filter."""

from typing import Any

import pytest

from domain.values import identical
from tests.fixtures.clock import MovableClock
from tests.fixtures.http import Api, refused


async def test_a_listed_context_is_what_a_read_gives_without_its_data(api: Api, projection: object) -> None:
    options = {
        "namespace": "n",
        "sessionId": "s",
        "tags": ["b", "a"],
        "features": ["f"],
        "metadata": {"m": [1.0, -0.0]},
    }
    await api.stored("k", {"n": 1}, **options, importance=1, priority=-3, ttl=None)
    await api.updated("k", {"n": 1}, changeType="increment", namespace="n")
    (item,) = (await api.listed(minPosition=await api.log_end()))["items"]
    document = await api.got("k", namespace="n")
    for name in ("data", "checkpoints", "conflicts"):
        del document[name]
    # The read itself is one, that the list came before.
    assert identical(item | {"accessCount": 1}, document)


@pytest.mark.parametrize("data", [None, False, {"a": [1, 1.0, -0.0, 2**64 - 1, "\u2028"]}, "x" * 5_000])
async def test_data_are_listed_only_when_asked_for_and_come_back_identical(
    api: Api, projection: object, data: Any
) -> None:
    await api.stored("k", data)
    position = await api.log_end()
    assert "data" not in (await api.listed(minPosition=position))["items"][0]
    assert identical((await api.listed(minPosition=position, include="data"))["items"][0]["data"], data)


async def test_what_is_deleted_leaves_the_list_and_comes_back_as_the_newest(api: Api, projection: object) -> None:
    for key in ("a", "b", "c"):
        await api.stored(key, 1)
    await api.delete("a")
    assert await api.keys() == ["b", "c"]
    await api.stored("a", 2)
    await api.stored("b", 2)
    assert await api.keys() == ["b", "c", "a"]
    assert await api.keys(order="-created") == ["a", "c", "b"]
    assert await api.keys(order="key") == ["a", "b", "c"]


async def test_a_list_waits_for_the_position_that_it_is_asked_for(api: Api, projection: object) -> None:
    for number in range(20):
        position = (await api.stored(f"k{number}", number))["position"]
        page = await api.listed(minPosition=position, order="-created", limit=1)
        assert page["items"][0]["key"] == f"k{number}"


async def test_a_list_that_waited_in_vain_is_503_and_says_how_far_the_read_model_is(api: Api) -> None:
    position = (await api.stored("k", 1))["position"]
    asking = api.http.get("/api/context/list", params={"minPosition": position, "timeout": 0.05})
    answer = await asking
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    again = api.http.get("/api/context/list", params={"minPosition": position, "timeout": 0.05})
    problem = await refused(api, again, 503, "read-model-behind")
    assert "at position 0 and did not reach 1" in problem["detail"]
    await refused(api, api.http.get("/api/context/list"), 503, "read-model-behind")


async def test_a_position_beyond_the_log_is_409_at_once(api: Api, projection: object) -> None:
    await api.stored("k", 1)
    for path in ("/api/context/list", "/api/sessions"):
        asking = api.http.get(path, params={"minPosition": 2, "timeout": 60})
        assert (await refused(api, asking, 409, "position-not-in-log"))["head"] == 1


async def test_an_expired_context_is_not_listed_though_no_event_says_so(
    api: Api, projection: object, clock: MovableClock
) -> None:
    await api.stored("short", 1, ttl=10)
    await api.stored("long", 1, ttl=20)
    await api.stored("ever", 1, ttl=None)
    clock.advance(10)
    assert await api.keys() == ["long", "ever"]
    assert await api.keys(order="key") == ["ever", "long"]
    assert await api.keys(order="-created") == ["ever", "long"]


CONTEXTS: dict[str, dict[str, Any]] = {
    "a1": {"sessionId": "s1", "agentId": "g1", "userId": "u1", "type": "plan", "tags": ["x", "y"], "priority": 1},
    "a2": {"sessionId": "s1", "agentId": "g2", "userId": "u1", "type": "memo", "tags": ["y"], "priority": -5},
    "b1": {"namespace": "n", "sessionId": "s2", "agentId": "g1", "features": ["f", "g"], "importance": 0.9},
    "b%_": {"namespace": "n/m", "environment": "production", "features": ["g"], "importance": 1.0, "priority": 9},
}

FILTERS: list[tuple[dict[str, Any], list[str]]] = [
    ({}, ["a1", "a2", "b1", "b%_"]),
    ({"namespace": ""}, ["a1", "a2"]),
    ({"namespace": "n"}, ["b1"]),
    ({"namespace": "n/"}, []),
    ({"sessionId": "s1"}, ["a1", "a2"]),
    ({"agentId": "g1"}, ["a1", "b1"]),
    ({"userId": "u1"}, ["a1", "a2"]),
    ({"type": "generic"}, ["b1", "b%_"]),
    ({"environment": "production"}, ["b%_"]),
    ({"keyPrefix": "a"}, ["a1", "a2"]),
    ({"keyPrefix": "b%"}, ["b%_"]),
    ({"keyPrefix": "%"}, []),
    ({"keyPrefix": ""}, ["a1", "a2", "b1", "b%_"]),
    ({"tag": "y"}, ["a1", "a2"]),
    ({"tag": ["x", "y"]}, ["a1"]),
    ({"tag": ["x", "z"]}, []),
    ({"feature": "g"}, ["b1", "b%_"]),
    ({"feature": ["g", "f"]}, ["b1"]),
    ({"minPriority": 1}, ["a1", "b%_"]),
    ({"minPriority": -5}, ["a1", "a2", "b1", "b%_"]),
    ({"minImportance": 0.9}, ["b1", "b%_"]),
    ({"minImportance": 0.95}, ["b%_"]),
    ({"createdFrom": "2026-01-01T00:00:10Z"}, ["a2", "b1", "b%_"]),
    ({"createdTo": "2026-01-01T00:00:10Z"}, ["a1"]),
    ({"createdFrom": "2026-01-01T00:00:10Z", "createdTo": "2026-01-01T00:00:20.000001Z"}, ["a2", "b1"]),
    ({"updatedFrom": "2026-01-01T00:00:40Z"}, ["a1"]),
    ({"updatedTo": "2026-01-01T01:00:40+01:00"}, ["a2", "b1", "b%_"]),
    ({"sessionId": "s1", "tag": "x", "minPriority": 1, "type": "plan", "keyPrefix": "a"}, ["a1"]),
    ({"sessionId": "s1", "agentId": "g2", "tag": "x"}, []),
]


async def test_every_filter_gives_those_that_it_fits_in_every_order(
    api: Api, projection: object, clock: MovableClock
) -> None:
    for key, options in CONTEXTS.items():
        await api.stored(key, 1, **options)
        clock.advance(10)
    await api.updated("a1", 2)
    for query, expected in FILTERS:
        assert await api.keys(**query) == expected, query
        assert await api.keys(**query, order="-created") == expected[::-1], query
        assert sorted(await api.keys(**query, order="key")) == sorted(expected), query
        pages = await api.pages(**query, limit=1)
        assert [item["key"] for page in pages for item in page] == expected, query


async def test_all_filters_of_the_contract_are_tried_above(api: Api) -> None:
    contract = (await api.http.get("/openapi.json")).json()
    parameters = {parameter["name"] for parameter in contract["paths"]["/api/context/list"]["get"]["parameters"]}
    tried = {name for query, _ in FILTERS for name in query}
    assert parameters - tried == {"limit", "cursor", "minPosition", "timeout", "order", "include"}
