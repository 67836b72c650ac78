"""Many operations in one request: all or nothing, or each for itself; and what the log holds then."""

import asyncio
from typing import Any

import httpx
import pytest

from application import batching
from tests.fixtures.clock import MovableClock
from tests.fixtures.http import Api, open_api, places, refused
from tests.integration.projections.reading import fetch

Operation = dict[str, Any]


async def batch(
    api: Api, operations: Any, mode: str | None = None, headers: dict[str, str] | None = None
) -> httpx.Response:
    body = {"operations": operations} | ({"mode": mode} if mode else {})
    return await api.http.post("/api/context/batch", json=body, headers=headers)


async def done(api: Api, operations: list[Operation], mode: str | None = None) -> Any:
    """The answer to a batch that must be taken."""
    answer = await batch(api, operations, mode)
    assert answer.status_code == 200, answer.text
    return answer.json()


def store(key: str, data: Any, **options: Any) -> Operation:
    return {"op": "store", "key": key, "data": data} | ({"options": options} if options else {})


def update(key: str, data: Any, **options: Any) -> Operation:
    return {"op": "update", "key": key, "data": data} | ({"options": options} if options else {})


def delete(key: str, **options: Any) -> Operation:
    return {"op": "delete", "key": key} | ({"options": options} if options else {})


async def logged(url: str) -> list[tuple[str, int]]:
    """The streams and versions of the log, in order."""
    rows = await fetch(
        url,
        "SELECT s.name, e.version FROM contextline.events AS e JOIN contextline.streams AS s "
        "USING (tenant_id, stream_no) WHERE s.name LIKE 'context%%' ORDER BY e.position",
    )
    return [(row["name"].split("\n")[-1], row["version"]) for row in rows]


@pytest.mark.parametrize("mode", ["atomic", "independent"])
async def test_each_operation_does_what_its_own_call_does_and_is_answered_in_order(api: Api, mode: str) -> None:
    await api.stored("there", {"n": 1}, tags=["x"])
    await api.stored("going", 1)
    answer = await done(
        api,
        [
            store("new", [1], namespace="n", tags=["a"], changedBy="ada"),
            store("there", {"n": 5}),
            update("there", {"n": 1}, changeType="increment", reason="count", changedBy="bob"),
            delete("going", reason="over"),
        ],
        mode,
    )
    results = answer["results"]
    assert [(one["op"], one["key"], one["status"], one["version"]) for one in results] == [
        ("store", "new", 201, 1), ("store", "there", 200, 2), ("update", "there", 200, 3), ("delete", "going", 200, 2),
    ]  # fmt: skip
    assert (answer["mode"], answer["succeeded"], answer["failed"]) == (mode, 4, 0)
    assert answer["position"] == await api.log_end() == max(one["position"] for one in results)
    assert (results[0]["created"], results[0]["namespace"], results[3]["deleted"]) == (True, "n", True)
    assert ((await api.got("new", namespace="n"))["tags"], (await api.got("there"))["data"]) == (["a"], {"n": 6})
    assert (await api.got("there"))["position"] == results[2]["position"]
    history = (await api.http.get("/api/context/history/there")).json()["items"]
    assert (history[-1]["actor"], history[-1]["reason"], history[-2]["actor"]) == ("bob", "count", None)
    assert (await api.get("going")).status_code == 404


async def test_atomic_is_what_a_batch_is_if_nothing_is_said(api: Api) -> None:
    assert (await done(api, [store("k", 1)]))["mode"] == "atomic"
    await refused(api, batch(api, [store("l", 1), delete("never")]), 404, "context-not-found")


SAME_KEY = [
    store("k", {"list": []}),
    update("k", {"list": [1]}, changeType="append", expectedVersion=1),
    update("k", {"list": [2]}, changeType="append", expectedVersion=2),
    delete("k", expectedVersion=3),
    store("k", {"list": [3]}, expectedVersion=4),
    update("k", {"list": [4]}, changeType="append"),
]


@pytest.mark.parametrize("mode", ["atomic", "independent"])
async def test_operations_on_one_context_are_done_one_after_the_other(api: Api, database_url: str, mode: str) -> None:
    mixed = [one for operation in SAME_KEY for one in (operation, store(f"other {len(str(operation))}", 1))]
    results = (await done(api, mixed, mode))["results"]
    assert [one["version"] for one in results[::2]] == [1, 2, 3, 4, 5, 6]
    assert [one["status"] for one in results[::2]] == [201, 200, 200, 200, 201, 200]
    assert (await api.got("k"))["data"] == {"list": [3, 4]}
    assert [version for key, version in await logged(database_url) if key == "k"] == [1, 2, 3, 4, 5, 6]


BAD: list[tuple[Operation, int, str, str]] = [
    (delete("never"), 404, "context-not-found", ""),
    (update("there", 1, expectedVersion=7), 409, "version-conflict", ""),
    (update("there", [{"op": "remove", "path": "/no"}], changeType="jsonPatch"), 409, "change-does-not-apply", ""),
    (update("there", 5, changeType="merge"), 422, "invalid-input", "/data"),
    ({"op": "update", "key": "there"}, 422, "invalid-input", "/data"),
    (store("there", 1) | {"ifAbsent": True}, 409, "already-exists", ""),
    (store("", 1), 422, "invalid-input", "/key"),
    (store("k", 1, unknown=1), 422, "invalid-input", "/options/unknown"),
    ({"op": "store", "key": "k"}, 422, "invalid-input", "/data"),
    ({"op": "erase", "key": "k"}, 422, "invalid-input", "/op"),
    ({"key": "k"}, 422, "invalid-input", "/op"),
    (store("k", 1, encrypt=True), 501, "encryption-not-configured", ""),
]


@pytest.mark.parametrize(("bad", "status", "code", "pointer"), BAD)
async def test_one_bad_operation_refuses_an_atomic_batch_and_is_named(
    api: Api, bad: Operation, status: int, code: str, pointer: str
) -> None:
    await api.stored("there", {"n": 1})
    operations = [store("a", 1), update("there", {"n": 2}), bad, store("b", 1)]
    problem = await refused(api, batch(api, operations, "atomic"), status, code)
    if code != "encryption-not-configured":
        assert places(problem) == {f"/operations/2{pointer}"}
    assert (await api.got("there"))["data"] == {"n": 1}
    assert (await api.get("a")).status_code == 404


@pytest.mark.parametrize(("bad", "status", "code", "pointer"), BAD)
async def test_one_bad_operation_among_independent_ones_is_told_and_the_others_are_done(
    api: Api, bad: Operation, status: int, code: str, pointer: str
) -> None:
    await api.stored("there", {"n": 1})
    before = await api.log_end()
    answer = await done(api, [store("a", 1), bad, update("there", {"n": 2})], "independent")
    assert [one["status"] for one in answer["results"]] == [201, status, 200]
    assert (answer["succeeded"], answer["failed"]) == (2, 1)
    problem = answer["results"][1]["problem"]
    assert (problem["status"], problem["code"], problem["type"]) == (status, code, f"urn:contextline:problem:{code}")
    if pointer:
        assert places(problem) == {pointer}
    assert (await api.got("there"))["data"] == {"n": 2}
    assert await api.log_end() == before + 2


async def test_an_atomic_batch_names_everything_that_can_be_seen_to_be_wrong(api: Api) -> None:
    operations = [store("k", 1, unknown=1), store("k", 1), "text", {"op": "update", "key": "k", "data": 1, "x": 1}]
    problem = await refused(api, batch(api, operations), 422, "invalid-input")
    assert places(problem) == {"/operations/0/options/unknown", "/operations/2", "/operations/3/x"}


async def test_what_is_refused_on_the_way_through_one_context_is_told_by_its_index(api: Api) -> None:
    operations = [store("k", 1), delete("k"), update("k", 2)]
    problem = await refused(api, batch(api, operations), 404, "context-not-found")
    assert (problem["index"], places(problem)) == (2, {"/operations/2"})
    stale = [store("k", 1), update("k", 2), update("k", 3, expectedVersion=1)]
    problem = await refused(api, batch(api, stale), 409, "version-conflict")
    assert (problem["expectedVersion"], problem["currentVersion"], problem["index"]) == (1, 2, 2)


@pytest.mark.parametrize("mode", ["atomic", "independent"])
async def test_a_thousand_operations_are_taken_and_one_more_is_not(api: Api, database_url: str, mode: str) -> None:
    operations = [store(f"k{number % 700}", number) for number in range(1_000)]
    answer = await done(api, operations, mode)
    assert (answer["succeeded"], len(answer["results"])) == (1_000, 1_000)
    assert [one["version"] for one in answer["results"]] == [1] * 700 + [2] * 300
    log = await logged(database_url)
    assert len(log) == len(set(log)) == 1_000
    assert (await api.got("k0"))["data"] == 700
    problem = await refused(api, batch(api, [*operations, store("k", 1)], mode), 422, "invalid-input")
    assert places(problem) == {"/operations"}


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"operations": []}, "/operations"),
        ({"operations": {}}, "/operations"),
        ({}, "/operations"),
        ({"operations": [store("k", 1)], "mode": "some"}, "/mode"),
        ({"operations": [store("k", 1)], "options": {}}, "/options"),
    ],
)
async def test_a_body_that_is_no_batch_is_refused(api: Api, body: Any, pointer: str) -> None:
    problem = await refused(api, api.http.post("/api/context/batch", json=body), 422, "invalid-input")
    assert places(problem) == {pointer}


@pytest.mark.parametrize("header", ["If-Match", "If-None-Match"])
async def test_a_precondition_in_a_header_could_be_of_any_and_is_refused(api: Api, header: str) -> None:
    await refused(api, batch(api, [store("k", 1)], headers={header: '"1"'}), 422, "invalid-input")


async def test_an_atomic_batch_that_meets_another_writer_is_decided_anew_unless_it_named_a_version(
    api: Api, database_url: str, clock: MovableClock
) -> None:
    await api.stored("k", {"n": 0})
    await api.stored("l", {"n": 0})
    count = [update(key, {"n": 1}, changeType="increment") for key in ("k", "l", "k")]
    async with open_api(database_url, clock) as other:
        # Each knows the contexts as they were before the other wrote.
        for asked in (other, api):
            await asked.got("k")
            await asked.got("l")
        await done(other, count)
        assert [one["version"] for one in (await done(api, count))["results"]] == [4, 3, 5]
        stale = [update("l", {"n": 9}), update("k", {"n": 9}, expectedVersion=3)]
        problem = await refused(api, batch(other, stale), 409, "version-conflict")
        assert (problem["currentVersion"], places(problem)) == (5, {"/operations/1"})
        await asyncio.gather(*(done(asked, count) for asked in (api, other) * 8))
    assert ((await api.got("k"))["data"], (await api.got("l"))["data"]) == ({"n": 36}, {"n": 18})


async def test_independent_operations_keep_to_their_bound(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    at_once = most = 0
    carry_out = batching.Batches._carry_out

    async def counted(self: batching.Batches, operation: batching.BatchOperation) -> batching.CarriedOut:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        try:
            return await carry_out(self, operation)
        finally:
            at_once -= 1

    monkeypatch.setattr(batching.Batches, "_carry_out", counted)
    await done(api, [store(f"k{number}", number) for number in range(100)], "independent")
    assert 1 < most <= batching.AT_ONCE


async def test_what_no_one_foresaw_is_told_for_its_operation_alone(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    carry_out = batching.Batches._carry_out

    async def failing(self: batching.Batches, operation: batching.BatchOperation) -> batching.CarriedOut:
        if operation.ref.key == "bad":
            raise ValueError("secret")
        return await carry_out(self, operation)

    monkeypatch.setattr(batching.Batches, "_carry_out", failing)
    answer = await done(api, [store("a", 1), store("bad", 1), store("b", 1)], "independent")
    assert [one["status"] for one in answer["results"]] == [201, 500, 201]
    assert "secret" not in str(answer)
