"""Merging contexts through HTTP: strategies, ancestors, conflicts, and what is refused."""

import asyncio
from typing import Any

import httpx
import pytest

from application.contexts import ContextRef
from tests.fixtures.clock import MovableClock
from tests.fixtures.http import Api, places, refused


async def merge(api: Api, sources: list[Any], target: Any, strategy: str, **body: Any) -> httpx.Response:
    """Sources and target by key, or as the wire has them."""
    named = [{"key": source} if isinstance(source, str) else source for source in sources]
    into = {"key": target} if isinstance(target, str) else target
    return await api.http.post(
        "/api/context/merge", json={"sources": named, "target": into, "strategy": strategy, **body}
    )


async def merged(api: Api, sources: list[Any], target: Any, strategy: str, **body: Any) -> Any:
    answer = await merge(api, sources, target, strategy, **body)
    assert answer.status_code in (200, 201), answer.text
    return answer.json()


async def fork(api: Api, key: str, target: str, **body: Any) -> Any:
    answer = await api.http.post(f"/api/context/fork/{key}", json={"target": {"key": target}, **body})
    assert answer.status_code == 201, answer.text
    return answer.json()


async def data(api: Api, key: str) -> Any:
    return (await api.got(key))["data"]


ONE, OTHER = {"a": {"x": 1, "y": 1}, "b": [1]}, {"a": {"y": 2, "z": 2}, "b": [2], "c": 3}


@pytest.mark.parametrize(
    ("strategy", "result"),
    [
        ("last_write_wins", {"a": {"y": 2, "z": 2}, "b": [2], "c": 3}),
        ("first_write_wins", {"a": {"x": 1, "y": 1}, "b": [1], "c": 3}),
        ("deep_merge", {"a": {"x": 1, "y": 2, "z": 2}, "b": [2], "c": 3}),
    ],
)
async def test_several_are_merged_into_a_new_one_by_the_order_of_the_list(api: Api, strategy: str, result: Any) -> None:
    await api.stored("one", ONE, sessionId="s-1", tags=["t"])
    await api.stored("other", OTHER, sessionId="s-2")
    answer = await merged(api, ["one", "other"], "both", strategy)
    assert (answer["created"], answer["version"], answer["strategy"], answer["automatic"]) == (True, 2, strategy, None)
    assert [(source["key"], source["version"]) for source in answer["sources"]] == [("one", 1), ("other", 1)]
    got = await api.got("both")
    assert (got["data"], got["sessionId"], got["tags"]) == (result, "s-1", ["t"])
    assert (await data(api, "one"), await data(api, "other")) == (ONE, OTHER)


async def test_a_live_target_comes_first_and_is_marked_before(api: Api) -> None:
    await api.stored("context", {"mine": 1, "both": 1}, namespace="session_001", sessionId="session_001")
    await api.stored("context", {"theirs": 2, "both": 2}, namespace="session_002", sessionId="session_002")
    answer = await merged(
        api,
        [{"key": "context", "namespace": "session_002"}],
        {"key": "context", "namespace": "session_001"},
        "deep_merge",
    )
    assert (answer["created"], answer["version"], answer["automatic"]) == (False, 2, "auto_1_before-merge")
    got = await api.got("context", namespace="session_001")
    assert got["data"] == {"mine": 1, "both": 2, "theirs": 2}
    assert (got["sessionId"], got["checkpoints"]) == ("session_001", {"auto_1_before-merge": 1})


async def test_a_target_among_the_sources_has_its_place_in_the_order(api: Api) -> None:
    await api.stored("a", {"v": "a", "a": 1})
    await api.stored("b", {"v": "b", "b": 1})
    await merged(api, ["b", "a"], "a", "last_write_wins")
    assert await data(api, "a") == {"v": "a", "a": 1, "b": 1}


async def test_options_say_what_the_result_is_otherwise(api: Api) -> None:
    await api.stored("one", {}, sessionId="s-1")
    options = {"sessionId": None, "tags": ["merged"], "contextMetadata": {"m": 1}, "changedBy": "me", "reason": "why"}
    await merged(api, ["one"], "new", "deep_merge", options=options)
    got = await api.got("new")
    assert (got["sessionId"], got["tags"], got["metadata"]) == (None, ["merged"], {"m": 1})
    await merged(api, ["one"], "new", "deep_merge", options={"namespace": "", "type": "x", "expectedVersion": 2})
    assert (await api.got("new"))["type"] == "x"


async def test_a_version_of_a_source_can_be_named_also_of_one_that_is_gone(api: Api) -> None:
    await api.stored("one", {"n": 1})
    await api.updated("one", {"n": 2})
    await api.delete("one")
    await api.stored("other", {"m": 1})
    answer = await merged(api, [{"key": "one", "version": 1}, "other"], "new", "deep_merge")
    assert [source["version"] for source in answer["sources"]] == [1, 1]
    assert await data(api, "new") == {"n": 1, "m": 1}


async def test_three_way_keeps_the_disjoint_edits_of_both_in_either_order(api: Api) -> None:
    await api.stored("base", {"title": "t", "steps": {"one": 1, "two": 2}, "gone": 1})
    await fork(api, "base", "branch")
    await api.updated("base", {"title": "new"}, changeType="merge")
    await api.updated("branch", {"steps": {"two": 22}, "gone": None}, changeType="mergePatch")
    expected = {"title": "new", "steps": {"one": 1, "two": 22}}
    for target, sources in (("x", ["base", "branch"]), ("y", ["branch", "base"])):
        answer = await merged(api, sources, target, "three_way")
        assert (answer["conflicts"], await data(api, target)) == ([], expected)
        assert [(base["key"], base["version"]) for base in answer["bases"]] == [("base", 1)]


async def test_the_second_merge_sees_only_what_is_new_since_the_first(api: Api) -> None:
    await api.stored("main", {"a": 1, "b": 1, "c": 1})
    await fork(api, "main", "branch")
    await api.updated("main", {"a": 2}, changeType="merge")
    await api.updated("branch", {"b": 2}, changeType="merge")
    first = await merged(api, ["branch"], "main", "three_way")
    assert (first["bases"][0]["key"], first["bases"][0]["version"]) == ("main", 1)
    assert await data(api, "main") == {"a": 2, "b": 2, "c": 1}
    # What was merged before is undone in main: against the first ancestor, the branch would bring it back.
    await api.updated("main", {"b": 1, "a": 3}, changeType="merge")
    await api.updated("branch", {"c": 2}, changeType="merge")
    second = await merged(api, ["branch"], "main", "three_way")
    assert (second["bases"][0]["key"], second["bases"][0]["version"]) == ("branch", 2)
    assert (second["conflicts"], await data(api, "main")) == ([], {"a": 3, "b": 1, "c": 2})
    # And into the other direction: the branch has all that main has.
    third = await merged(api, ["main"], "branch", "three_way")
    assert (third["bases"][0]["key"], third["bases"][0]["version"]) == ("branch", 3)
    assert await data(api, "branch") == {"a": 3, "b": 1, "c": 2}


async def test_branches_of_branches_have_the_nearest_ancestor(api: Api) -> None:
    await api.stored("root", {"n": 0})
    await fork(api, "root", "left")
    await api.updated("left", {"n": 1})
    await fork(api, "left", "deeper")
    await api.updated("left", {"n": 1, "left": 1})
    await api.updated("deeper", {"n": 1, "deeper": 1})
    answer = await merged(api, ["left", "deeper"], "new", "three_way")
    assert [(base["key"], base["version"]) for base in answer["bases"]] == [("left", 2)]
    answer = await merged(api, ["root", "deeper", "left"], "all", "three_way")
    assert [(base["key"], base["version"]) for base in answer["bases"]] == [("root", 1), ("left", 2)]
    assert await data(api, "all") == {"n": 1, "left": 1, "deeper": 1}


async def test_of_several_ancestors_that_are_equally_near_the_one_written_last_is_compared_with(api: Api) -> None:
    await api.stored("root", {"a": 0, "b": 0})
    for branch, member in (("left", "a"), ("right", "b")):
        await fork(api, "root", branch)
        await api.updated(branch, {member: 1}, changeType="merge")
    # Each takes what the other was before it took anything.
    for source, target in (("right", "left"), ("left", "right")):
        await merged(api, [{"key": source, "version": 2}], target, "three_way")
    await api.updated("left", {"b": 2}, changeType="merge")
    answer = await merged(api, ["right"], "left", "three_way")
    assert [(base["key"], base["version"]) for base in answer["bases"]] == [("right", 2)]
    assert (answer["conflicts"], await data(api, "left")) == ([], {"a": 1, "b": 2})


async def conflicting(api: Api) -> None:
    await api.stored("main", {"a": 1, "d": {"x": 1}, "l": [1], "same": 0})
    await fork(api, "main", "branch")
    await api.updated("main", {"a": 2, "d": None, "l": [1, 2], "same": 5, "~/": "m"}, changeType="mergePatch")
    await api.updated("branch", {"a": 3, "d": {"x": 2}, "l": [3], "same": 5, "~/": "b"}, changeType="mergePatch")


async def test_conflicts_are_listed_by_pointer_with_all_three_values_and_nothing_is_written(api: Api) -> None:
    await conflicting(api)
    problem = await refused(api, merge(api, ["branch"], "main", "three_way"), 409, "merge-conflict")
    source = {"key": "branch", "namespace": "", "version": 2}
    found = {conflict["pointer"]: conflict for conflict in problem["conflicts"]}
    assert problem["conflictCount"] == len(found) == 4
    assert found["/a"] == {"pointer": "/a", "base": 1, "ours": 2, "theirs": 3, "source": source}
    assert found["/d"] == {"pointer": "/d", "base": {"x": 1}, "theirs": {"x": 2}, "source": source}
    assert found["/~0~1"] == {"pointer": "/~0~1", "ours": "m", "theirs": "b", "source": source}
    assert "base" not in found["/~0~1"]


@pytest.mark.parametrize(
    ("decision", "taken", "result"),
    [
        ("last", "theirs", {"a": 3, "d": {"x": 2}, "l": [3], "same": 5, "~/": "b"}),
        ("first", "ours", {"a": 2, "l": [1, 2], "same": 5, "~/": "m"}),
    ],
)
async def test_conflicts_can_be_decided_by_the_order(api: Api, decision: str, taken: str, result: Any) -> None:
    await conflicting(api)
    answer = await merged(api, ["branch"], "main", "three_way", onConflict=decision)
    assert await data(api, "main") == result
    assert {conflict["taken"] for conflict in answer["conflicts"]} == {taken}
    history = (await api.http.get("/api/context/history/main", params={"order": "desc"})).json()["items"][0]
    assert (history["event"], history["details"]["onConflict"]) == ("context-merged", decision)
    assert history["details"]["automaticCheckpoints"] == ["auto_2_before-merge"]


async def test_conflicts_can_be_kept_for_a_person(api: Api) -> None:
    await conflicting(api)
    answer = await merged(api, ["branch"], "main", "three_way", onConflict="keep")
    assert {conflict["taken"] for conflict in answer["conflicts"]} == {"open"}
    assert await data(api, "main") == {"a": 2, "l": [1, 2], "same": 5, "~/": "m"}
    items = (await api.http.get("/api/context/history/main")).json()["items"]
    assert [item["event"] for item in items[-2:]] == ["context-merged", "conflict-opened"]
    context = await api.services.contexts.load(ContextRef("default", "", "main"))
    assert context is not None
    assert {conflict.pointer for conflict in context.conflicts.values()} == {"/a", "/d", "/l", "/~0~1"}


async def test_what_is_not_there_is_named_or_ignored_but_something_must_be_there(api: Api, clock: MovableClock) -> None:
    await api.stored("there", {"n": 1})
    await api.stored("deleted", {})
    await api.delete("deleted")
    await api.stored("expired", {}, ttl=5)
    clock.advance(10)
    sources = ["never", "there", "deleted", "expired", {"key": "there", "version": 7}]
    problem = await refused(api, merge(api, sources, "new", "deep_merge"), 404, "sources-missing")
    assert places(problem) == {"/sources/0", "/sources/2", "/sources/3", "/sources/4"}
    answer = await merged(api, sources, "new", "deep_merge", ignoreMissing=True)
    assert [source["key"] for source in answer["missing"]] == ["never", "deleted", "expired", "there"]
    assert await data(api, "new") == {"n": 1}
    await refused(api, merge(api, ["never"], "new", "deep_merge", ignoreMissing=True), 404, "sources-missing")


async def test_merging_with_oneself_is_refused(api: Api) -> None:
    await api.stored("k", {"n": 1})
    await api.updated("k", {"n": 2})
    await api.stored("other", {})
    problem = await refused(api, merge(api, ["k"], "k", "deep_merge"), 422, "invalid-input")
    assert places(problem) == {"/sources"}
    past = {"key": "k", "version": 1}
    problem = await refused(api, merge(api, ["other", past], "k", "deep_merge"), 422, "invalid-input")
    assert places(problem) == {"/sources/1"}
    problem = await refused(api, merge(api, ["k", "other", past], "new", "deep_merge"), 422, "invalid-input")
    assert places(problem) == {"/sources/2"}


async def test_without_an_ancestor_there_is_no_three_way_merge(api: Api) -> None:
    await api.stored("one", {})
    await api.stored("other", {})
    problem = await refused(api, merge(api, ["one", "other"], "new", "three_way"), 409, "no-common-ancestor")
    assert "deep_merge" in problem["detail"]
    # A new life under the same key is no descendant of the old one.
    await fork(api, "one", "branch")
    await api.delete("one")
    await api.stored("one", {"new": 1})
    await refused(api, merge(api, ["one", "branch"], "new", "three_way"), 409, "no-common-ancestor")


@pytest.mark.parametrize("end", ["delete", "expire"])
async def test_an_ancestor_that_was_deleted_or_has_expired_serves(api: Api, clock: MovableClock, end: str) -> None:
    await api.stored("root", {"a": 1, "b": 1}, ttl=50)
    for branch in ("left", "right"):
        await fork(api, "root", branch, options={"ttl": None})
    await api.updated("left", {"a": 2}, changeType="merge")
    await api.updated("right", {"b": 2}, changeType="merge")
    if end == "delete":
        await api.delete("root")
    clock.advance(100)
    await api.get("root")
    await merged(api, ["left", "right"], "new", "three_way")
    assert await data(api, "new") == {"a": 2, "b": 2}


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({"sources": []}, "/sources"),
        ({"sources": [{"key": "k"}] * 101}, "/sources"),
        ({"sources": [{"key": ""}]}, "/sources/0/key"),
        ({"sources": [{"key": "k", "version": 0}]}, "/sources/0/version"),
        ({"sources": [{"key": "k", "what": 1}]}, "/sources/0/what"),
        ({"target": {"key": "a\nb"}}, "/target/key"),
        ({"target": {}}, "/target/key"),
        ({"strategy": "octopus"}, "/strategy"),
        ({"onConflict": "last"}, "/onConflict"),
        ({"strategy": "three_way", "onConflict": "guess"}, "/onConflict"),
        ({"options": {"importance": 2}}, "/options/importance"),
        ({"more": 1}, "/more"),
    ],
)
@pytest.mark.asyncio(loop_scope="module")
async def test_a_bad_merge_is_refused_at_its_place(module_api: Api, body: Any, place: str) -> None:
    whole = {"sources": [{"key": "k"}], "target": {"key": "t"}, "strategy": "deep_merge"} | body
    asking = module_api.http.post("/api/context/merge", json=whole)
    assert places(await refused(module_api, asking, 422, "invalid-input")) == {place}


async def test_the_target_can_be_expected_at_a_version(api: Api) -> None:
    await api.stored("one", {"n": 1})
    await api.stored("t", {})
    stale = {"options": {"expectedVersion": 0}}
    await refused(api, merge(api, ["one"], "t", "deep_merge", **stale), 409, "version-conflict")
    body = {"sources": [{"key": "one"}], "target": {"key": "t"}, "strategy": "deep_merge"}
    asking = api.http.post("/api/context/merge", json=body, headers={"If-Match": '"7"'})
    await refused(api, asking, 412, "precondition-failed")
    answer = await api.http.post("/api/context/merge", json=body, headers={"If-Match": '"1"'})
    assert (answer.status_code, answer.headers["ETag"]) == (200, '"2"')


@pytest.mark.asyncio(loop_scope="module")
async def test_merges_and_edits_at_the_same_time_lose_nothing(module_api: Api, module_other: Api) -> None:
    await module_api.stored("race-a", {"a": {}})
    await module_api.stored("race-b", {"b": {}})

    async def edit(api: Api, number: int) -> None:
        await api.updated("race-a", {"a": {f"n{number}": 1}}, changeType="merge")
        await api.updated("race-b", {"b": {f"n{number}": 1}}, changeType="merge")

    async def merging(api: Api) -> None:
        await merged(api, ["race-b"], "race-a", "deep_merge")

    await asyncio.gather(
        *(edit(api, number) for number, api in enumerate([module_api, module_other] * 8)),
        *(merging(api) for api in [module_api, module_other] * 4),
    )
    await merged(module_api, ["race-b"], "race-a", "deep_merge")
    names = {f"n{number}" for number in range(16)}
    got = await data(module_other, "race-a")
    assert (got["a"].keys(), got["b"].keys()) == (names, names)
