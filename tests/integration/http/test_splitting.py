"""Splitting a context into several through HTTP: all or nothing."""

from typing import Any

import httpx
import pytest

from tests.fixtures.clock import MovableClock
from tests.fixtures.http import Api, places, refused

DOCUMENT = {"a": {"x": 1, "y": [10, 20, 30, 40]}, "b": None, "": "empty", "~/": 5, "list": [{"n": 1}, {"n": 2}]}


async def split(api: Api, targets: list[Any], **body: Any) -> httpx.Response:
    """Targets as (pointer, key), or as the wire has them."""
    named = [target if isinstance(target, dict) else {"pointer": target[0], "key": target[1]} for target in targets]
    return await api.http.post("/api/context/split/k", json={"targets": named, **body})


async def test_parts_become_contexts_of_their_own_and_stay_where_they_were(api: Api) -> None:
    await api.stored("k", DOCUMENT, sessionId="s-1", tags=["t"], ttl=None)
    pointers = {"/a/y": [10, 20, 30, 40], "/b": None, "/": "empty", "/~0~1": 5, "/list/1": {"n": 2}}
    targets = [(pointer, f"part{number}") for number, pointer in enumerate(pointers)]
    answer = await split(api, targets, options={"changedBy": "me", "agentId": "a-1"})
    assert answer.status_code == 201, answer.text
    found = answer.json()
    assert (found["version"], [target["version"] for target in found["targets"]]) == (2, [1] * 5)
    assert [target["pointer"] for target in found["targets"]] == list(pointers)
    assert found["position"] == await api.log_end()
    for number, value in enumerate(pointers.values()):
        part = await api.got(f"part{number}")
        assert (part["data"], part["sessionId"], part["agentId"], part["tags"]) == (value, "s-1", "a-1", ["t"])
    assert (await api.got("k"))["data"] == DOCUMENT


async def test_parts_can_be_taken_out_whatever_their_order(api: Api) -> None:
    await api.stored("k", DOCUMENT)
    targets = [
        ("/a/y/0", "p0"),
        ("/list/0", "p1"),
        ("/a/y/2", "p2"),
        ("/b", "p3"),
        ("/a/y/3", "p4"),
        ("/list/1/n", "p5"),
    ]
    answer = await split(api, targets, removeFromSource=True)
    assert answer.status_code == 201, answer.text
    assert (await api.got("k"))["data"] == {"a": {"x": 1, "y": [20]}, "": "empty", "~/": 5, "list": [{}]}
    values = [(await api.got(f"p{number}"))["data"] for number in range(6)]
    assert values == [10, {"n": 1}, 30, None, 40, 2]
    history = (await api.http.get("/api/context/history/k?order=desc")).json()["items"][0]
    assert history["event"] == "context-split"
    assert [(part["pointer"], part["key"], part["version"]) for part in history["details"]["parts"]] == [
        (pointer, key, 1) for pointer, key in targets
    ]
    created = (await api.http.get("/api/context/history/p0")).json()["items"][0]
    source = created["details"]["splitFrom"]
    assert (created["event"], source["key"], source["version"], source["pointer"]) == (
        "context-created", "k", 1, "/a/y/0",
    )  # fmt: skip


async def test_pointers_that_overlap_or_lead_to_nothing_are_refused_each_by_its_place(api: Api) -> None:
    await api.stored("k", DOCUMENT)
    overlapping = [("/a", "p0"), ("/b", "p1"), ("/a/x", "p2"), ("/a", "p3"), ("/a/y/0", "p4")]
    problem = await refused(api, split(api, overlapping), 422, "invalid-input")
    assert places(problem) == {"/targets/2/pointer", "/targets/3/pointer", "/targets/4/pointer"}
    nothing = [
        ("/a/x", "p0"),
        ("/a/z", "p1"),
        ("/a/y/z", "p2"),
        ("/list/2", "p3"),
        ("/list/-", "p4"),
        ("/list/01", "p5"),
    ]
    problem = await refused(api, split(api, nothing), 422, "invalid-input")
    assert places(problem) == {f"/targets/{number}/pointer" for number in range(1, 6)}
    problem = await refused(api, split(api, [("", "p0"), ("a", "p1"), ("/~2", "p2")]), 422, "invalid-input")
    assert places(problem) == {f"/targets/{number}/pointer" for number in range(3)}


async def test_alike_beginnings_are_no_overlap(api: Api) -> None:
    await api.stored("k", {"a": 1, "ab": 2, "a/b": 3})
    answer = await split(api, [("/a", "p0"), ("/ab", "p1"), ("/a~1b", "p2")])
    assert answer.status_code == 201, answer.text


async def test_targets_that_are_named_twice_are_the_source_or_live_are_refused(api: Api, clock: MovableClock) -> None:
    await api.stored("k", DOCUMENT)
    targets = [("/a", "p"), ("/b", "p"), ("/list", "k"), {"pointer": "/~0~1", "key": "p", "namespace": "n"}]
    problem = await refused(api, split(api, targets), 422, "invalid-input")
    assert places(problem) == {"/targets/1/key", "/targets/2/key"}
    await api.stored("live", 1)
    await api.stored("gone", 1)
    await api.delete("gone")
    await api.stored("expired", 1, ttl=5)
    clock.advance(10)
    problem = await refused(api, split(api, [("/a", "live"), ("/b", "new")]), 409, "targets-exist")
    assert places(problem) == {"/targets/0"}
    assert (await api.get("new")).status_code == 404
    answer = await split(api, [("/a", "gone"), ("/b", "expired")])
    assert [target["version"] for target in answer.json()["targets"]] == [3, 2]


async def test_what_is_gone_or_stale_is_not_split(api: Api) -> None:
    await refused(api, split(api, [("/a", "p")]), 404, "context-not-found")
    await api.stored("k", DOCUMENT)
    stale = split(api, [("/a", "p")], options={"expectedVersion": 7})
    await refused(api, stale, 409, "version-conflict")
    await api.delete("k")
    await refused(api, split(api, [("/a", "p")]), 404, "context-not-found")


@pytest.mark.parametrize(
    ("targets", "place"),
    [
        ([], "/targets"),
        ([{"pointer": "/a", "key": "p"}] * 101, "/targets"),
        ([{"pointer": "/a"}], "/targets/0/key"),
        ([{"key": "p"}], "/targets/0/pointer"),
        ([{"pointer": 1, "key": "p"}], "/targets/0/pointer"),
        ([{"pointer": "/a", "key": "p", "version": 1}], "/targets/0/version"),
    ],
)
@pytest.mark.asyncio(loop_scope="module")
async def test_a_bad_split_is_refused_at_its_place(module_api: Api, targets: Any, place: str) -> None:
    asking = split(module_api, targets)
    assert places(await refused(module_api, asking, 422, "invalid-input")) == {place}
