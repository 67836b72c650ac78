"""Concurrent writers by HTTP: their states come together; what is in conflict is settled or left open, never lost."""

import asyncio
import time
from typing import Any

import httpx
import pytest

from tests.fixtures.clock import MovableClock
from tests.fixtures.http import Api, open_api, places, refused

WRITERS, ROUNDS = 16, 4


async def sync(api: Api, key: str, data: Any, base: int, **options: Any) -> httpx.Response:
    body = {"data": data, "baseVersion": base} | ({"options": options} if options else {})
    return await api.http.post("/api/context/sync", params={"key": key}, json=body)


async def synced(api: Api, key: str, data: Any, base: int, **options: Any) -> Any:
    """The answer to a synchronization that must succeed."""
    answer = await sync(api, key, data, base, **options)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def resolve(api: Api, key: str, conflict: str, take: str, **more: Any) -> httpx.Response:
    return await api.http.post(f"/api/context/resolve/{key}", json={"conflictId": conflict, "take": take, **more})


async def open_conflicts(api: Api, key: str, **query: Any) -> Any:
    answer = await api.http.get("/api/context/conflicts", params={"key": key, **query})
    assert answer.status_code == 200, answer.text
    return answer.json()


async def in_conflict(api: Api, key: str = "k", **options: Any) -> Any:
    """A context where a person has to decide about /a (1, then 2 and 3) and what opened that."""
    await api.stored(key, {"a": 1, "b": 1}, **options)
    await api.updated(key, {"a": 2}, changeType="merge")
    return await synced(api, key, {"a": 3, "b": 1}, 1, strategy="user_decides", changedBy="ada", agentId="a-1")


async def test_what_only_one_side_changed_is_taken(api: Api) -> None:
    await api.stored("k", {"a": 1, "b": {"x": 1, "y": 1}, "gone": 1})
    await api.updated("k", {"b": {"x": 2}}, changeType="merge")
    answer = await sync(api, "k", {"a": 5, "b": {"x": 1, "y": 1, "z": 1}}, 1)
    done = answer.json()
    together = {"a": 5, "b": {"x": 2, "y": 1, "z": 1}}
    assert (answer.status_code, answer.headers["etag"]) == (200, '"3"')
    assert (done["changed"], done["resolutions"], done["conflicts"], done["data"]) == (True, [], [], together)
    assert (await api.got("k"))["data"] == together


async def test_a_state_that_holds_nothing_new_writes_nothing(api: Api) -> None:
    await api.stored("k", {"a": 1})
    await api.updated("k", {"a": 2, "b": 2}, changeType="merge")
    before = await api.log_end()
    for state, base in (({"a": 1}, 1), ({"a": 2, "b": 2}, 1), ({"a": 2, "b": 2}, 2), ({"a": 2, "b": 2}, 0)):
        done = await synced(api, "k", state, base)
        assert (done["changed"], done["version"], done["data"]) == (False, 2, {"a": 2, "b": 2})
    assert await api.log_end() == before


async def test_a_conflict_is_told_with_both_values_strategy_and_result_in_answer_and_history(api: Api) -> None:
    await api.stored("k", {"a": 1, "list": [1, 2], "text": "x"})
    await api.updated("k", {"a": 2, "list": [1], "text": "longer text"}, changeType="merge")
    done = await synced(
        api, "k", {"a": 3, "list": [2, 3], "text": "short"}, 1, rules=[{"pointer": "/text", "take": "longer"}],
        changedBy="ada", action="sync", reason="end of step", metadata={"step": 4},
    )  # fmt: skip
    expected = [
        {"pointer": "/a", "strategy": "last_write_wins", "take": "theirs", "base": 1, "ours": 2, "theirs": 3,
         "result": 3},
        {"pointer": "/list", "strategy": "merge", "take": "value", "base": [1, 2], "ours": [1], "theirs": [2, 3],
         "result": [1, 2, 3]},
        {"pointer": "/text", "strategy": "rule_based", "take": "ours", "base": "x", "ours": "longer text",
         "theirs": "short", "result": "longer text"},
    ]  # fmt: skip
    assert done["resolutions"] == expected
    assert done["data"] == {"a": 3, "list": [1, 2, 3], "text": "longer text"}
    entry = (await api.http.get("/api/context/history/k")).json()["items"][-1]
    assert (entry["event"], entry["resolutions"], entry["actor"]) == ("context-synchronized", expected, "ada")
    assert (entry["action"], entry["reason"], entry["metadata"]) == ("sync", "end of step", {"step": 4})
    assert entry["diff"] == [
        {"op": "replace", "path": "/a", "value": 3},
        {"op": "add", "path": "/list/-", "value": 2},
        {"op": "add", "path": "/list/-", "value": 3},
    ]


async def test_a_critical_place_is_left_open_and_shown_by_reads_until_it_is_resolved(api: Api) -> None:
    await api.stored("k", {"budget": {"limit": 10}, "note": "a"})
    await api.updated("k", {"budget": {"limit": 20}, "note": "b"}, changeType="merge")
    state = {"budget": {"limit": 30}, "note": "c"}
    done = await synced(api, "k", state, 1, critical=["/budget"], changedBy="ada")
    assert done["data"] == {"budget": {"limit": 20}, "note": "c"}
    (conflict,) = done["conflicts"]
    assert (conflict["pointer"], conflict["base"], conflict["ours"], conflict["theirs"]) == (
        "/budget/limit",
        10,
        20,
        30,
    )
    assert (conflict["version"], conflict["baseVersion"], conflict["actor"]) == (4, 1, "ada")
    (shown,) = (await api.got("k"))["conflicts"]
    assert shown.items() <= conflict.items()
    page = await open_conflicts(api, "k")
    assert page == {"items": [{**conflict, "current": 20}], "nextCursor": None, "version": 4}
    answer = await resolve(api, "k", conflict["id"], "theirs", options={"changedBy": "bob", "reason": "agreed"})
    resolved = answer.json()
    assert (answer.status_code, resolved["version"], resolved["openConflicts"]) == (200, 5, 0)
    assert (resolved["resolution"]["take"], resolved["resolution"]["result"]) == ("theirs", 30)
    assert ((await api.got("k"))["data"]["budget"], (await api.got("k"))["conflicts"]) == ({"limit": 30}, [])
    *_, opened, settled = (await api.http.get("/api/context/history/k")).json()["items"]
    assert (opened["event"], [one["id"] for one in opened["conflicts"]]) == ("conflict-opened", [conflict["id"]])
    assert (settled["event"], settled["actor"], settled["reason"]) == ("conflict-resolved", "bob", "agreed")
    assert settled["resolutions"] == [resolved["resolution"]]
    assert settled["diff"] == [{"op": "replace", "path": "/budget/limit", "value": 30}]


@pytest.mark.parametrize(
    ("take", "more", "after"),
    [("ours", {}, 2), ("theirs", {}, 3), ("value", {"value": 2.5}, 2.5), ("value", {"value": None}, None)],
)
async def test_a_conflict_is_resolved_by_one_side_or_by_a_value_and_not_twice(
    api: Api, take: str, more: Any, after: Any
) -> None:
    (conflict,) = (await in_conflict(api))["conflicts"]
    assert (await resolve(api, "k", conflict["id"], take, **more)).status_code == 200
    assert (await api.got("k"))["data"] == {"a": after, "b": 1}
    problem = await refused(api, resolve(api, "k", conflict["id"], "ours"), 409, "already-resolved")
    how = problem["resolved"]
    assert (how["version"], how["take"], how["event"]) == (4, take, "conflict-resolved")
    assert ("value" in how) == (take == "value")


async def test_who_submits_the_same_twice_opens_one_conflict(api: Api) -> None:
    await in_conflict(api)
    again = await synced(api, "k", {"a": 3, "b": 1}, 1, strategy="user_decides")
    assert (again["conflicts"], again["openConflicts"], again["version"]) == ([], 1, 3)
    other = await synced(api, "k", {"a": 4, "b": 1}, 1, strategy="user_decides")
    assert (len(other["conflicts"]), other["openConflicts"]) == (1, 2)


async def test_an_open_conflict_outlives_updates_of_its_place_and_ours_is_what_stands_there_then(api: Api) -> None:
    (conflict,) = (await in_conflict(api))["conflicts"]
    await api.updated("k", {"a": 9}, changeType="merge")
    (item,) = (await open_conflicts(api, "k"))["items"]
    assert (item["ours"], item["current"]) == (2, 9)
    assert (await resolve(api, "k", conflict["id"], "ours")).json()["resolution"]["result"] == 9
    assert (await api.got("k"))["data"]["a"] == 9


@pytest.mark.parametrize("how", ["replaced", "deleted", "expired"])
async def test_conflicts_end_with_the_data_that_they_are_about(api: Api, clock: MovableClock, how: str) -> None:
    (conflict,) = (await in_conflict(api, ttl=60))["conflicts"]
    match how:
        case "replaced":
            await api.stored("k", {"new": 1})
        case "deleted":
            await api.delete("k")
            await refused(api, resolve(api, "k", conflict["id"], "ours"), 404, "context-not-found")
            await api.stored("k", {"new": 1})
        case "expired":
            clock.advance(61)
            await refused(api, resolve(api, "k", conflict["id"], "ours"), 404, "context-not-found")
            await api.stored("k", {"new": 1})
    assert (await open_conflicts(api, "k"))["items"] == []
    problem = await refused(api, resolve(api, "k", conflict["id"], "ours"), 409, "already-resolved")
    assert "stored anew, deleted or erased" in problem["detail"]


async def test_where_theirs_has_no_place_any_more_it_is_refused_and_stays_open(api: Api) -> None:
    await api.stored("k", {"deep": {"a": 1}})
    await api.updated("k", {"deep": {"a": 2}}, changeType="merge")
    (conflict,) = (await synced(api, "k", {"deep": {"a": 3}}, 1, strategy="user_decides"))["conflicts"]
    await api.updated("k", {"deep": "flat"})
    problem = await refused(api, resolve(api, "k", conflict["id"], "theirs"), 409, "change-does-not-apply")
    assert places(problem) == {"/deep/a"}
    (item,) = (await open_conflicts(api, "k"))["items"]
    assert "current" not in item
    assert (await resolve(api, "k", conflict["id"], "ours")).status_code == 200
    assert (await api.got("k"))["data"] == {"deep": "flat"}


async def test_a_removal_and_a_change_are_in_conflict_and_nothing_is_not_null(api: Api) -> None:
    await api.stored("k", {"a": 1, "b": None})
    await api.updated("k", [{"op": "remove", "path": "/a"}, {"op": "remove", "path": "/b"}], changeType="jsonPatch")
    done = await synced(api, "k", {"a": 2, "b": 3}, 1, strategy="user_decides")
    a, b = done["conflicts"]
    assert ((a["base"], a["theirs"]), "ours" in a) == ((1, 2), False)
    assert ((b["base"], b["theirs"]), "ours" in b) == ((None, 3), False)
    await resolve(api, "k", a["id"], "ours")
    await resolve(api, "k", b["id"], "theirs")
    assert (await api.got("k"))["data"] == {"b": 3}


async def test_resolving_and_synchronizing_take_the_version_that_was_expected(api: Api) -> None:
    (conflict,) = (await in_conflict(api))["conflicts"]
    asking = resolve(api, "k", conflict["id"], "ours", options={"expectedVersion": 2})
    assert (await refused(api, asking, 409, "version-conflict"))["currentVersion"] == 3
    await refused(api, sync(api, "k", {"a": 7}, 1, expectedVersion=1), 409, "version-conflict")
    body = {"conflictId": conflict["id"], "take": "ours"}
    stale = api.http.post("/api/context/resolve/k", json=body, headers={"If-Match": '"2"'})
    await refused(api, stale, 412, "precondition-failed")
    answer = await api.http.post("/api/context/resolve/k", json=body, headers={"If-Match": '"3"'})
    assert (answer.status_code, answer.headers["etag"]) == (200, '"4"')


async def test_conflicts_come_in_pages_also_when_one_goes_between_them(api: Api) -> None:
    await api.stored("k", {str(number): 0 for number in range(5)})
    await api.updated("k", {str(number): 1 for number in range(5)}, changeType="merge")
    await synced(api, "k", {str(number): 2 for number in range(5)}, 1, strategy="user_decides")
    first = await open_conflicts(api, "k", limit=2)
    assert first["nextCursor"] == first["items"][-1]["id"]
    await resolve(api, "k", first["nextCursor"], "ours")
    rest = await open_conflicts(api, "k", limit=3, cursor=first["nextCursor"])
    assert rest["nextCursor"] is None
    found = [item["pointer"] for item in [*first["items"], *rest["items"]]]
    assert sorted(found) == [f"/{number}" for number in range(5)]
    problem = await refused(api, api.http.get("/api/context/conflicts/k", params={"cursor": "x"}), 422, "invalid-input")
    assert places(problem) == {"cursor"}


BAD_BODIES: list[tuple[dict[str, Any], str]] = [
    ({"data": 1}, "/baseVersion"),
    ({"baseVersion": 1}, "/data"),
    ({"data": 1, "baseVersion": -1}, "/baseVersion"),
    ({"data": 1, "baseVersion": "1"}, "/baseVersion"),
    ({"data": 1, "baseVersion": 1, "options": {"strategy": "best"}}, "/options/strategy"),
    (
        {"data": 1, "baseVersion": 1, "options": {"rules": [{"pointer": "a", "take": "ours"}]}},
        "/options/rules/0/pointer",
    ),
    ({"data": 1, "baseVersion": 1, "options": {"rules": [{"pointer": "/a", "take": "mine"}]}}, "/options/rules/0/take"),
    ({"data": 1, "baseVersion": 1, "options": {"critical": ["/~2"]}}, "/options/critical/0"),
    ({"data": 1, "baseVersion": 1, "options": {"critical": ["/a"] * 65}}, "/options/critical"),
    ({"data": 1, "baseVersion": 1, "options": {"strategy": "merge", "critical": ["/a"]}}, "/options/critical"),
    (
        {"data": 1, "baseVersion": 1,
         "options": {"strategy": "merge", "rules": [{"pointer": "/a", "take": "ours"}]}}, "/options/rules",
    ),
    ({"data": 1, "baseVersion": 1, "unknown": 1}, "/unknown"),
]  # fmt: skip


@pytest.mark.parametrize(("body", "pointer"), BAD_BODIES)
async def test_a_body_that_breaks_a_rule_is_refused_with_its_place(api: Api, body: Any, pointer: str) -> None:
    await api.stored("k", 1)
    problem = await refused(api, api.http.post("/api/context/sync/k", json=body), 422, "invalid-input")
    assert places(problem) == {pointer}


async def test_a_base_that_can_not_be_read_is_told_apart(api: Api) -> None:
    await refused(api, sync(api, "never", 1, 0), 404, "context-not-found")
    await api.stored("k", 1)
    await refused(api, sync(api, "k", 1, 2), 404, "version-not-found")
    await api.delete("k")
    await refused(api, sync(api, "k", 1, 1), 404, "context-not-found")
    await api.stored("k", {"new": 1})
    problem = await refused(api, sync(api, "k", 1, 2), 422, "invalid-input")
    assert places(problem) == {"/baseVersion"}
    # What was known before a deletion is as good a base as any.
    assert (await synced(api, "k", {"new": 1, "old": 1}, 1))["data"] == {"new": 1, "old": 1}


@pytest.mark.parametrize(
    ("body", "status", "code", "pointer"),
    [
        ({"conflictId": "conf_9_00", "take": "ours"}, 404, "conflict-not-found", None),
        ({"conflictId": "conf_1_00", "take": "ours"}, 404, "conflict-not-found", None),
        ({"conflictId": "anything", "take": "ours"}, 404, "conflict-not-found", None),
        ({"conflictId": "conf_3_00", "take": "both"}, 422, "invalid-input", "/take"),
        ({"conflictId": "conf_3_00", "take": "value"}, 422, "invalid-input", "/value"),
        ({"conflictId": "conf_3_00", "take": "ours", "value": 1}, 422, "invalid-input", "/value"),
        ({"take": "ours"}, 422, "invalid-input", "/conflictId"),
    ],
)
async def test_what_can_not_be_resolved_is_refused(
    api: Api, body: Any, status: int, code: str, pointer: str | None
) -> None:
    await in_conflict(api)
    problem = await refused(api, api.http.post("/api/context/resolve/k", json=body), status, code)
    assert places(problem) == ({pointer} if pointer else set())


async def test_more_conflicts_than_a_person_can_look_at_are_refused(api: Api) -> None:
    names = [f"m{number}" for number in range(1_001)]
    await api.stored("k", dict.fromkeys(names, 0))
    await api.stored("k", dict.fromkeys(names, 1))
    state = dict.fromkeys(names, 2)
    problem = await refused(api, sync(api, "k", state, 1, strategy="user_decides"), 409, "too-many-conflicts")
    assert problem["title"] == "Too many conflicts"
    del state["m0"]
    assert (await synced(api, "k", state | {"m0": 1}, 1, strategy="user_decides"))["openConflicts"] == 1_000


async def test_a_large_hostile_pair_of_states_is_brought_together_in_a_moment(
    database_url: str, clock: MovableClock
) -> None:
    """Deep nesting under long names with very many leaves: pointers would be far longer than the documents."""

    def document(value: int) -> Any:
        nested: Any = {f"leaf{number}": value for number in range(20_000)}
        for level in range(100):
            nested = {"n" * 20_000 + str(level): nested, "list": [[value] * 100]}
        return nested

    async with open_api(database_url, clock, max_request_bytes=16 * 1024 * 1024) as api:
        await api.stored("k", document(0))
        started = time.monotonic()
        changed = document(0)
        changed["list"] = [1]
        answer = await synced(api, "k", changed, 1)
        assert answer["data"]["list"] == [1]
        answer = await synced(api, "k", document(2), 1)
        assert answer["changed"]
        await refused(api, sync(api, "k", document(3), 1), 409, "too-many-conflicts")
        assert time.monotonic() - started < 20


async def test_of_sixteen_concurrent_writers_no_edit_is_lost_without_a_conflict_recorded(
    api: Api, database_url: str, clock: MovableClock
) -> None:
    """Each has a member of its own, all write one member, append to one list, and half of them update by merging.

    They are spread over two processes, so that appends meet others on their way.
    """
    await api.stored("k", {"own": {}, "shared": None, "log": []})
    async with open_api(database_url, clock) as other:
        await asyncio.gather(*(_write(other if number % 8 < 4 else api, number) for number in range(WRITERS)))
    await _nothing_is_lost(api)


async def _write(api: Api, number: int) -> None:
    context = await api.got("k")
    state, version = context["data"], context["version"]
    for turn in range(ROUNDS):
        mark = f"{number}.{turn}"
        if number % 2:
            edit = {"own": {str(number): turn}, "shared": mark}
            await api.updated("k", edit, changeType="merge", changedBy=str(number))
            await api.updated("k", {"log": [mark]}, changeType="append", changedBy=str(number))
            continue
        state["own"][str(number)] = turn
        state["shared"] = mark
        state["log"].append(mark)
        # A person decides about the half of them, the later writer wins in the others.
        options: dict[str, Any] = {"critical": ["/shared"]} if number % 4 else {}
        done = await synced(api, "k", state, version, changedBy=str(number), **options)
        state, version = done["data"], done["version"]


async def _nothing_is_lost(api: Api) -> None:
    data = (await api.got("k"))["data"]
    assert data["own"] == {str(number): ROUNDS - 1 for number in range(WRITERS)}
    marks = {f"{number}.{turn}" for number in range(WRITERS) for turn in range(ROUNDS)}
    assert sorted(data["log"]) == sorted(marks)
    # Of what all wrote at one place: each value came to stand there, or is told by a conflict, open or settled.
    told: set[Any] = {data["shared"]}
    cursor = None
    while True:
        page = (await api.http.get("/api/context/history/k", params={"cursor": cursor} if cursor else {})).json()
        for entry in page["items"]:
            for operation in entry["diff"]:
                if operation["path"] == "/shared":
                    told.add(operation["value"])
            for conflict in [*entry["resolutions"], *entry["conflicts"]]:
                assert conflict["pointer"] == "/shared"
                told |= {conflict["ours"], conflict["theirs"]}
        cursor = page["nextCursor"]
        if cursor is None:
            break
    assert marks <= told
    still_open = await open_conflicts(api, "k", limit=1000)
    assert {item["theirs"] for item in still_open["items"]} <= marks
