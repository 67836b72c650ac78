"""Forking contexts through HTTP, and the history of what was forked."""

from typing import Any

import httpx
import pytest

from tests.fixtures.http import Api, places, refused


async def fork(api: Api, key: str, target: Any, **body: Any) -> httpx.Response:
    into = {"key": target} if isinstance(target, str) else target
    return await api.http.post(f"/api/context/fork/{key}", json={"target": into, **body})


async def forked(api: Api, key: str, target: Any, **body: Any) -> Any:
    answer = await fork(api, key, target, **body)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def entries(api: Api, key: str, **query: Any) -> list[Any]:
    pages = await api.pages(f"/api/context/history/{key}", **query)
    return [entry for page in pages for entry in page]


def told(history: list[Any]) -> list[tuple[Any, ...]]:
    return [(entry["ancestor"], entry["key"], entry["version"], entry["event"]) for entry in history]


async def test_a_branch_begins_with_what_its_parent_is_and_goes_its_own_way(api: Api) -> None:
    await api.stored("plan", {"n": 1}, sessionId="s-1", tags=["t"], ttl=None, metadata={"m": 1})
    await api.updated("plan", {"n": 2})
    answer = await forked(api, "plan", "branch", options={"sessionId": "s-2", "changedBy": "me", "reason": "to try"})
    assert (answer["key"], answer["version"]) == ("branch", 1)
    assert {name: answer["parent"][name] for name in ("key", "namespace", "version")} == {
        "key": "plan", "namespace": "", "version": 2,
    }  # fmt: skip
    branch = await api.got("branch")
    assert (branch["data"], branch["sessionId"], branch["tags"], branch["ttl"], branch["metadata"]) == (
        {"n": 2}, "s-2", ["t"], None, {"m": 1},
    )  # fmt: skip
    await api.updated("branch", {"n": 3})
    await api.updated("plan", {"n": 4})
    assert ((await api.got("branch"))["data"], (await api.got("plan"))["data"]) == ({"n": 3}, {"n": 4})


async def test_a_context_is_forked_as_it_was_at_a_version_or_a_checkpoint_also_when_it_is_gone(api: Api) -> None:
    await api.stored("plan", {"n": 1})
    await api.updated("plan", {"n": 2}, checkpoint="two")
    await api.updated("plan", {"n": 3})
    await api.delete("plan")
    for target, body in (("by-version", {"version": 2}), ("by-name", {"checkpoint": "two"})):
        answer = await forked(api, "plan", {"key": target, "namespace": "n/m"}, **body)
        assert (answer["parent"]["version"], answer["namespace"]) == (2, "n/m")
        assert (await api.got(target, namespace="n/m"))["data"] == {"n": 2}
    await refused(api, fork(api, "plan", "x"), 404, "context-not-found")
    await refused(api, fork(api, "plan", "x", version=4), 404, "context-not-found")
    await refused(api, fork(api, "plan", "x", version=5), 404, "version-not-found")
    await refused(api, fork(api, "plan", "x", checkpoint="none"), 404, "version-not-found")
    await refused(api, fork(api, "never", "x"), 404, "context-not-found")
    problem = await refused(api, fork(api, "plan", "x", version=1, checkpoint="two"), 422, "invalid-input")
    assert places(problem) == {""}


async def test_a_branch_is_in_the_namespace_of_its_parent_unless_another_is_named(api: Api) -> None:
    await api.stored("plan", 1, namespace="n")
    answer = await forked(api, "plan", "branch", options={"namespace": "n"})
    assert answer["namespace"] == "n"
    assert (await forked(api, "plan", {"key": "branch", "namespace": ""}, options={"namespace": "n"}))[
        "namespace"
    ] == ""


async def test_what_lives_is_not_forked_over_and_nothing_onto_itself(api: Api) -> None:
    await api.stored("plan", 1)
    await api.stored("taken", 1)
    problem = await refused(api, fork(api, "plan", "taken"), 409, "already-exists")
    assert problem["currentVersion"] == 1
    problem = await refused(api, fork(api, "plan", "plan", version=1), 422, "invalid-input")
    assert places(problem) == {"/target/key"}
    await api.delete("taken")
    assert (await forked(api, "plan", "taken"))["version"] == 3


async def test_the_parent_can_be_expected_at_a_version(api: Api) -> None:
    await api.stored("plan", 1)
    await refused(api, fork(api, "plan", "b", options={"expectedVersion": 2}), 409, "version-conflict")
    body = {"target": {"key": "b"}}
    stale = api.http.post("/api/context/fork?key=plan", json=body, headers={"If-Match": '"2"'})
    await refused(api, stale, 412, "precondition-failed")
    assert (
        await api.http.post("/api/context/fork?key=plan", json=body, headers={"If-Match": '"1"'})
    ).status_code == 201


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({}, "/target"),
        ({"target": {"key": ""}}, "/target/key"),
        ({"target": {"key": "x" * 513}}, "/target/key"),
        ({"target": {"key": "k", "namespace": "a\nb"}}, "/target/namespace"),
        ({"target": {"key": "k"}, "version": "1"}, "/version"),
        ({"target": {"key": "k"}, "version": 0}, "/version"),
        ({"target": {"key": "k"}, "options": {"encrypt": 1}}, "/options/encrypt"),
        ({"target": {"key": "k"}, "unknown": 1}, "/unknown"),
    ],
)
@pytest.mark.asyncio(loop_scope="module")
async def test_a_bad_fork_is_refused_at_its_place(module_api: Api, body: Any, place: str) -> None:
    asking = module_api.http.post("/api/context/fork/k", json=body)
    assert places(await refused(module_api, asking, 422, "invalid-input")) == {place}


async def branched(api: Api) -> None:
    """root 1..3, forked at 2 to middle 1..3, forked at 2 to leaf 1..2."""
    await api.stored("root", 1)
    await api.updated("root", 2)
    await forked(api, "root", "middle")
    await api.updated("root", 3)
    await api.updated("middle", 4)
    await forked(api, "middle", "leaf")
    await api.updated("middle", 5)
    await api.updated("leaf", 6)


LEAF = [
    (True, "root", 1, "context-created"),
    (True, "root", 2, "context-updated"),
    (True, "middle", 1, "context-forked"),
    (True, "middle", 2, "context-updated"),
    (False, "leaf", 1, "context-forked"),
    (False, "leaf", 2, "context-updated"),
]


@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize("limit", [1, 2, 3, 4, 5, 6, 100])
async def test_the_history_of_a_branch_begins_with_its_ancestors(api: Api, order: str, limit: int) -> None:
    await branched(api)
    pages = await api.pages("/api/context/history/leaf", order=order, limit=limit)
    assert all(len(page) == limit for page in pages[:-1])
    assert pages[-1]
    found = told([entry for page in pages for entry in page])
    assert found == (LEAF if order == "asc" else LEAF[::-1])
    assert [entry["diff"] for entry in await entries(api, "leaf")][-2:] == [
        [{"op": "add", "path": "", "value": 4}],
        [{"op": "replace", "path": "", "value": 6}],
    ]


async def test_a_page_has_at_most_100_changes_whosever_they_are(api: Api) -> None:
    await api.stored("root", [])
    for number in range(60):
        await api.updated("root", [number], changeType="append")
    await forked(api, "root", "branch")
    for number in range(60):
        await api.updated("branch", [number], changeType="append")
    for order in ("asc", "desc"):
        pages = await api.pages("/api/context/history/branch", order=order)
        assert [len(page) for page in pages] == [100, 22]
        assert len({(entry["key"], entry["version"]) for page in pages for entry in page}) == 122


async def test_cursors_stay_right_while_changes_are_made(api: Api) -> None:
    await branched(api)
    for order, expected in (("asc", LEAF), ("desc", LEAF[::-1])):
        query = {"order": order, "limit": 3}
        first = (await api.http.get("/api/context/history/leaf", params=query)).json()
        for key in ("root", "middle"):
            await api.updated(key, 7)
        await api.delete("root")
        await api.stored("root", "another life")
        query["cursor"] = first["nextCursor"]
        second = (await api.http.get("/api/context/history/leaf", params=query)).json()
        assert told(first["items"] + second["items"]) == expected


async def test_an_earlier_life_of_the_parent_is_no_ancestor(api: Api) -> None:
    await api.stored("root", 1)
    await api.delete("root")
    await api.stored("root", 2)
    await forked(api, "root", "branch")
    assert told(await entries(api, "branch")) == [
        (True, "root", 3, "context-created"),
        (False, "branch", 1, "context-forked"),
    ]


async def test_a_cursor_of_an_earlier_fork_leads_on_in_that_forks_history(api: Api) -> None:
    await branched(api)
    first = (await api.http.get("/api/context/history/leaf?limit=2")).json()
    await api.delete("leaf")
    await api.stored("other", 1)
    await forked(api, "other", "leaf")
    rest = await entries(api, "leaf", cursor=first["nextCursor"])
    assert told(rest)[:2] == LEAF[2:4]
    assert told(await entries(api, "leaf"))[0] == (True, "other", 1, "context-created")


@pytest.mark.parametrize("cursor", ["1.1", "1.0.1", "a.b.c", "1.1.1.1", "0.1.1", "1.1.9999999999"])
async def test_a_cursor_that_can_not_be_one_is_422(api: Api, cursor: str) -> None:
    await api.stored("k", 1)
    asking = api.http.get("/api/context/history/k", params={"cursor": cursor})
    assert places(await refused(api, asking, 422, "invalid-input")) == {"cursor"}


@pytest.mark.parametrize("cursor", ["2.1.1", "1.1.1", "1.7.1"])
async def test_a_cursor_of_another_history_is_422(api: Api, cursor: str) -> None:
    await api.stored("k", 1)
    asking = api.http.get("/api/context/history/k", params={"cursor": cursor})
    assert places(await refused(api, asking, 422, "invalid-input")) == {"cursor"}


async def test_a_fork_tells_its_parent_in_the_history(api: Api) -> None:
    await branched(api)
    fork_entry = (await entries(api, "leaf"))[4]
    assert (fork_entry["details"]["parent"]["key"], fork_entry["details"]["parent"]["version"]) == ("middle", 2)
